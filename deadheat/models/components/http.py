"""The HTTP channel between the workers and the dispatcher: send, deliver, handle and reply are separate steps.

Deliveries may overtake each other and are handled concurrently. A caller may give up waiting while the handler goes
on; sending again then makes a second delivery of the same request, and only the reply to the newest is heard.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.faults import FAULTS, HTTP_LOSS, HTTP_RETRY, HTTP_TIMEOUT
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.divided import DividedComponent
from deadheat.sim.operations import Operation
from deadheat.sim.traits import gives_up, hands_work, looks, passes_work_on

__all__ = ["Accepted", "Deliveries", "Delivery", "GaveUp", "HttpChannel", "Phase", "TimedOut"]


class Phase(StrEnum):
    """How far a delivery is."""

    SENT = "in flight"
    ACCEPTED = "being handled"
    REPLIED = "reply in flight"
    LOST = "lost"
    REFUSED = "connection refused"
    CLOSED = "closed"


class Delivery(NamedTuple):
    """One request on its way; `heard` tells whether its caller still waits for the reply."""

    phase: Phase
    caller: str
    heard: bool = True
    content: Any = None


Deliveries: TypeAlias = tuple[Delivery, ...]
"""The deliveries of one evaluation's requests, numbered from 1 in the order in which they were sent."""


class Accepted(NamedTuple):
    """What a handler is given: the request, and who sent it."""

    caller: str
    content: Any

    def __str__(self) -> str:
        return f"from {self.caller}" + ("" if self.content is None else f": {self.content}")


class TimedOut(NamedTuple):
    """The outcome of waiting for a response: none came in time, and the request is to be sent again."""

    def __str__(self) -> str:
        return "timed out"


class GaveUp(NamedTuple):
    """The outcome of waiting for a response: none came in time, and the caller has no patience left."""

    def __str__(self) -> str:
        return "gave up"


SINGLE = 6
"""So many deliveries are parts of their own; those after them are one."""

OF_ONE_DELIVERY = ("accept", "reply", "response", "reset", "refuse")
"""The operations that touch the delivery alone whose number is their second argument."""


class HttpChannel(DividedComponent):
    """The deliveries between the workers of one evaluation and the dispatcher."""

    keyed = True
    parts = SINGLE + 1
    initial: Deliveries = ()
    faults = (FAULTS[HTTP_LOSS], FAULTS[HTTP_RETRY], FAULTS[HTTP_TIMEOUT])

    def describe(self, value: Deliveries) -> str:
        """Return how far each delivery is."""
        return "; ".join(f"request {number} {each.phase}" for number, each in enumerate(value, start=1))

    def divided(self, value: Deliveries) -> tuple[Any, ...]:
        """Return the first deliveries, each None where there is none yet, and the tuple of all others."""
        single = value[:SINGLE]
        return (*single, *(None,) * (SINGLE - len(single)), value[SINGLE:])

    def joined(self, parts: tuple[Any, ...]) -> Deliveries:
        """Return deliveries, of which some may be None for want of being given."""
        *single, others = parts
        while single and single[-1] is None and not others:
            single.pop()
        return (*single, *others)

    def parts_touched(self, request: Operation) -> Iterable[int]:
        """Return the part of the delivery of which it is, or all."""
        if request.name not in OF_ONE_DELIVERY or request.arguments[1] < 1:
            return range(self.parts)
        return (min(request.arguments[1] - 1, SINGLE),)

    @passes_work_on
    @operation
    def send(self, value: Deliveries, evaluation: str, caller: str, content: Any) -> Steps:
        """Send a request; answer the number of its delivery. The request may be lost: the fault `http-loss`."""
        sent = Delivery(Phase.SENT, caller, content=content)
        lost = Delivery(Phase.LOST, caller)
        number = len(value) + 1
        return (Step(number, (*value, sent)), Step(number, (*value, lost), fault=HTTP_LOSS))

    @hands_work
    @operation
    def accept(self, value: Deliveries, evaluation: str, number: int) -> Steps:
        """Wait for the delivery of this number; answer its request, as `Accepted`."""
        if not 0 < number <= len(value) or _numbered(value, number).phase is not Phase.SENT:
            return BLOCKED
        delivery = _numbered(value, number)
        accepted = delivery._replace(phase=Phase.ACCEPTED, content=None)
        return (Step(Accepted(delivery.caller, delivery.content), _replace(value, number, accepted)),)

    @operation
    def reply(self, value: Deliveries, evaluation: str, number: int, response: Any) -> Steps:
        """Send the response to a delivery; it is lost if nobody listens any more, or by the fault `http-loss`."""
        delivery = _numbered(value, number)
        if not delivery.heard:
            return (Step(None, _replace(value, number, delivery._replace(phase=Phase.CLOSED, content=None))),)
        replied = delivery._replace(phase=Phase.REPLIED, content=response)
        lost = delivery._replace(phase=Phase.LOST, content=None)
        return (
            Step(None, _replace(value, number, replied)),
            Step(None, _replace(value, number, lost), fault=HTTP_LOSS),
        )

    @gives_up(TimedOut, told=GaveUp())
    @looks
    @operation
    def response(self, value: Deliveries, evaluation: str, number: int) -> Steps:
        """Wait for the response to a delivery; answer it.

        Or `TimedOut`, where the request or the reply is lost, and by the fault `http-retry`; or `GaveUp`, where the
        dispatcher is down, and by the fault `http-timeout`.
        """
        delivery = _numbered(value, number)
        closed = _replace(value, number, delivery._replace(phase=Phase.CLOSED, heard=False, content=None))
        steps = [
            Step(TimedOut(), _replace(value, number, _unheard(delivery)), fault=HTTP_RETRY),
            Step(GaveUp(), _replace(value, number, _unheard(delivery)), fault=HTTP_TIMEOUT),
        ]
        answers = {Phase.REPLIED: delivery.content, Phase.LOST: TimedOut(), Phase.REFUSED: GaveUp()}
        if delivery.phase in answers:
            steps.insert(0, Step(answers[delivery.phase], closed))
        return steps

    @operation
    def hang_up(self, value: Deliveries, evaluation: str, caller: str) -> Steps:
        """A caller is gone: what it sent goes on, but no reply is heard."""
        return (Step(None, tuple(_unheard(each) if each.caller == caller else each for each in value)),)

    @operation
    def reset(self, value: Deliveries, evaluation: str, number: int) -> Steps:
        """The handler of a delivery is gone, and will be back: the connection breaks."""
        return (Step(None, _replace(value, number, _broken(_numbered(value, number), Phase.LOST))),)

    @operation
    def refuse(self, value: Deliveries, evaluation: str, number: int) -> Steps:
        """The handler of a delivery is gone, and will not be back: the connection breaks, and none is made again."""
        return (Step(None, _replace(value, number, _broken(_numbered(value, number), Phase.REFUSED))),)


def _broken(delivery: Delivery, phase: Phase) -> Delivery:
    """Break the connection of a handler; a reply that it has sent is on its way."""
    if delivery.phase is not Phase.ACCEPTED:
        return delivery
    return delivery._replace(phase=phase if delivery.heard else Phase.CLOSED, content=None)


def _unheard(delivery: Delivery) -> Delivery:
    if delivery.phase in (Phase.SENT, Phase.ACCEPTED):
        return delivery._replace(heard=False)
    return delivery._replace(phase=Phase.CLOSED, heard=False, content=None)


def _numbered(value: Deliveries, number: int) -> Delivery:
    return value[number - 1]


def _replace(value: Deliveries, number: int, delivery: Delivery) -> Deliveries:
    return (*value[: number - 1], delivery, *value[number:])
