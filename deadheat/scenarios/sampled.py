"""Protocols in time, sampled: by the compiled kernel, or by the reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from deadheat.scenarios.estimates import Estimate, mean_of, quantile_of, share_of
from deadheat.scenarios.in_time import SHARES, Question, Simulated, Timed, chosen_in, priced
from deadheat.scenarios.measures import StateMark, StepMark
from deadheat.sim.errors import UsageError
from deadheat.sim.timed.clockwork import MARKS_MAX, run_by_simpy
from deadheat.sim.timed.laws import NEVER_NS

__all__ = ["Sample", "by_splitting", "sampled"]

SPLIT_RUNS = (2_000, 16_000)
"""So many runs a level, where orphans are too rare to be sampled; more, where these do not agree."""

WORTH = 0.5
"""An interval of splitting that is longer than that, of its middle, either way, is worth nothing."""

WAYS_MAX = 64
"""So many ways to choose are tried."""


@dataclass(frozen=True)
class Sample:
    """The runs of one protocol, for one way to choose what is to be chosen: of each clock, by its number, which way."""

    way: Mapping[int, int]
    spent_ns: Any
    met: Any
    met_by_steps: Any
    calls: Any

    @classmethod
    def of(cls, subject: Timed, question: Question, method: str, runs: int) -> list[Sample]:
        """Return the runs for each way to choose, always alike, between the ways in which steps may go."""
        clocks = subject.graph.chosen
        counts = [
            max(len(branches) for enabled in subject.graph.enabled for clock, branches in enabled if clock == each)
            for each in clocks
        ]
        if math.prod(counts) > WAYS_MAX:
            names = ", ".join(subject.graph.clocks[each].name for each in clocks)
            raise UsageError(f"There are too many ways in which {names} may go to try all; give each a latency.")
        ways = [dict(zip(clocks, each, strict=True)) for each in product(*map(range, counts))]
        make = cls._by_simpy if method == "simpy" else cls._by_kernel
        return [make(subject, question, runs, way) for way in ways]

    @classmethod
    def _by_kernel(cls, subject: Timed, question: Question, runs: int, way: Mapping[int, int]) -> Sample:
        from deadheat.sim.timed.kernel import Kernel

        made = Kernel(subject.graph, subject.endings, way).runs(question.seed, 0, runs, question.cores)
        return cls(way, made.spent_ns, made.met, made.met_by_steps, made.calls)

    @classmethod
    def _by_simpy(cls, subject: Timed, question: Question, runs: int, way: Mapping[int, int]) -> Sample:
        import numpy

        policy: dict[tuple[int, int, str, str | None], int] = {
            (*subject.graph.clocks[clock].order, None): which for clock, which in way.items()
        }
        made = [
            run_by_simpy(
                subject.graph, subject.clocks, subject.measures, subject.endings, question.seed, number, policy
            )
            for number in range(runs)
        ]
        return cls(
            way,
            numpy.array([each.spent_ns for each in made], numpy.int64).reshape(runs, MARKS_MAX),
            *(numpy.array([getattr(each, name) for each in made]) for name in ("met", "met_by_steps", "calls")),
        )

    @property
    def asked(self) -> Any:
        """Which runs were cancelled."""
        return (self.met_by_steps >> StepMark.ASKED & 1).astype(bool)

    @property
    def orphaned(self) -> Any:
        """Which runs have had an orphan, and were cancelled."""
        return (self.met >> StateMark.ORPHAN & 1).astype(bool) & self.asked

    def seconds(self, mark: StateMark) -> Any:
        """Return the time of a mark, of each run; infinite where it is never left."""
        import numpy

        spent = self.spent_ns[:, mark]
        return numpy.where(spent >= NEVER_NS, numpy.inf, spent / 1e9)


def by_splitting(
    subject: Timed, seed: int, share_asked: float = 1.0, way: Mapping[int, int] | None = None
) -> Estimate | None:
    """Return how likely an orphan is, of a cancellation, where no run has had one; 0 where none can be.

    None where that is worth nothing: independent estimates are none, or differ too much.
    """
    import numpy

    from deadheat.sim.timed.kernel import Kernel
    from deadheat.sim.timed.splitting import split

    if not any(marks >> StateMark.ORPHAN & 1 for marks in subject.graph.marks):
        return Estimate(0.0, 0.0, 0.0)
    kernel = Kernel(subject.graph, subject.endings, way)
    for runs in SPLIT_RUNS:
        found = mean_of(numpy.array(split(kernel, StateMark.ORPHAN, seed, runs)) / share_asked)
        if found.value and found.high - found.value <= WORTH * found.value:
            return found
    return None


def sampled(subject: Timed, sample: Sample, base: Sample, question: Question, method: str) -> Simulated:
    """Return what the runs of a protocol come to, beside those of the baseline."""
    import numpy

    asked, orphaned = sample.asked, sample.orphaned
    count = int(asked.sum())
    false = int((sample.met_by_steps[asked] >> StepMark.FALSE_ANSWER & 1).sum())
    lost = int((sample.met_by_steps >> StepMark.LOST & 1).sum())
    lifetimes = numpy.sort(sample.seconds(StateMark.ORPHAN)[orphaned])
    to_gone = numpy.sort(sample.seconds(StateMark.PENDING)[asked])
    billed = mean_of(sample.seconds(StateMark.BILLED)[asked])
    to_job = mean_of(sample.seconds(StateMark.WAITING))
    calls = mean_of(sample.calls.astype(float))
    orphans, is_rare = share_of(int(orphaned.sum()), count), not orphaned.any() and count > 0
    rare = by_splitting(subject, question.seed, count / len(asked), sample.way) if is_rare else None
    if is_rare and (rare is None or rare.high > 0):  # what no run has had is in no mean
        billed = replace(billed, high=math.inf)
    return priced(
        Simulated(
            protocol=subject.reference,
            method=method,
            runs=len(asked),
            cancellations=count,
            orphans_per_million=(rare or orphans).scaled(1e6),
            false_answers_per_million=share_of(false, count).scaled(1e6),
            wanted_lost_per_million=share_of(lost, len(asked)).scaled(1e6),
            orphan_lifetime_s={each: quantile_of(lifetimes, each) for each in SHARES},
            cancel_to_gone_s={each: quantile_of(to_gone, each) for each in SHARES},
            job_seconds_after_cancel=billed,
            calls=calls,
            to_job_s=to_job,
            extra_calls=float((sample.calls - base.calls).mean()),
            extra_to_job_s=float((sample.seconds(StateMark.WAITING) - base.seconds(StateMark.WAITING)).mean()),
            cost=None,
            orphans_per_day=None,
            cost_per_day=None,
            chosen=chosen_in(subject),
            by_splitting=rare is not None and rare.high > 0,
            splitting_failed=is_rare and rare is None,
        ),
        question,
        count / len(asked),
    )
