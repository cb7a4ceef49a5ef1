"""The minimal sets of faults that break the properties of one scenario, by one search for all of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement

from deadheat.scenarios import interruption
from deadheat.scenarios.check import Options, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import UndecidedError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore.labels.breaking import Breaking, Decided, Decision, Question, breaking_sets
from deadheat.sim.explore.labels.search import PROPERTIES_MAX
from deadheat.sim.explore.labels.sets import Kinds, smaller_by_one
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.stop import Stop
from deadheat.sim.model import UNLIMITED, Model

__all__ = ["AloneKey", "FaultSet", "MinimalSets", "minimal_sets", "models_of", "sets_asked"]

FaultSet = tuple[tuple[str, int], ...]
"""How often each kind of fault may happen; nothing for a kind that may not."""

AloneKey = tuple[Kinds, tuple[str, ...]]
"""A set of faults, and the properties of which it is asked what a check by itself says."""

Note = Callable[[AloneKey, Decision], None]


def nobody(key: AloneKey, decision: Decision) -> None:
    """Tell nobody."""
    del key, decision


@dataclass
class MinimalSets:
    """What breaks the properties of a scenario.

    `breaking` has, by property, each minimal set with the length of its counterexample, up to the cycle if it has one.

    `undecided` are the sets of which a property was not decided, for what `stopped` says; `vacuous` those under which
    it holds, but vacuously; `not_applicable` the kinds of fault that never happen.
    """

    scenario: Scenario
    breaking: dict[str, dict[FaultSet, int]] = field(default_factory=dict)
    undecided: dict[str, list[FaultSet]] = field(default_factory=dict)
    vacuous: dict[str, list[FaultSet]] = field(default_factory=dict)
    not_applicable: tuple[str, ...] = ()
    states: int = 0
    seconds: float = 0.0
    stopped: Stop | None = None


def sets_asked(scenario: Scenario, up_to: int, kinds: Sequence[str]) -> list[Kinds]:
    """Return all sets of up to so many faults; of those that the scenario has without end, one more changes nothing."""
    budgets = scenario.budgets
    limited = [number for number, kind in enumerate(kinds) if budgets.get(kind) != UNLIMITED]
    return [each for size in range(up_to + 1) for each in combinations_with_replacement(limited, size)]


def minimal_sets(
    scenario: Scenario,
    up_to: int,
    kinds: Sequence[str],
    options: Options = Options(),
    report: Decided | None = None,
    known: Mapping[AloneKey, Decision] = {},
    note: Note = nobody,
) -> MinimalSets:
    """Return what breaks a scenario: sets of up to so many faults of these kinds, beside those of its own.

    Sets that are decided by a check of their own are `known`, or else noted as soon as they are decided. Raises
    ModelError where it breaks a rule of the engine, and InternalError where a counterexample cannot be executed again.
    """
    started = time.perf_counter()
    result = MinimalSets(scenario)
    tried: set[str] = set()
    happened: set[str] = set()
    for first in range(0, len(scenario.properties), PROPERTIES_MAX):
        some = replace(scenario, properties=scenario.properties[first : first + PROPERTIES_MAX])
        found = _Asked(some, up_to, kinds, options, known, note).answer(result, report)
        tried |= {kinds[number] for each in found.holding for number in each}
        happened |= found.happened
    not_applicable = tuple(each for each in kinds if each in tried - happened)
    return replace(result, not_applicable=not_applicable, seconds=time.perf_counter() - started)


class _Asked:
    def __init__(
        self,
        scenario: Scenario,
        up_to: int,
        kinds: Sequence[str],
        options: Options,
        known: Mapping[AloneKey, Decision],
        note: Note,
    ) -> None:
        self._scenario = scenario
        self._subject = scenario.subject
        self._kinds = tuple(kinds)
        self._up_to = up_to
        self._options = options
        self._known = known
        self._note = note
        self._models = models_of(scenario, up_to, kinds)

    def answer(self, result: MinimalSets, report: Decided | None) -> Breaking:
        """Search, and add to the result what was found; return that."""
        question = Question(
            self._kinds,
            self._up_to,
            self._models,
            {kind: budget for kind, budget in self._scenario.faults if budget},
            self._subject.labels,
            self._options.search,
            self._alone,
            composed=self._scenario.evaluations > 1 and not self._shares_budgets(),
        )
        found = breaking_sets(question, *([report] if report else []))
        for name in self._scenario.properties:
            result.breaking[name] = {}
            result.undecided[name] = [self._named(each) for each in found.undecided[name]]
            for kinds, schedule in found.broken[name].items():
                try:
                    confirm(self._models[kinds], name, schedule, interruption.asked)
                except UndecidedError:
                    result.undecided[name].append(self._named(kinds))
                    continue
                whole, stem = len(schedule.choices), schedule.cycle_from
                result.breaking[name][self._named(kinds)] = whole if stem is None else stem
        self._add_vacuous(result, found)
        result.states += found.states
        result.stopped = result.stopped or found.stopped
        return found

    def _shares_budgets(self) -> bool:
        """Return whether a fault that is always allowed happens so often in all: parts have such a budget in common."""
        return any(budget not in (0, UNLIMITED) for _, budget in self._scenario.faults)

    def _add_vacuous(self, result: MinimalSets, found: Breaking) -> None:
        """Add the sets under which something holds although some step is never reached."""
        vacuous: dict[str, list[FaultSet]] = {name: [] for name in self._scenario.properties}
        reaching: set[Kinds] = set()
        for kinds, names in found.holding.items():
            if kinds in found.vacuous:
                for name in found.vacuous[kinds]:
                    vacuous[name].append(self._named(kinds))
                continue
            if reaching.isdisjoint(smaller_by_one(kinds)) and self._misses_a_step(kinds, found):
                for name in names:
                    vacuous[name].append(self._named(kinds))
            else:  # more faults allow no fewer steps
                reaching.add(kinds)
        result.vacuous |= vacuous

    def _misses_a_step(self, kinds: Kinds, found: Breaking) -> bool:
        covered = found.coverage(kinds)
        exploration = Exploration(
            explorer="labels",
            states=0,
            transitions=0,
            depth=0,
            complete=True,
            counterexamples={},
            reached=frozenset(),
            labels_reached=covered.steps_under(kinds),
            faults_fired=frozenset(),
            reductions=(),
            values=covered.values_under(kinds),
        )
        reached = self._subject.reached(self._scenario.evaluations, self._budgets(kinds), exploration)
        return any(each not in reached | self._options.allow_unreached for each in self._subject.labels)

    def _alone(self, kinds: Kinds, names: Sequence[str]) -> Decision:
        """Decide a set of faults by a check of its own, which explores alone what shares nothing, and more."""
        key = kinds, tuple(names)
        if key in self._known:
            return self._known[key]
        decision = self._checked(kinds, names)
        self._note(key, decision)
        return decision

    def _checked(self, kinds: Kinds, names: Sequence[str]) -> Decision:
        faults = tuple(self._budgets(kinds).items())
        result = check(replace(self._scenario, faults=faults, properties=tuple(names)), self._options)
        examples = {each.property: each.counterexample for each in result.outcomes}

        def those(verdict: Verdict) -> list[str]:
            return [each.property for each in result.outcomes if each.verdict is verdict]

        return Decision(
            {name: each.trace.schedule for name, each in examples.items() if each is not None},
            those(Verdict.INCONCLUSIVE),
            those(Verdict.VACUOUS),
            result.exploration.faults_fired,
            result.exploration.states,
            result.exploration.stopped,
        )

    # Sets, their names and their models

    def _named(self, kinds: Kinds) -> FaultSet:
        return _named(kinds, self._kinds)

    def _budgets(self, kinds: Kinds) -> dict[str, int]:
        return _budgets(self._scenario, self._named(kinds))


def models_of(scenario: Scenario, up_to: int, kinds: Sequence[str]) -> dict[Kinds, Model]:
    """Return the model of a scenario under each set of faults that is asked."""
    return {each: _model(scenario, _named(each, kinds)) for each in sets_asked(scenario, up_to, kinds)}


def _named(numbers: Kinds, kinds: Sequence[str]) -> FaultSet:
    return tuple(Counter(kinds[number] for number in numbers).items())


def _budgets(scenario: Scenario, faults: FaultSet) -> dict[str, int]:
    together = dict(scenario.faults)
    for kind, more in faults:
        together[kind] = together.get(kind, 0) + more
    return together


def _model(scenario: Scenario, faults: FaultSet) -> Model:
    made = scenario.subject.model(scenario.evaluations, _budgets(scenario, faults), scenario.quiet)
    return replace(made, properties=tuple(each for each in made.properties if each.name in scenario.properties))
