"""The status of evaluations: a store with atomic operations, such as one row in PostgreSQL or one Redis key each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self

from deadheat.models.faults import FAULTS, STALE_STATUS
from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.traits import looks, weaker

__all__ = ["TERMINAL", "Status", "StatusState", "StatusStore"]


class Status(StrEnum):
    """What the system says of an evaluation."""

    QUEUED = "queued"
    PROVISIONING = "provisioning"
    CANCELLED = "cancelled"
    FAILED = "failed"
    COMPLETED = "completed"


TERMINAL = (Status.CANCELLED, Status.FAILED, Status.COMPLETED)
"""The statuses that end an evaluation, those of the original analysis."""


class StatusState(NamedTuple):
    """A status, and the one before, for as long as a replica may still answer it."""

    status: Status = Status.QUEUED
    before: Status | None = None


class StatusStore(Component):
    """One status an evaluation. Reads see the last write, unless there are `replicas` and the fault `stale-status`."""

    keyed = True
    initial = StatusState()
    faults = (FAULTS[STALE_STATUS],)

    def __init__(self, name: str, *, replicas: bool = False) -> None:
        super().__init__(name)
        self.replicas = replicas

    def under(self, budgets: Mapping[str, int]) -> Self:
        """Return a store with replicas, if they may lag behind."""
        return self.altered(replicas=bool(budgets.get(STALE_STATUS)))

    def describe(self, value: StatusState) -> str:
        """Return the status."""
        return str(value.status)

    @looks
    @operation
    def get(self, value: StatusState, evaluation: str) -> Steps:
        """Answer the evaluation's status."""
        steps = [Step(value.status, value)]
        if value.before is not None:
            steps.append(Step(value.before, value, fault=STALE_STATUS))
        return steps

    @operation
    def set(self, value: StatusState, evaluation: str, status: Status) -> Steps:
        """Overwrite the status, whatever it was."""
        return (Step(None, self._written(value, status)),)

    @weaker("sets without comparing", set, told=True)
    @operation
    def compare_and_set(self, value: StatusState, evaluation: str, expected: Status, status: Status) -> Steps:
        """Set the status if it is the expected one, and answer whether it was (UPDATE ... WHERE status = ...)."""
        if value.status is not expected:
            return (Step(False, value),)
        return (Step(True, self._written(value, status)),)

    @operation
    def reset(self, value: StatusState, evaluation: str) -> Steps:
        """Begin anew: the evaluation is submitted again."""
        return (Step(None, self._written(value, Status.QUEUED)),)

    def components(self, evaluations: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the instances that hold the statuses of these evaluations."""
        return tuple(f"{self.name}/{each}" for each in evaluations)

    def status_in(self, view: Mapping[str, Any], evaluation: str) -> Status:
        """Return what an observer reads in a state."""
        state: StatusState = view[f"{self.name}/{evaluation}"]
        return state.status

    def _written(self, value: StatusState, status: Status) -> StatusState:
        return StatusState(status, value.status if self.replicas and status is not value.status else None)
