"""What the cleanup's period decides: how long orphans live, what sweeps cost, and what an alert is good for.

Orphans come at random, at a rate that is simulated. Where nothing else ends an orphan before the next sweep, its
lifetime is uniform over the period: half a period on average. A sweep lists the Jobs once, so it costs a call, and one
more for the status of each Job that is there. An alert goes off where one sweep finds more orphans than so many an
hour would be. What it finds is Poisson, so how often it does that without a cause, and how long it takes when ten times
as many orphans come, are tails of that distribution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.in_time import Question
from deadheat.scenarios.simulate import simulate
from deadheat.scenarios.timing import layered
from deadheat.sim.errors import UsageError
from deadheat.sim.timed.laws import Kind, Law

__all__ = ["BEGINS", "PERIODS_S", "Point", "curve", "detection_s", "false_alarms_per_day"]

PERIODS_S = (10, 30, 60, 120, 300, 600, 1_800, 3_600)
"""From ten seconds to an hour."""

BEGINS = "orphan-cleanup.begins"
"""The name of the sweep's period."""

WORSE = 10
"""An alert is to notice that so many times as many orphans come."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one period comes to. `uniform_s` is what the closed form says of the median lifetime.

    That is half a period, or, where sweeps come without memory, the median of an exponential time.

    Sweeps are calls an hour, beside one for each Job that is there. Without a rate of arrivals nothing can be said of
    alerts.
    """

    period_s: float
    lifetime_s: Estimate | None
    lifetime_p99_s: Estimate | None
    uniform_s: float
    job_seconds_after_cancel: Estimate
    sweeps_per_hour: float
    orphans_per_hour: float | None
    false_alarms_per_day: float | None
    detection_s: float | None


def curve(
    reference: str, question: Question, alert_per_hour: float | None = None, periods_s: Sequence[float] = PERIODS_S
) -> tuple[Point, ...]:
    """Return what each period comes to; raises UsageError for a protocol without the cleanup."""
    if "orphan-cleanup" not in reference:
        raise UsageError(
            f"{reference} has no cleanup, so no period to be chosen; add one, as {reference}+orphan-cleanup."
        )
    return tuple(_point(reference, question, alert_per_hour, each) for each in periods_s)


def _point(reference: str, question: Question, alert_per_hour: float | None, period_s: float) -> Point:
    is_memoryless = question.laws[BEGINS].kind is Kind.EXPONENTIAL if BEGINS in question.laws else False
    law = Law.exponential(period_s * 1e9) if is_memoryless else Law.periodic(period_s * 1e9)
    found = simulate([reference], replace(question, laws=layered({BEGINS: law}, question.laws))).results[0]
    rate = None if found.orphans_per_day is None else found.orphans_per_day.at_most / 24
    alarms = delay = None
    if rate is not None and alert_per_hour is not None:
        alarms = false_alarms_per_day(rate, alert_per_hour, period_s)
        delay = detection_s(rate, alert_per_hour, period_s)
    return Point(
        period_s=period_s,
        lifetime_s=found.orphan_lifetime_s[0.5],
        lifetime_p99_s=found.orphan_lifetime_s[0.99],
        uniform_s=period_s * (math.log(2) if is_memoryless else 0.5),
        job_seconds_after_cancel=found.job_seconds_after_cancel,
        sweeps_per_hour=3_600 / period_s,
        orphans_per_hour=rate,
        false_alarms_per_day=alarms,
        detection_s=delay,
    )


def false_alarms_per_day(orphans_per_hour: float, alert_per_hour: float, period_s: float) -> float:
    """Return how often a day a sweep finds more than the alert allows, although all is as ever."""
    return 86_400 / period_s * _exceeds(orphans_per_hour, alert_per_hour, period_s)


def detection_s(orphans_per_hour: float, alert_per_hour: float, period_s: float) -> float:
    """Return how long it takes on average until a sweep notices that ten times as many orphans come; perhaps for ever.

    Half a period passes until the next sweep, which is not counted on; each after it notices with the same probability.
    """
    noticed = _exceeds(WORSE * orphans_per_hour, alert_per_hour, period_s)
    return math.inf if noticed <= 0 else period_s * (0.5 + 1 / noticed)


def _exceeds(orphans_per_hour: float, alert_per_hour: float, period_s: float) -> float:
    """Return how likely one sweep finds more than so many an hour would be."""
    from scipy.stats import poisson

    allowed = math.floor(alert_per_hour * period_s / 3_600)
    return float(poisson.sf(allowed, orphans_per_hour * period_s / 3_600))
