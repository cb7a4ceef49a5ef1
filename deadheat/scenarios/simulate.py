"""How likely, how long, at what price: a protocol's runs in time, sampled or solved exactly.

One run is one evaluation, from its submission until nothing can happen any more that is measured. Sampled runs of
several protocols draw the same random numbers, event by event.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from deadheat.scenarios.estimates import Comparison, compared, compared_in_time
from deadheat.scenarios.exact import exact
from deadheat.scenarios.in_time import Question, Simulation, Timed, timed, together
from deadheat.scenarios.measures import StateMark
from deadheat.scenarios.sampled import Sample, sampled
from deadheat.sim.errors import TooLargeError, UsageError
from deadheat.sim.timed.graph import Clock

__all__ = ["METHODS", "simulate"]

METHODS = ("auto", "exact", "kernel", "simpy")
RUNS_MAX = 50_000_000
"""So many runs are kept in memory at most."""

OF_ITS_OWN = ", which comes when it likes, so that no default is of it"


def simulate(references: Sequence[str], question: Question) -> Simulation:
    """Simulate protocols, or solve them; raises UsageError where that cannot be done with these laws."""
    subjects = [timed(each, question.laws, question.faults) for each in dict.fromkeys(references)]
    _require_used(subjects, question.given)
    method = _method(subjects, question)
    base = next((each for each in subjects if each.reference == "baseline"), None)
    base = base or timed("baseline", question.laws, question.faults)
    if method == "exact":
        try:
            return Simulation(question, tuple(exact(each, base, question) for each in subjects), ())
        except TooLargeError:
            if question.method == "exact" or _untimed(subjects) is not None:
                raise
            method = "kernel"
    runs = _runs_asked(subjects[0], question)
    plain = Sample.of(base, question, method, runs)
    results, alone = [], []
    for each in subjects:
        samples = plain if each is base else Sample.of(each, question, method, runs)
        results.append(together([sampled(each, sample, plain[0], question, method) for sample in samples]))
        alone.append(
            (each.reference, samples[0].orphaned, samples[0].seconds(StateMark.ORPHAN)) if len(samples) == 1 else None
        )
    return Simulation(question, tuple(results), tuple(_comparisons(alone)))


def _comparisons(alone: Sequence[tuple[str, Any, Any] | None]) -> Iterator[Comparison]:
    """Yield how each protocol compares with the first, where neither has ways to choose."""
    first, *others = alone
    for each in others:
        if first is None or each is None:
            continue
        yield compared(first[0], each[0], first[1], each[1])
        in_time = compared_in_time(first[0], each[0], first[2], each[2])
        if in_time is not None:
            yield in_time


def _require_used(subjects: Sequence[Timed], given: Mapping[str, Any]) -> None:
    seen = {name: None for each in subjects for name in each.clocks.seen}
    whole = subjects[0].clocks
    whole.seen.update(seen)
    whole.require_used(given)


def _untimed(subjects: Sequence[Timed]) -> Clock | None:
    """Return a step of which nobody has said how long it takes, if there is one."""
    return next((clock for each in subjects for clock in each.graph.untimed), None)


def _method(subjects: Sequence[Timed], question: Question) -> str:
    untimed = _untimed(subjects)
    is_memoryless = all(
        clock.law is None or clock.law.is_exponential for each in subjects for clock in each.graph.clocks
    )
    if question.method == "exact" or (question.method == "auto" and is_memoryless):
        return "exact"
    if untimed is not None:
        raise UsageError(
            f"Nobody has said how long {untimed.name!r} takes{'' if untimed.owed else OF_ITS_OWN}; give it a latency, "
            "or let all be exponential or Erlang: then the least and the greatest answer can be found."
        )
    return "kernel" if question.method == "auto" else question.method


def _runs_asked(subject: Timed, question: Question) -> int:
    """Return how many evaluations it takes for so many to be cancelled."""
    asks = next((clock.law for clock in subject.graph.clocks if clock.name == "T3"), None)
    never = asks.never if asks is not None else 0.0
    if never >= 1:
        raise UsageError("Nobody ever cancels, so there is nothing to be simulated; let T3 come in some cases.")
    runs = math.ceil(question.cancellations / (1 - never))
    if runs > RUNS_MAX:
        raise UsageError(f"{runs:,} runs are more than the {RUNS_MAX:,} that are kept in memory; ask for fewer.")
    return runs
