"""Publish and subscribe: whoever listens at that moment is told, and nobody else ever.

It stands for PostgreSQL's LISTEN and NOTIFY, and for Redis Pub/Sub: a message goes to the sessions that are
subscribed when it is published, in order; nothing is kept for one that is not connected, and what had not reached it
yet is lost with its connection. Sources: PostgreSQL documentation, LISTEN ("a session's listen registrations are
automatically cleared when the session ends") and NOTIFY; Redis documentation, "Pub/Sub", delivery semantics (at most
once).

A NOTIFY in a transaction is delivered when that commits: publish `atomically` with what the transaction writes.

Not modelled: a connection that is broken and whose listener is never told; what a slow listener misses otherwise than
by losing its connection; patterns. One that is not told *yet* is: a listener may be as slow as it likes.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.render import render
from deadheat.sim.traits import by_itself, hands_work, looks, passes_work_on

__all__ = ["LISTENER_LOST", "Disconnected", "Listeners", "PubSub"]

LISTENER_LOST = Fault(
    "listener-lost",
    "a listener's connection breaks, and with it all that it was not told yet",
    "PostgreSQL: LISTEN; Redis: Pub/Sub, delivery semantics",
)

Listeners: TypeAlias = FrozenMap[tuple[Any, ...]]
"""What each connected listener is yet to be told, oldest first."""


class Disconnected(NamedTuple):
    """What a listener is told that is not connected, or not any more: it has to subscribe again."""

    def __str__(self) -> str:
        return "disconnected"


class PubSub(OneOrEach):
    """One channel, with any number of listeners, each known by its name."""

    initial: Listeners = ()
    faults = (LISTENER_LOST,)

    def describe(self, value: Listeners) -> str:
        """Return who listens, and what each is yet to be told."""
        told = (
            f"{name} is to hear {', '.join(map(render, each))}" if each else f"{name} listens" for name, each in value
        )
        return "; ".join(told) or "nobody listens"

    @operation
    def subscribe(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Listen from now on (LISTEN, SUBSCRIBE); answer whether that was not so already."""
        if lookup(value, listener) is not None:
            return (Step(False, value),)
        return (Step(True, with_item(value, listener, ())),)

    @operation
    def unsubscribe(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Do not listen any more; it is also what becomes of a listener that crashes."""
        return (Step(None, without(value, listener)),)

    @passes_work_on
    @operation
    def publish(self, value: Listeners, message: Any, key: str | None = None) -> Steps:
        """Tell everybody who listens (NOTIFY, PUBLISH); answer how many they are, as Redis does."""
        return (Step(len(value), tuple((name, (*each, message)) for name, each in value)),)

    @hands_work
    @operation
    def receive(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Wait for the next message; answer it, or `Disconnected` if the listener is not connected (any more)."""
        pending = lookup(value, listener)
        if pending is None:
            return (Step(Disconnected(), value),)
        return (Step(pending[0], with_item(value, listener, pending[1:])),) if pending else BLOCKED

    @looks
    @operation
    def is_subscribed(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Answer whether a listener is connected."""
        return (Step(lookup(value, listener) is not None, value),)

    @by_itself(owed=False, fault=LISTENER_LOST)
    @operation
    def disconnect(self, value: Listeners, key: str | None = None) -> Steps:
        """The connection of a listener breaks; answer whose."""
        return [Step(name, without(value, name), fault=LISTENER_LOST) for name, _ in value]
