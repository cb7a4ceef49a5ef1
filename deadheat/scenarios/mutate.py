"""Teeth: which property notices when a guard is taken away from a protocol.

A mutant is *noticed* if a property that holds for the protocol is violated by the mutant; a property that the protocol
violates itself cannot notice. Many guards matter only under a fault. So, unless the faults are given, each mutant is
checked without faults first, and if nothing notices, with one fault of each kind, the smallest searches first.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from deadheat.models.faults import FAULTS
from deadheat.models.mutations import Mutation
from deadheat.scenarios.check import CheckResult, Options, Verdict, check, check_all
from deadheat.scenarios.mutants import Guards, guards_of
from deadheat.scenarios.scenario import MUTANT, Scenario
from deadheat.sim.coverage import Site

__all__ = ["Fate", "Hunt", "MutantResult", "Notice", "hunt_of", "judge_all"]


class Fate(StrEnum):
    """What became of a mutant."""

    NOTICED = "noticed"
    SURVIVED = "survived"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Notice:
    """A property that notices a mutant, in a scenario, by a shortest counterexample of so many steps."""

    scenario: Scenario
    property: str
    steps: int


@dataclass(frozen=True, slots=True)
class MutantResult:
    """What became of one mutant. `tried` are the scenarios in which it was checked, the one that noticed last."""

    number: int
    mutation: Mutation
    fate: Fate
    noticed_by: tuple[Notice, ...]
    tried: tuple[Scenario, ...]


@dataclass(frozen=True, slots=True)
class Hunt:
    """Everything that the mutants of a protocol are judged by.

    `originals` are the checks of the protocol itself, in the order in which its mutants are checked; a mutant is
    noticed by what holds there. `given_faults` tells that there is one, with the faults that were asked for.
    """

    scenario: Scenario
    guards: Guards
    originals: tuple[CheckResult, ...]
    given_faults: bool

    @property
    def never_reached(self) -> tuple[tuple[str, Site], ...]:
        """The steps of the roles, by role, that no run reached, whatever the fault."""
        return self.guards.never_reached

    def scenarios_of(self, number: int) -> list[Scenario]:
        """Return the scenarios in which the mutant of this number can be noticed, each with what can notice it."""
        mutation = self.guards.mutations[number - 1]
        name = f"{self.scenario.protocol}{MUTANT}{number}"
        return [
            replace(original.scenario, protocol=name, properties=holding)
            for original in self.originals
            if (holding := _holding(original)) and self._makes_a_difference(mutation, original.scenario)
        ]

    def _makes_a_difference(self, mutation: Mutation, scenario: Scenario) -> bool:
        """Return whether the mutant can differ from the protocol; what was learned was learned of one evaluation."""
        lesson = next((each for each in self.guards.lessons if each.faults == scenario.faults), None)
        return lesson is None or scenario.evaluations != 1 or lesson.tells_apart(mutation)


def hunt_of(scenario: Scenario, options: Options = Options(), jobs: int = 1) -> Hunt:
    """Check a protocol, without faults and with one of each kind, or with those of the scenario if it has any.

    Raises what `check` raises.
    """
    guards = guards_of(scenario.protocol)
    scenarios = [scenario]
    if not scenario.faults:
        scenarios.extend(replace(scenario, faults=((kind, 1),)) for kind in FAULTS)
    first, *others = check_all(scenarios, options, jobs)
    others.sort(key=lambda original: original.exploration.states)  # the quickest first
    return Hunt(scenario, guards, (first, *others), given_faults=bool(scenario.faults))


def judge_all(hunt: Hunt, options: Options = Options(), jobs: int = 1) -> Iterator[MutantResult]:
    """Judge every mutant, in `jobs` operating-system processes, and yield the results in their order."""
    numbers = range(1, len(hunt.guards.mutations) + 1)
    if jobs == 1:
        for number in numbers:
            yield _result(hunt, number, _check_until_noticed(hunt.scenarios_of(number), options))
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(jobs) as pool:
        futures = [pool.submit(_check_until_noticed, hunt.scenarios_of(number), options) for number in numbers]
        for number, future in zip(numbers, futures, strict=True):
            yield _result(hunt, number, future.result())


def _check_until_noticed(scenarios: Sequence[Scenario], options: Options) -> list[CheckResult]:
    """Check scenarios until some property is violated."""
    results = []
    for scenario in scenarios:
        results.append(check(scenario, options))
        if any(outcome.counterexample is not None for outcome in results[-1].outcomes):
            break
    return results


def _result(hunt: Hunt, number: int, results: list[CheckResult]) -> MutantResult:
    noticed_by = tuple(
        Notice(result.scenario, outcome.property, len(outcome.counterexample.trace.events))
        for result in results
        for outcome in result.outcomes
        if outcome.counterexample is not None
    )
    complete = all(result.exploration.complete for result in (*hunt.originals, *results))
    fate = Fate.NOTICED if noticed_by else Fate.SURVIVED if complete else Fate.INCONCLUSIVE
    tried = tuple(result.scenario for result in results)
    return MutantResult(number, hunt.guards.mutations[number - 1], fate, noticed_by, tried)


def _holding(original: CheckResult) -> tuple[str, ...]:
    return tuple(outcome.property for outcome in original.outcomes if outcome.verdict is Verdict.HOLDS)
