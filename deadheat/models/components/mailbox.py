"""A mailbox: messages wait in it until somebody receives them, once each.

It stands for a queue inside a process (a Go channel, `asyncio.Queue`, an Erlang mailbox), for a list in Redis (LPUSH,
BRPOP), and, made with `ordered=False` and `lossy=True`, for a network or a queueing service. Sources: the Go
specification, "Channel types" and "Send statements" (a full channel blocks, `select` with `default` gives up); Amazon
SQS Developer Guide, "Standard queues" (at least once, in no strict order); RFC 768 for what may be lost.

Not modelled: acknowledgements and redelivery (see `CeleryQueue`), priorities, messages that expire.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from deadheat.sim.freeze import freeze
from deadheat.sim.render import render
from deadheat.sim.traits import hands_work, looks, passes_work_on

__all__ = ["MESSAGE_LOSS", "MESSAGE_TWICE", "Letters", "Mailbox"]

MESSAGE_LOSS = Fault("message-loss", "a message is lost on its way", "RFC 768: delivery is not guaranteed")
MESSAGE_TWICE = Fault(
    "message-twice", "a message arrives twice", "Amazon SQS Developer Guide: Standard queues, at-least-once delivery"
)

Letters: TypeAlias = tuple[Any, ...]
"""The messages that wait: oldest first, or sorted where their order means nothing."""


class Mailbox(OneOrEach):
    """Messages that wait, any immutable values; by default in order, without loss and without limit.

    Not `ordered`: any of them may be received next. `lossy`: a message that is sent may get lost, or arrive twice, by
    the faults `message-loss` and `message-twice`. With a `capacity` there is room for no more messages than that.
    """

    initial: Letters = ()

    def __init__(
        self, name: str, *, keyed: bool = False, ordered: bool = True, lossy: bool = False, capacity: int | None = None
    ) -> None:
        super().__init__(name, keyed=keyed)
        if capacity is not None and (type(capacity) is not int or capacity < 1):
            raise ModelError(
                f"The capacity of {name!r} is {capacity!r}; give it a whole number from 1 on, or leave it out."
            )
        self.ordered = ordered
        self.lossy = lossy
        self.capacity = capacity
        self.faults = (MESSAGE_LOSS, MESSAGE_TWICE) if lossy else ()

    def describe(self, value: Letters) -> str:
        """Return the messages."""
        return ", ".join(map(render, value)) or "empty"

    @passes_work_on
    @operation
    def send(self, value: Letters, message: Any, key: str | None = None) -> Steps:
        """Send a message; wait while there is no room for it."""
        return BLOCKED if self._is_full(value) else self._sent(value, message, None)

    @passes_work_on
    @operation
    def offer(self, value: Letters, message: Any, key: str | None = None) -> Steps:
        """Send a message if there is room for it; answer whether there was."""
        return (Step(False, value),) if self._is_full(value) else self._sent(value, message, True)

    @hands_work
    @operation
    def receive(self, value: Letters, key: str | None = None) -> Steps:
        """Wait for a message; answer it, and take it out."""
        return self._taken(value)

    @hands_work
    @operation
    def poll(self, value: Letters, key: str | None = None) -> Steps:
        """Answer a message and take it out, or answer None if there is none."""
        return self._taken(value) or (Step(None, value),)

    def in_order(self, value: Letters) -> Letters:
        """Return the messages in the order in which they are kept."""
        return value if self.ordered else tuple(sorted(value, key=render))

    @looks
    @operation
    def size(self, value: Letters, key: str | None = None) -> Steps:
        """Answer how many messages wait."""
        return (Step(len(value), value),)

    @operation
    def clear(self, value: Letters, key: str | None = None) -> Steps:
        """Throw away what waits: it was in the memory of a process that is gone."""
        return (Step(None, ()),)

    def _is_full(self, value: Letters) -> bool:
        return self.capacity is not None and len(value) >= self.capacity

    def _sent(self, value: Letters, message: Any, outcome: Any) -> Steps:
        sent = Step(outcome, self._with(value, message))
        if not self.lossy:
            return (sent,)
        lost = Step(outcome, value, fault=MESSAGE_LOSS)
        if self._is_full(sent.value):
            return (sent, lost)
        return (sent, lost, Step(outcome, self._with(sent.value, message), fault=MESSAGE_TWICE))

    def _with(self, value: Letters, message: Any) -> Letters:
        every = (*value, message)
        return every if self.ordered else tuple(sorted(every, key=render))

    def _taken(self, value: Letters) -> Steps:
        """Return how the oldest can be taken out, or any; which of several that are equal makes no difference."""
        first = {freeze(each): place for place, each in reversed(list(enumerate(value)))}
        places = [0] if self.ordered and value else sorted(first.values())
        return [Step(value[each], (*value[:each], *value[each + 1 :])) for each in places]
