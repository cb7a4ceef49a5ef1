"""The frontier, the obvious way: one check for each set of faults that contains no smaller one that breaks everything.

It shares nothing with the search for all sets but the definition of what is asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement

from deadheat.scenarios.check import CheckResult, Options, Verdict, check
from deadheat.scenarios.frontier import FaultSet, Frontier
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore import python
from deadheat.sim.model import UNLIMITED

__all__ = ["Obvious", "obvious_frontier", "said_of"]


@dataclass
class Obvious:
    """What one check a set says: of each property, the minimal sets that break it, with their lengths."""

    breaking: dict[str, dict[FaultSet, int]]
    vacuous: dict[str, list[FaultSet]]
    undecided: dict[str, list[FaultSet]]
    not_applicable: tuple[str, ...] = ()
    tried: dict[str, None] = field(default_factory=dict)
    happened: set[str] = field(default_factory=set)

    def needs(self, name: str, faults: FaultSet) -> bool:
        """Return whether no set that is known to break a property is contained in this one."""
        return not any(contains(faults, smaller) for smaller in self.breaking[name])


def obvious_frontier(
    scenario: Scenario,
    up_to: int,
    kinds: Sequence[str],
    options: Options = Options(),
    checked: Callable[[Scenario, Options], CheckResult] = check,
) -> Obvious:
    """Return the frontier of a scenario, for all sets of up to so many faults of these kinds."""
    names = scenario.properties
    found = Obvious({name: {} for name in names}, {name: [] for name in names}, {name: [] for name in names})
    for size in range(up_to + 1):
        for faults in sets_of(kinds, size):
            wanted = tuple(name for name in names if found.needs(name, faults))
            if wanted:
                _add(found, faults, checked(with_faults(scenario, faults, wanted), options))
    found.not_applicable = tuple(kind for kind in found.tried if kind not in found.happened)
    return found


def _add(found: Obvious, faults: FaultSet, result: CheckResult) -> None:
    for outcome in result.outcomes:
        if outcome.counterexample is not None:
            schedule = outcome.counterexample.trace.schedule
            length = len(schedule.choices) if schedule.cycle_from is None else schedule.cycle_from
            found.breaking[outcome.property][faults] = length
        elif outcome.verdict is not Verdict.HOLDS:
            into = found.vacuous if outcome.verdict is Verdict.VACUOUS else found.undecided
            into[outcome.property].append(faults)
    found.happened |= _all_faults(result)
    if result.is_whole:
        found.tried.update((kind, None) for kind, _ in faults)


def _all_faults(result: CheckResult) -> frozenset[str]:
    """Return the faults that some run met; one that found everything violated had not seen them all."""
    if result.is_whole:
        return result.exploration.faults_fired
    return python.explore(replace(result.scenario.model(), properties=())).faults_fired


def said_of(frontiers: Iterable[Frontier]) -> Obvious:
    """Return what frontiers of one scenario say, in the same form."""
    found = list(frontiers)
    return Obvious(
        {each.property: {faults: each.lengths[faults] for faults in each.breaking} for each in found},
        {each.property: each.vacuous for each in found},
        {each.property: each.undecided for each in found},
        found[0].not_applicable,
    )


def sets_of(kinds: Sequence[str], size: int) -> list[FaultSet]:
    return [tuple(Counter(each).items()) for each in combinations_with_replacement(kinds, size)]


def contains(faults: FaultSet, smaller: FaultSet) -> bool:
    budgets = dict(faults)
    return all(budgets.get(kind, 0) >= budget for kind, budget in smaller)


def with_faults(scenario: Scenario, faults: FaultSet, properties: tuple[str, ...]) -> Scenario:
    together = dict(scenario.faults)
    for kind, budget in faults:
        if together.get(kind) != UNLIMITED:  # of those, one more makes no difference
            together[kind] = together.get(kind, 0) + budget
    return replace(scenario, faults=tuple(together.items()), properties=properties)
