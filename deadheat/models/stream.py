"""An event stream: an ordered, durable log with one lagging subscription, such as a Redis stream or a Kafka topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from deadheat.models.status import Status
from deadheat.models.values import FrozenMap, lookup, with_item
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["EventStream", "StatusEvent", "StreamState"]


class StatusEvent(NamedTuple):
    """An evaluation entered a status."""

    evaluation: str
    status: Status


class StreamState(NamedTuple):
    """What can still matter of the log.

    `newest` is the status that the whole log gives each evaluation; `pending` are the events that the subscriber has
    yet to receive, oldest first; `received` are those that it has, sorted, since no one asks for their order.
    """

    newest: FrozenMap[Status] = ()
    pending: tuple[StatusEvent, ...] = ()
    received: tuple[StatusEvent, ...] = ()


class EventStream(Component):
    """The log of status events. An evaluation's status is what its newest event says."""

    initial = StreamState()

    def describe(self, value: StreamState) -> str:
        """Return each evaluation's status, and what the subscriber has yet to receive."""
        newest = [f"{evaluation} {status}" for evaluation, status in value.newest]
        pending = [f"{event.status} of {event.evaluation} pending" for event in value.pending]
        return "; ".join(newest + pending)

    @operation
    def append(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """XADD an event."""
        pending = (*value.pending, StatusEvent(evaluation, status))
        return (Step(None, value._replace(newest=with_item(value.newest, evaluation, status), pending=pending)),)

    @operation
    def get(self, value: StreamState, evaluation: str) -> Steps:
        """Answer the status that the whole log gives the evaluation."""
        return (Step(_status(value, evaluation), value),)

    @operation
    def receive(self, value: StreamState) -> Steps:
        """Wait for the subscriber's next event; answer it. Each comes once, in order, as late as it likes."""
        if not value.pending:
            return BLOCKED
        event, *later = value.pending
        received = tuple(sorted({*value.received, event}))
        return (Step(event, value._replace(pending=tuple(later), received=received)),)

    @operation
    def has_received(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """Answer whether the subscriber has received this event: a look into its own memory, not into the log."""
        return (Step(StatusEvent(evaluation, status) in value.received, value),)

    def components(self, evaluations: tuple[str, ...]) -> tuple[str, ...]:
        """Return the name of the log, as the one component that holds all statuses."""
        return (self.name,)

    def status_in(self, view: Mapping[str, Any], evaluation: str) -> Status:
        """Return what an observer who reads the whole log sees in a state."""
        return _status(view[self.name], evaluation)


def _status(value: StreamState, evaluation: str) -> Status:
    return lookup(value.newest, evaluation) or Status.QUEUED
