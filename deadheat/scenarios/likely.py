"""How likely, for how long, and at what price, of what was checked: for a report that shows all of it side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deadheat.scenarios.check import CheckResult
from deadheat.scenarios.in_time import Question, Simulated, memoryless
from deadheat.scenarios.likelihood import along
from deadheat.scenarios.monitoring import Point, curve
from deadheat.scenarios.simulate import simulate
from deadheat.scenarios.subjects import OfEvaluations
from deadheat.sim.errors import ModelError, UsageError
from deadheat.sim.timed.solving import Bounds

__all__ = ["CLEANUP", "Curve", "Likely", "likely"]

STATES_MAX = 50_000
"""What has more states is not simulated for a report: nobody waits for that who has asked for verdicts."""

SOLVED_MAX = 4_000
"""And how likely each step of a counterexample leaves it is not solved for in larger systems than that."""

CLEANUP = "orphan-cleanup"


@dataclass(frozen=True, slots=True)
class Curve:
    """What the cleanup's period decides, of one protocol that has a cleanup."""

    protocol: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Likely:
    """What was simulated, and solved for.

    `along` has, by protocol and property, how likely the violation still is at the start of the counterexample and
    after each of its steps, where that can be solved for, with every law taken as exponential, of its mean. `left_out`
    says why a protocol was not simulated; those that start and cancel no evaluations are not among them.
    """

    question: Question
    profile: str
    results: tuple[Simulated, ...]
    curve: Curve | None
    along: Mapping[tuple[str, str], tuple[Bounds, ...]]
    left_out: Mapping[str, str]


def likely(
    results: Sequence[CheckResult], question: Question, profile: str, report: Callable[[str], None] = lambda _: None
) -> Likely:
    """Return how likely it is, of one evaluation each, whatever the checks were of; `report` is told of each step."""
    found: list[Simulated] = []
    left_out: dict[str, str] = {}
    names = []
    for result in results:
        scenario = result.scenario
        if not isinstance(scenario.subject, OfEvaluations) or scenario.protocol in names:
            continue
        names.append(scenario.protocol)
        if result.exploration.states > STATES_MAX:
            left_out[scenario.protocol] = f"it has more than {STATES_MAX:,} states"
            continue
        report(f"simulated {len(found)} of {len(results)}")
        try:
            found += simulate([scenario.protocol], question).results
        except (UsageError, ModelError) as error:
            left_out[scenario.protocol] = str(error)
    return Likely(question, profile, tuple(found), _curve(found, question), _all_along(results, question), left_out)


def _curve(found: Sequence[Simulated], question: Question) -> Curve | None:
    """Return what the period decides for the first protocol that has the cleanup."""
    protocol = next((each.protocol for each in found if CLEANUP in each.protocol.split("+")), None)
    if protocol is None:
        return None
    try:
        return Curve(protocol, curve(protocol, question))
    except (UsageError, ModelError):  # the period as a law does not suit what else was given: there is no curve
        return None


def _all_along(results: Sequence[CheckResult], question: Question) -> Mapping[tuple[str, str], tuple[Bounds, ...]]:
    found: dict[tuple[str, str], tuple[Bounds, ...]] = {}
    try:
        laws = memoryless(question.laws)
    except UsageError:  # what comes at once or never has no mean
        return found
    for result in results:
        if not isinstance(result.scenario.subject, OfEvaluations) or result.exploration.states > SOLVED_MAX:
            continue
        for outcome in result.outcomes:
            if outcome.counterexample is not None:
                try:
                    found[result.scenario.protocol, outcome.property] = along(outcome.counterexample, laws)
                except (UsageError, ModelError):  # of a run that never ends, no step makes that more likely
                    continue
    return found
