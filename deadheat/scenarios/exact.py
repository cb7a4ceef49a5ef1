"""Protocols in time, without sampling: solved as a Markov chain."""

from __future__ import annotations

import math
from typing import Any

from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.in_time import SHARES, Question, Simulated, Timed, chosen_in, priced
from deadheat.scenarios.measures import StateMark, StepMark
from deadheat.sim.errors import UsageError

__all__ = ["exact"]


def exact(subject: Timed, base: Timed, question: Question) -> Simulated:
    """Return what a protocol comes to; raises UsageError where its laws have a memory."""
    from deadheat.sim.timed import solving
    from deadheat.sim.timed.chain import chain_of

    chain, plain = chain_of(subject.graph, subject.endings), chain_of(base.graph, base.endings)
    # Of a million cancellations each one comes, though nobody has said when.
    cancelled = chain_of(subject.graph, subject.endings, coming=_asking(subject)) if chain.has_choices else chain
    asked = solving.likelihood(cancelled, step_mark=StepMark.ASKED)
    if asked.greatest <= 0:
        raise UsageError("Nobody ever cancels, so there is nothing to be simulated; let T3 come in some cases.")

    def per_cancellation(bounds: solving.Bounds) -> Estimate:
        if asked.is_one or bounds.greatest == 0:
            return _estimate(solving.Bounds(bounds.least / asked.greatest, bounds.greatest / asked.greatest))
        greatest = bounds.greatest / asked.least if asked.least > 0 else math.inf
        return Estimate(None, bounds.least / asked.greatest, greatest)

    calls, to_job = solving.expected(chain, calls=True), solving.expected(chain, mark=StateMark.WAITING)
    plain_calls = solving.expected(plain, calls=True)
    plain_to_job = solving.expected(plain, mark=StateMark.WAITING)
    is_plain = calls.is_one and plain_calls.is_one
    return priced(
        Simulated(
            protocol=subject.reference,
            method="exact",
            runs=0,
            cancellations=0,
            orphans_per_million=per_cancellation(solving.likelihood(cancelled, state_mark=StateMark.ORPHAN)).scaled(
                1e6
            ),
            false_answers_per_million=per_cancellation(
                solving.likelihood(cancelled, step_mark=StepMark.FALSE_ANSWER)
            ).scaled(1e6),
            wanted_lost_per_million=_estimate(solving.likelihood(chain, step_mark=StepMark.LOST)).scaled(1e6),
            orphan_lifetime_s=_quantiles(chain, StateMark.ORPHAN),
            cancel_to_gone_s=_quantiles(chain, StateMark.PENDING),
            job_seconds_after_cancel=per_cancellation(solving.expected(cancelled, mark=StateMark.BILLED)),
            calls=_estimate(calls),
            to_job_s=_estimate(to_job),
            extra_calls=calls.least - plain_calls.least if is_plain else None,
            extra_to_job_s=to_job.least - plain_to_job.least if is_plain and to_job.is_one else None,
            cost=None,
            orphans_per_day=None,
            cost_per_day=None,
            chosen=chosen_in(subject),
        ),
        question,
        asked.greatest,
    )


def _asking(subject: Timed) -> frozenset[int]:
    """Return the clocks whose step is that somebody cancels."""
    return frozenset(
        clock
        for enabled in subject.graph.enabled
        for clock, branches in enabled
        if any(each.counted.marks >> StepMark.ASKED & 1 for each in branches)
    )


def _quantiles(chain: Any, mark: StateMark) -> dict[float, Estimate | None]:
    from deadheat.sim.timed import solving

    if chain.has_choices:
        return dict.fromkeys(SHARES)
    found = solving.quantiles(chain, mark, SHARES)
    if found is None:
        return dict.fromkeys(SHARES)
    return {share: Estimate(each, each, each) for share, each in zip(SHARES, found, strict=True)}


def _estimate(bounds: Any) -> Estimate:
    return Estimate(bounds.least if bounds.is_one else None, bounds.least, bounds.greatest)
