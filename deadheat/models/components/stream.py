"""An event stream: an ordered, durable log with a lagging subscription, such as a Kafka topic or Redis streams.

Events are partitioned by evaluation, and ordered within a partition. Sources: Kafka documentation, "Introduction",
topics and partitions; Redis documentation, "Streams".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from deadheat.models.components.status import Status
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.traits import hands_work, looks

__all__ = ["EventStream", "StreamState"]


class StreamState(NamedTuple):
    """What can still matter of one evaluation's part of the log.

    `status` is what its newest event says; `pending` are the events that the subscriber has yet to receive, oldest
    first; `received` are those that it has, sorted, since no one asks for their order.
    """

    status: Status = Status.QUEUED
    pending: tuple[Status, ...] = ()
    received: tuple[Status, ...] = ()


class EventStream(Component):
    """The log of status events. An evaluation's status is what its newest event says."""

    keyed = True
    initial = StreamState()

    def describe(self, value: StreamState) -> str:
        """Return the status, and what the subscriber has yet to receive."""
        return "; ".join([value.status, *(f"{status} pending" for status in value.pending)])

    @operation
    def append(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """Append the event that the evaluation enters this status."""
        return (self._appended(value, status),)

    @looks
    @operation
    def get(self, value: StreamState, evaluation: str) -> Steps:
        """Answer the status that the whole log gives the evaluation."""
        return (Step(value.status, value),)

    @hands_work
    @operation
    def receive(self, value: StreamState, evaluation: str) -> Steps:
        """Wait for the subscriber's next event; answer it. Each comes once, in order, as late as it likes.

        Once it has received that the evaluation is queued, it forgets what it received of it before.
        """
        if not value.pending:
            return BLOCKED
        event, *later = value.pending
        received = () if event is Status.QUEUED else tuple(sorted({*value.received, event}))
        return (Step(event, value._replace(pending=tuple(later), received=received)),)

    @looks
    @operation
    def has_received(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """Answer whether the subscriber has received this event: a look into its own memory, not into the log."""
        return (Step(status in value.received, value),)

    @operation
    def reset(self, value: StreamState, evaluation: str) -> Steps:
        """Append the event that the evaluation is queued again, of which the subscriber is told like of any other."""
        return (self._appended(value, Status.QUEUED),)

    def components(self, evaluations: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of the instances that hold the statuses of these evaluations."""
        return tuple(f"{self.name}/{each}" for each in evaluations)

    def status_in(self, view: Mapping[str, Any], evaluation: str) -> Status:
        """Return what an observer who reads the whole log sees in a state."""
        state: StreamState = view[f"{self.name}/{evaluation}"]
        return state.status

    @staticmethod
    def _appended(value: StreamState, status: Status) -> Step:
        return Step(None, value._replace(status=status, pending=(*value.pending, status)))
