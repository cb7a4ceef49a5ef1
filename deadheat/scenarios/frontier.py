"""The weakest thing that breaks each protocol: the smallest sets of faults that violate each property.

Sets are multisets, such as `http-retry` twice, and are tried in the order of their size. A set that contains one
which already breaks a property need not be run for it: a larger budget only allows more. So what is found is minimal,
and a property with no breaking set survives every combination of up to so many faults, at the size that was checked.

A kind of fault that can never happen in a protocol is not survived, but not applicable: no run of a search that saw all
states met it, alone or beside others. Nor is anything survived where a property holds vacuously.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement

from deadheat.scenarios.check import CheckResult, Options, Verdict, check_all
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.model import UNLIMITED

__all__ = ["FaultSet", "Frontier", "Tried", "frontiers"]

FaultSet = tuple[tuple[str, int], ...]
"""How often each kind of fault may happen; nothing for a kind that may not."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How far the search is: how many fault sets of how many were run, at this size, over all protocols."""

    size: int
    done: int
    planned: int


@dataclass
class Frontier:
    """What breaks one property of one protocol.

    `undecided` are sets whose check was cut short, and `vacuous` those under which the property holds, but vacuously.
    `not_applicable` are the kinds of fault that cannot happen in the protocol, as far as was tried: none are known
    where every property was broken before. `states` and `seconds` are those of all checks that looked at the property,
    and at others at the same time.
    """

    scenario: Scenario
    property: str
    up_to: int
    breaking: list[FaultSet] = field(default_factory=list)
    undecided: list[FaultSet] = field(default_factory=list)
    vacuous: list[FaultSet] = field(default_factory=list)
    not_applicable: tuple[str, ...] = ()
    states: int = 0
    seconds: float = 0.0

    def is_vacuous(self) -> bool:
        """Return whether nothing breaks the property, but some of what it holds under is vacuous."""
        return bool(self.vacuous and not self.breaking)

    def needs(self, faults: FaultSet) -> bool:
        """Return whether no set that is known to break the property is contained in this one."""
        return not any(_contains(faults, smaller) for smaller in self.breaking)

    def add(self, faults: FaultSet, result: CheckResult) -> None:
        """Take the result of a check under a set of faults."""
        self.states += result.exploration.states
        self.seconds += result.seconds
        verdict = result.outcome(self.property).verdict
        if verdict is Verdict.VIOLATED:
            self.breaking.append(faults)
        elif verdict is Verdict.INCONCLUSIVE:
            self.undecided.append(faults)
        elif verdict is Verdict.VACUOUS:
            self.vacuous.append(faults)


def frontiers(
    scenarios: Sequence[Scenario],
    up_to: int,
    options: Options = Options(),
    jobs: int = 1,
    report: Callable[[Tried], None] | None = None,
) -> list[Frontier]:
    """Return the frontier of every property of every scenario, for all fault sets of up to `up_to` faults.

    The faults of a scenario itself are always allowed, and not counted. Checks run in `jobs` operating-system
    processes; those of one size are independent of each other.
    """
    found = {
        (scenario, name): Frontier(scenario, name, up_to) for scenario in scenarios for name in scenario.properties
    }
    happening = {scenario.protocol: _Happening() for scenario in scenarios}
    for size in range(up_to + 1):
        wanted = [
            (scenario, faults, properties)
            for scenario in scenarios
            for faults in _sets_of(scenario, size)
            if (properties := _open(found, scenario, faults))
        ]
        checks = [_with_faults(scenario, faults, properties) for scenario, faults, properties in wanted]
        results = check_all(checks, options, jobs)
        for done, ((scenario, faults, properties), result) in enumerate(zip(wanted, results, strict=True), start=1):
            happening[scenario.protocol].add(faults, result)
            for name in properties:
                found[scenario, name].add(faults, result)
            if report:
                report(Tried(size, done, len(wanted)))
    for (scenario, _), each in found.items():
        each.not_applicable = happening[scenario.protocol].never
    return list(found.values())


@dataclass
class _Happening:
    """Which kinds of fault happened in a protocol, of those that were tried in a search that saw all states."""

    tried: dict[str, None] = field(default_factory=dict)
    happened: set[str] = field(default_factory=set)

    def add(self, faults: FaultSet, result: CheckResult) -> None:
        """Take the result of a check under a set of faults."""
        self.happened |= result.exploration.faults_fired
        if result.is_whole:
            self.tried.update((kind, None) for kind, _ in faults)

    @property
    def never(self) -> tuple[str, ...]:
        """The kinds that never happened."""
        return tuple(kind for kind in self.tried if kind not in self.happened)


def _open(found: Mapping[tuple[Scenario, str], Frontier], scenario: Scenario, faults: FaultSet) -> tuple[str, ...]:
    """Return the properties of a scenario that no smaller set is known to break."""
    return tuple(name for name in scenario.properties if found[scenario, name].needs(faults))


def _sets_of(scenario: Scenario, size: int) -> Iterator[FaultSet]:
    for kinds in combinations_with_replacement(scenario.subject.faults, size):
        yield tuple(Counter(kinds).items())


def _contains(faults: FaultSet, smaller: FaultSet) -> bool:
    budgets = dict(faults)
    return all(budgets.get(kind, 0) >= budget for kind, budget in smaller)


def _with_faults(scenario: Scenario, faults: FaultSet, properties: tuple[str, ...]) -> Scenario:
    together = dict(scenario.faults)
    for kind, budget in faults:
        if together.get(kind) != UNLIMITED:  # of those, one more makes no difference
            together[kind] = together.get(kind, 0) + budget
    return replace(scenario, faults=tuple(together.items()), properties=properties)
