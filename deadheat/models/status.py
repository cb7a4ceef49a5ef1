"""The status of evaluations: a store with atomic operations, such as one row in PostgreSQL or one Redis key each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from deadheat.sim.components import Component, Step, Steps, operation

__all__ = ["TERMINAL", "Status", "StatusStore"]


class Status(StrEnum):
    """What the system says of an evaluation."""

    QUEUED = "queued"
    PROVISIONING = "provisioning"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"


TERMINAL = (Status.CANCELLED, Status.FAILED, Status.COMPLETED)
"""The statuses that end an evaluation, as in the seed's `eval_status in ["cancelled", "failed", "completed"]`."""


class StatusStore(Component):
    """One status an evaluation. Reads see the last write; there are no replicas."""

    keyed = True
    initial = Status.QUEUED

    @operation
    def get(self, value: Status, evaluation: str) -> Steps:
        """Answer the evaluation's status."""
        return (Step(value, value),)

    @operation
    def set(self, value: Status, evaluation: str, status: Status) -> Steps:
        """Overwrite the status, whatever it was."""
        return (Step(None, status),)

    @operation
    def compare_and_set(self, value: Status, evaluation: str, expected: Status, status: Status) -> Steps:
        """Set the status if it is the expected one, and answer whether it was (UPDATE ... WHERE status = ...)."""
        return (Step(value is expected, status if value is expected else value),)

    def components(self, evaluations: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the instances that hold the statuses of these evaluations."""
        return tuple(f"{self.name}/{each}" for each in evaluations)

    def status_in(self, view: Mapping[str, Any], evaluation: str) -> Status:
        """Return what an observer reads in a state."""
        status: Status = view[f"{self.name}/{evaluation}"]
        return status
