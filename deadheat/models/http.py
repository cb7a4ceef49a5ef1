"""The HTTP channel between the worker and the dispatcher: send, deliver, handle and reply are separate steps.

Deliveries may overtake each other and are handled concurrently. A caller may give up waiting while the handler goes
on; sending again then makes a second delivery of the same request, and only the reply to the newest is heard.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["HTTP_RETRY", "Delivery", "HttpChannel", "Phase", "TimedOut"]

HTTP_RETRY = "http-retry"
"""The fault: the caller's patience ends and its client sends the request again."""


class Phase(StrEnum):
    """How far a delivery is."""

    SENT = "in flight"
    ACCEPTED = "being handled"
    REPLIED = "reply in flight"
    CLOSED = "closed"


class Delivery(NamedTuple):
    """One request on its way; `heard` tells whether its caller still waits for the reply."""

    phase: Phase
    heard: bool = True
    content: Any = None


class TimedOut(NamedTuple):
    """The outcome of a reply that did not come in time."""


class HttpChannel(Component):
    """The deliveries of one evaluation's requests, numbered from 0 in the order in which they were sent."""

    keyed = True
    initial: tuple[Delivery, ...] = ()

    def describe(self, value: tuple[Delivery, ...]) -> str:
        """Return how far each delivery is."""
        return "; ".join(f"request {number} {each.phase}" for number, each in enumerate(value, start=1))

    @operation
    def send(self, value: tuple[Delivery, ...], evaluation: str, request: Any) -> Steps:
        """Send a request; answer the number of its delivery."""
        return (Step(len(value), (*value, Delivery(Phase.SENT, content=request))),)

    @operation
    def accept(self, value: tuple[Delivery, ...], evaluation: str, number: int) -> Steps:
        """Wait for the delivery of this number; answer its request."""
        if number >= len(value) or value[number].phase is not Phase.SENT:
            return BLOCKED
        accepted = value[number]._replace(phase=Phase.ACCEPTED, content=None)
        return (Step(value[number].content, _replace(value, number, accepted)),)

    @operation
    def reply(self, value: tuple[Delivery, ...], evaluation: str, number: int, response: Any) -> Steps:
        """Send the response to a delivery; it is lost if nobody listens any more."""
        phase, content = (Phase.REPLIED, response) if value[number].heard else (Phase.CLOSED, None)
        replied = value[number]._replace(phase=phase, content=content)
        return (Step(None, _replace(value, number, replied)),)

    @operation
    def response(self, value: tuple[Delivery, ...], evaluation: str, number: int) -> Steps:
        """Wait for the response to a delivery; answer it, or `TimedOut`, which is the fault `http-retry`."""
        steps = [Step(TimedOut(), _replace(value, number, _unheard(value[number])), fault=HTTP_RETRY)]
        if value[number].phase is Phase.REPLIED:
            steps.insert(0, Step(value[number].content, _replace(value, number, Delivery(Phase.CLOSED, heard=False))))
        return steps

    @operation
    def hang_up(self, value: tuple[Delivery, ...], evaluation: str) -> Steps:
        """The caller is gone: what it sent goes on, but no reply is heard."""
        return (Step(None, tuple(_unheard(each) for each in value)),)


def _unheard(delivery: Delivery) -> Delivery:
    if delivery.phase is Phase.REPLIED:
        return Delivery(Phase.CLOSED, heard=False)
    return delivery._replace(heard=False)


def _replace(value: tuple[Delivery, ...], number: int, delivery: Delivery) -> tuple[Delivery, ...]:
    return (*value[:number], delivery, *value[number + 1 :])
