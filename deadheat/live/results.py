"""What a live command says: one result a property, or one for all schedules that were drawn."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["JobSeen", "LiveOutcome", "LiveResult"]


class LiveOutcome(StrEnum):
    """Whether the real servers did what the model did.

    CONFIRMED: a counterexample happened there. AGREES: schedules of a protocol that holds ended as in the model.
    """

    CONFIRMED = "confirmed"
    DIVERGED = "diverged"
    AGREES = "agrees"


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A real Job. `phase` says how far it is."""

    name: str
    uid: str
    evaluation: str
    phase: str


@dataclass(frozen=True, slots=True)
class LiveResult:
    """What came of forcing schedules on real servers.

    `step`, `expected` and `got` tell of a difference; `violation` is what the real servers show, in a phrase, with
    the Job and the `status` of its evaluation. What `unobserved` components hold at the end is what the model
    says, since their adapters cannot tell. `steps` counts those that were made, in `schedules` schedules.
    """

    protocol: str
    property: str | None
    outcome: LiveOutcome
    steps: int
    schedules: int = 1
    step: int | None = None
    expected: str | None = None
    got: str | None = None
    violation: str | None = None
    job: JobSeen | None = None
    status: str | None = None
    overhead_ms_median: float = 0.0
    unobserved: tuple[str, ...] = ()
