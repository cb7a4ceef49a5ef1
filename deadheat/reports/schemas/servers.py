"""The outputs about real servers and their logs: list operations, conform, live and cleanup."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from deadheat.reports.schemas.form import Form

__all__ = ["CleanupLine", "Conform", "Live", "Operations", "Stress"]


class Argument(msgspec.Struct):
    """An argument of an operation."""

    name: str
    types: list[str]
    optional: bool


class OperationResult(msgspec.Struct):
    """An operation that a log may tell of."""

    component: str
    operation: str
    meaning: str
    arguments: list[Argument]
    processes: list[str]
    outcomes: list[Any]
    example: dict[str, Any]


class Operations(Form):
    """What `deadheat list operations --json` prints."""

    deadheat: str
    results: list[OperationResult]


class AllowedStep(msgspec.Struct):
    """What the model allows where a log says something else."""

    step: str
    differs_in: list[str]
    line: int | None
    why: str | None


class Furthest(msgspec.Struct):
    """How far the model gets with a log, and what it allows there."""

    matched: list[int]
    line: int
    event: str
    allowed: list[AllowedStep]


class Unexplained(msgspec.Struct):
    """An evaluation that no run explains."""

    evaluation: str
    furthest: list[Furthest]


class PropertyFinding(msgspec.Struct):
    """An evaluation in which a property does not hold, or is open."""

    evaluation: str
    verdict: str
    violation: str | None
    line: int | None


class PropertyInRun(msgspec.Struct):
    """What can be said of a property in the runs that a log tells of."""

    property: str
    meaning: str
    verdict: Literal["violated", "violated-in-some", "undecided", "holds"]
    findings: list[PropertyFinding]


class ConformResult(msgspec.Struct):
    """Whether the model explains a log."""

    protocol: str
    outcome: Literal["diverged", "agrees", "vacuous"]
    evaluations: int
    events: int
    evaluation: str | None
    line: int | None
    event: str | None
    allowed: list[str]
    unexplained: list[Unexplained]
    properties: list[PropertyInRun]
    not_judged: list[str]


class Conform(Form):
    """What `deadheat conform --json` prints."""

    deadheat: str
    results: list[ConformResult]


class Job(msgspec.Struct, kw_only=True):
    """A real Job; its evaluation's `status` is there in the results of `live stress` alone."""

    name: str
    uid: str
    evaluation: str
    phase: str
    status: str | UnsetType | None = UNSET


class LiveResult(msgspec.Struct):
    """What came of forcing schedules on real servers."""

    protocol: str
    property: str | None
    outcome: Literal["confirmed", "diverged", "agrees"]
    steps: int
    schedules: int
    step: int | None
    expected: str | None
    got: str | None
    violation: str | None
    job: Job | None
    status: str | None
    overhead_ms_median: float
    unobserved: list[str]


class Live(Form):
    """What `deadheat live replay --json` and `deadheat live check --json` print."""

    deadheat: str
    results: list[LiveResult]


class StressResult(msgspec.Struct):
    """How often cancellations left an orphan."""

    protocol: str
    outcome: str
    cancellations: int
    orphans: int
    orphans_left: int
    per_thousand: float
    per_thousand_low: float
    per_thousand_high: float
    lived_s: list[float]
    jobs: list[Job]
    seconds: float
    trace: str


class Stress(Form):
    """What `deadheat live stress --json` prints."""

    deadheat: str
    results: list[StressResult]


class CleanupLine(Form):
    """One line of `deadheat cleanup --json`; which of the other keys it has depends on its event."""

    event: str
    time: str
    namespace: str
    job: str | UnsetType | None = UNSET
    uid: str | UnsetType = UNSET
    evaluation: str | UnsetType | None = UNSET
    status: str | UnsetType = UNSET
    why: str | UnsetType | None = UNSET
    healthy: bool | UnsetType = UNSET
    complaints: list[str] | UnsetType = UNSET
    error: str | UnsetType | None = UNSET
    interrupted: bool | UnsetType = UNSET
    orphans: int | UnsetType = UNSET
    deleted: int | UnsetType = UNSET
    fates: dict[str, int] | UnsetType = UNSET
    jobs: dict[str, int] | UnsetType = UNSET
    statuses: dict[str, int] | UnsetType = UNSET
    unknown_words: dict[str, int] | UnsetType = UNSET
