"""An event stream: an ordered, durable log with one lagging subscription, such as a Redis stream or a Kafka topic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from deadheat.models.status import Status
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["EventStream", "StatusEvent", "StreamState"]


class StatusEvent(NamedTuple):
    """An evaluation entered a status."""

    evaluation: str
    status: Status


class StreamState(NamedTuple):
    """All events, oldest first, and how many of them the subscriber has received."""

    events: tuple[StatusEvent, ...] = ()
    received: int = 0


class EventStream(Component):
    """The log of status events. An evaluation's status is what its newest event says."""

    initial = StreamState()

    @operation
    def append(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """XADD an event."""
        return (Step(None, value._replace(events=(*value.events, StatusEvent(evaluation, status)))),)

    @operation
    def get(self, value: StreamState, evaluation: str) -> Steps:
        """Answer the status that the whole log gives the evaluation."""
        return (Step(_status(value, evaluation), value),)

    @operation
    def receive(self, value: StreamState) -> Steps:
        """Wait for the subscriber's next event; answer it. Each comes once, in order, as late as it likes."""
        if value.received == len(value.events):
            return BLOCKED
        return (Step(value.events[value.received], value._replace(received=value.received + 1)),)

    @operation
    def has_received(self, value: StreamState, evaluation: str, status: Status) -> Steps:
        """Answer whether the subscriber has received this event: a look into its own memory, not into the log."""
        return (Step(StatusEvent(evaluation, status) in value.events[: value.received], value),)

    def components(self, evaluations: tuple[str, ...]) -> tuple[str, ...]:
        """Return the name of the log, as the one component that holds all statuses."""
        return (self.name,)

    def status_in(self, view: Mapping[str, Any], evaluation: str) -> Status:
        """Return what an observer who reads the whole log sees in a state."""
        return _status(view[self.name], evaluation)


def _status(value: StreamState, evaluation: str) -> Status:
    return next((each.status for each in reversed(value.events) if each.evaluation == evaluation), Status.QUEUED)
