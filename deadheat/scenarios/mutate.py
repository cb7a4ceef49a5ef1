"""Teeth: which property notices when a guard is taken away from a protocol.

A mutant is *noticed* if a property that holds for the protocol is violated by the mutant; a property that the protocol
violates itself cannot notice. Many guards matter only under a fault. So, unless the faults are given, each mutant is
checked without faults first, and if nothing notices, with one fault of each kind, the smallest searches first. One
search for all kinds tells in which of these nothing notices, as for a frontier; those need no check of their own.

What nobody notices makes *no difference* if no property could notice it in any of these searches, whatever it says and
whichever components it reads (see `sim/explore/footprint`): it is dead code, or a check that makes a race less likely
and rules out nothing. Otherwise it changes something that no property speaks of, or only properties that are violated
anyway.

A mutant that *cannot run*, since a role or a component fails by what the change does to it, says nothing of properties.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache, partial
from typing import NamedTuple

from deadheat.models.mutations import Mutation
from deadheat.scenarios import interruption
from deadheat.scenarios.catalogue import MUTANT, without_mutants
from deadheat.scenarios.check import CheckResult, Counterexample, Options, Verdict, check, check_all
from deadheat.scenarios.mutants import Guards, guards_of, mutation_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ModelError, UnboundedError
from deadheat.sim.explore.footprint import IDLE, Footprint, footprint
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.run.coverage import Site

__all__ = ["Fate", "Hunt", "MutantResult", "Notice", "hunt_of", "judge_all", "shortest_of"]


GROWTH_MAX, SMALL_STATES = 4, 5_000
"""A mutant with so many times the states of its protocol (of so many, if it has fewer) is taken to have no end."""


ONE_SEARCH_FROM = 3
"""From so many kinds of fault on, one search for all of them takes less time than a check of each."""


class Fate(StrEnum):
    """What became of a mutant.

    SURVIVED: it does something else than the protocol, and nobody notices. NO_DIFFERENCE: it does not. CANNOT_RUN: it
    breaks a rule of the engine, which the protocol does not. INCONCLUSIVE: nobody noticed in searches that were cut
    short.
    """

    NOTICED = "noticed"
    SURVIVED = "survived"
    NO_DIFFERENCE = "no difference"
    CANNOT_RUN = "cannot run"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Notice:
    """A property that notices a mutant, in a scenario, by a shortest counterexample of so many steps."""

    scenario: Scenario
    property: str
    steps: int


@dataclass(frozen=True, slots=True)
class MutantResult:
    """What became of one mutant, and by what it was noticed.

    `differs_under` are the faults under which one that survived does something else than the protocol, and `differs_in`
    what kinds of property could tell (see `sim/explore/footprint`). `error` says why one cannot run.
    """

    number: int
    mutation: Mutation
    fate: Fate
    noticed_by: tuple[Notice, ...] = ()
    differs_under: tuple[tuple[str, int], ...] | None = None
    differs_in: tuple[str, ...] = ()
    error: str | None = None


class Trial(NamedTuple):
    """A scenario in which a mutant is checked, and the states after which it is taken to have no end.

    `fault` is what may happen once in it beside all that may happen in any case.
    """

    scenario: Scenario
    states_max: int
    fault: str | None


@dataclass(frozen=True, slots=True)
class Hunt:
    """Everything that the mutants of a protocol are judged by.

    `originals` are the checks of the protocol itself, in the order in which its mutants are checked; a mutant is
    noticed by what holds there.
    """

    scenario: Scenario
    guards: Guards
    originals: tuple[CheckResult, ...]

    @property
    def complete(self) -> bool:
        """Whether all that can be said of the protocol itself was said, without hitting a limit."""
        return all(original.is_decided for original in self.originals)

    @property
    def never_reached(self) -> tuple[tuple[str, Site], ...]:
        """The steps of the roles, by role, that no run reached, whatever the fault."""
        return self.guards.never_reached

    def trials_of(self, number: int) -> list[Trial]:
        """Return the scenarios in which the mutant of this number can be noticed, each with what can notice it."""
        mutation = self.guards.mutations[number - 1]
        name = f"{self.scenario.protocol}{MUTANT}{number}"
        return [
            Trial(
                replace(original.scenario, protocol=name, properties=_holding(original)),
                GROWTH_MAX * max(original.exploration.states, SMALL_STATES),
                next((kind for kind in original.scenario.budgets if kind not in self.scenario.budgets), None),
            )
            for original in self.originals
            if original.is_decided and self._makes_a_difference(mutation, original.scenario)
        ]

    def _makes_a_difference(self, mutation: Mutation, scenario: Scenario) -> bool:
        """Return whether the mutant can differ from the protocol; what was learned was learned of one evaluation."""
        observation = next((each for each in self.guards.observations if each.faults == scenario.faults), None)
        return observation is None or scenario.evaluations != 1 or observation.tells_apart(mutation)


def nobody(checked: int, planned: int) -> None:
    """Tell nobody."""
    del checked, planned


def hunt_of(
    scenario: Scenario, options: Options = Options(), jobs: int = 1, tell: Callable[[int, int], None] = nobody
) -> Hunt:
    """Check a protocol, or a model, without faults and with one of each kind, or with those of the scenario alone.

    Faults that happen without being asked for are there in any case. How many of these checks are done, of how many, is
    what there is to `tell`. Raises what `check` raises, and KeyboardInterrupt before there is anything to be kept.
    """
    guards = guards_of(scenario.protocol, scenario.settings)
    subject, scenarios = scenario.subject, [scenario]
    if scenario.budgets == dict(subject.budgets):
        others = [kind for kind in subject.faults if kind not in subject.budgets]
        scenarios.extend(replace(scenario, faults=((kind, 1),)) for kind in others)
    checked: list[CheckResult] = []
    for each in check_all(scenarios, options, jobs):
        checked.append(each)
        tell(len(checked), len(scenarios))
    first, *rest = checked
    rest.sort(key=lambda original: original.exploration.states)  # the quickest first
    return Hunt(scenario, guards, (first, *rest))


def judge_all(
    hunt: Hunt, options: Options = Options(), jobs: int = 1, only: int | None = None
) -> Iterator[MutantResult]:
    """Judge every mutant, or `only` one, in `jobs` operating-system processes; yield the results in their order.

    Raises UsageError if there is no mutant of that number.
    """
    numbers = range(1, len(hunt.guards.mutations) + 1) if only is None else range(only, only + 1)
    if only is not None:
        mutation_of(hunt.scenario.protocol, str(only), hunt.scenario.settings)
    tasks = [(number, hunt.guards.mutations[number - 1], hunt.trials_of(number)) for number in numbers]
    judge = partial(_judge, replace(options, search=replace(options.search, cores=1)), hunt.complete)
    if jobs == 1 or len(tasks) == 1:
        for task in tasks:
            yield judge(*task)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(jobs, initializer=interruption.listen_in_worker, initargs=(interruption.share(),)) as pool:
        futures = [pool.submit(judge, *task) for task in tasks]
        for future in futures:
            yield future.result()


def _judge(options: Options, complete: bool, number: int, mutation: Mutation, trials: Sequence[Trial]) -> MutantResult:
    """Check one mutant in one scenario after the other, until some property notices."""
    error: str | None = None
    for scenario, states_max, fault in _to_check(options, trials):
        try:
            search = replace(options.search, states_max=min(states_max, options.search.states_max))
            result = check(scenario, replace(options, search=search))
        except UnboundedError:
            complete = False
            continue
        except ModelError as broken:
            error = error or str(broken)
            continue
        found = [each.counterexample for each in result.outcomes if each.counterexample is not None]
        if found:
            notices = tuple(Notice(scenario, each.property, len(each.trace.events)) for each in found)
            return MutantResult(number, mutation, Fate.NOTICED, notices)
        complete = complete and result.is_decided
        if not complete and fault is None:
            break  # with a fault there would be yet more states
    if error is not None:
        return MutantResult(number, mutation, Fate.CANNOT_RUN, error=error)
    if not complete:
        return MutantResult(number, mutation, Fate.INCONCLUSIVE)
    return _unnoticed(options, number, mutation, trials)


def _to_check(options: Options, trials: Sequence[Trial]) -> Iterator[Trial]:
    """Yield the trials, those with a fault of their own last, and of these the ones in which something may notice."""
    yield from (each for each in trials if each.fault is None)
    with_one = [each for each in trials if each.fault is not None]
    cleared = _cleared(options, with_one)
    yield from (each for each in with_one if each not in cleared)


def _cleared(options: Options, trials: Sequence[Trial]) -> Collection[Trial]:
    """Return the trials, each with a fault of its own, in which one search for all of them shows that nothing notices.

    Whatever that search cannot decide is left to a check of its own, and so is what notices.
    """
    if len(trials) < ONE_SEARCH_FROM or trials[0].scenario.evaluations > 1:
        return ()
    from deadheat.scenarios.minimal_sets import models_of  # which loads compiled code
    from deadheat.sim.explore.labels.breaking import Question, breaking_sets
    from deadheat.sim.explore.labels.search import PROPERTIES_MAX

    first = trials[0].scenario
    names = tuple(dict.fromkeys(name for each in trials for name in each.scenario.properties))
    if len(names) > PROPERTIES_MAX:
        return ()
    kinds = [each.fault for each in trials if each.fault is not None]
    base = {kind: budget for kind, budget in first.faults if kind not in kinds and budget}
    models = models_of(replace(first, faults=tuple(base.items()), properties=names), 1, kinds)
    most = max(each.states_max for each in trials)
    search = replace(options.search, states_max=min(most, options.search.states_max))
    try:
        found = breaking_sets(Question(kinds, 1, models, base, options=search))
    except ModelError:
        return ()

    def is_clear(number: int, name: str) -> bool:
        sets = {(), (number,)}
        return sets.isdisjoint(found.broken[name]) and sets.isdisjoint(found.undecided[name])

    return [
        each
        for number, each in enumerate(trials)
        if each.scenario.properties and all(is_clear(number, name) for name in each.scenario.properties)
    ]


def _unnoticed(options: Options, number: int, mutation: Mutation, trials: Sequence[Trial]) -> MutantResult:
    """Say of a mutant that nobody notices whether anybody could, and first where more than idle steps are others."""
    differences: list[tuple[Scenario, tuple[str, ...]]] = []
    for scenario, *_ in trials:
        one, other = (_footprint(each, options.search) for each in (_original(scenario), scenario))
        if one is None or other is None:
            return MutantResult(number, mutation, Fate.INCONCLUSIVE)
        kinds = one.differs_in(other)
        if kinds:
            differences.append((scenario, kinds))
        if kinds and kinds != IDLE:
            break
    if not differences:
        return MutantResult(number, mutation, Fate.NO_DIFFERENCE)
    scenario, kinds = next((each for each in differences if each[1] != IDLE), differences[0])
    return MutantResult(number, mutation, Fate.SURVIVED, differs_under=scenario.faults, differs_in=kinds)


def shortest_of(result: MutantResult) -> Counterexample | None:
    """Return the shortest run in which a property notices a mutant; None if none does."""
    if not result.noticed_by:
        return None
    notice = min(result.noticed_by, key=lambda each: each.steps)
    checked = check(replace(notice.scenario, properties=(notice.property,)))
    return checked.outcome(notice.property).counterexample


def _original(scenario: Scenario) -> Scenario:
    """Return the scenario with the protocol in the place of its mutant."""
    return replace(scenario, protocol=scenario.protocol.rpartition(MUTANT)[0])


@lru_cache(maxsize=64)
def _footprint(scenario: Scenario, options: SearchOptions) -> Footprint | None:
    original = replace(scenario, protocol=without_mutants(scenario.protocol))
    return footprint(scenario.model(), options, original.model().components)


def _holding(original: CheckResult) -> tuple[str, ...]:
    return tuple(outcome.property for outcome in original.outcomes if outcome.verdict is Verdict.HOLDS)
