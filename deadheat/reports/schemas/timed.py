"""The outputs of what runs in time: simulate, migrate and latencies."""

from __future__ import annotations

from typing import Literal

import msgspec

from deadheat.reports.schemas.form import Faults, Form

__all__ = ["Latencies", "Migrate", "Simulate"]


class Estimate(msgspec.Struct):
    """A number with its interval of 95%; without a value it is the least and the greatest. Null is without a limit."""

    estimate: float | None
    low: float | None
    high: float | None


class Quantiles(msgspec.Struct):
    """The median and two more, in seconds; null where there is nothing to be measured."""

    p50: Estimate | None
    p90: Estimate | None
    p99: Estimate | None


class SimulateResult(msgspec.Struct):
    """What was found of one protocol; `cancellations` is 0 where nothing was sampled.

    Where no run had an orphan, how rare they are is estimated `by_splitting`; where that is worth nothing, it has
    failed, and no more is known than that no run had one.
    """

    protocol: str
    method: Literal["exact", "kernel", "simpy"]
    faults: Faults
    cancellations: int
    orphans_per_million: Estimate
    false_answers_per_million: Estimate
    wanted_lost_per_million: Estimate
    orphan_lifetime_s: Quantiles
    job_seconds_after_cancel: Estimate
    cancel_to_gone_s: Quantiles
    calls: Estimate
    extra_calls: float | None
    to_job_s: Estimate
    extra_to_job_s: float | None
    cost: Estimate | None
    orphans_per_day: Estimate | None
    cost_per_day: Estimate | None
    chosen: list[str]
    by_splitting: bool
    splitting_failed: bool


class ComparisonResult(msgspec.Struct):
    """By how much the second of two protocols differs from the first, in the same runs, and how sure that is.

    Of a million runs so many leave an orphan; or it is there for so many seconds of a run.
    """

    measure: Literal["orphans", "orphan-seconds"]
    first: str
    second: str
    better: str | None
    difference: Estimate
    confidence: float


class CurvePoint(msgspec.Struct):
    """What one period of the cleanup comes to; null is what could not be said, or has no limit.

    `uniform_s` is the median lifetime while nothing but the cleanup ends an orphan, in closed form.
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


class LikelyStep(msgspec.Struct):
    """How likely a violation is after a step of its counterexample; without a process it is the start."""

    process: str | None
    step: str | None
    least: float
    greatest: float


class Simulate(Form):
    """What `deadheat simulate --json` prints; with `--curve` or `--along` that alone."""

    deadheat: str
    profile: str | None
    seed: int | None
    results: list[SimulateResult]
    comparisons: list[ComparisonResult]
    curve: list[CurvePoint] | None
    along: list[LikelyStep] | None


class MigratePhase(msgspec.Struct):
    """A phase: what holds in it, and what it comes to in time."""

    phase: int
    name: str
    protocol: str
    holds: list[str]
    violated: list[str]
    undecided: list[str]
    orphans_per_million: Estimate
    orphan_lifetime_s: Quantiles
    job_seconds_after_cancel: Estimate
    extra_calls: float | None
    cost: Estimate | None


class MigrateStep(msgspec.Struct):
    """The way from one phase to the next, and what is lost by it; null is not decided. `from` is a word of Python."""

    from_: int = msgspec.field(name="from")
    to: int
    safe: bool | None
    safe_orders: list[list[str]]
    lost: list[str]


class MigrateCondition(msgspec.Struct):
    """What must be true before the cleanup may be removed; null is for people to say."""

    text: str
    met: bool | None


class MigrateResult(msgspec.Struct):
    """The whole path."""

    from_: str = msgspec.field(name="from")
    to: str
    faults: Faults
    bound_per_million: float | None
    phases: list[MigratePhase]
    between: list[MigrateStep]
    conditions: list[MigrateCondition]
    may_remove_cleanup: bool | None


class Migrate(Form):
    """What `deadheat migrate --json` prints."""

    deadheat: str
    results: list[MigrateResult]


class FittedLaw(msgspec.Struct):
    """The law of a step; without one, what was measured, in seconds. `likely`: how well it fits."""

    name: str
    measured: int
    law: str | None
    likely: float | None
    samples_s: list[float]


class Latencies(Form):
    """What `deadheat latencies --json` prints."""

    deadheat: str
    results: list[FittedLaw]
