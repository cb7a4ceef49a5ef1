"""Publish and subscribe: whoever listens at that moment is told, and nobody else ever.

It stands for PostgreSQL's LISTEN and NOTIFY, and for Redis Pub/Sub: a message goes to the sessions that are subscribed
when it is published, in order; nothing is kept for one that is not connected. What had been sent to a listener as its
connection broke may still reach it, up to some message, or not. Sources: PostgreSQL documentation, LISTEN ("a session's
listen registrations are automatically cleared when the session ends") and NOTIFY; Redis documentation, "Pub/Sub",
delivery semantics (at most once).

A NOTIFY in a transaction is delivered when that commits: publish `atomically` with what the transaction writes.

Not modelled: a connection that is broken and whose listener is never told; what a slow listener misses otherwise than
by losing its connection; patterns. One that is not told *yet* is: a listener may be as slow as it likes.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.values import FrozenMap, lookup, sorted_map, with_item, without
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.render import render
from deadheat.sim.traits import by_itself, hands_work, looks, passes_work_on

__all__ = ["LISTENER_LOST", "Disconnected", "Listener", "Listeners", "PubSub"]

LISTENER_LOST = Fault(
    "listener-lost",
    "a listener's connection breaks, perhaps with what it was about to be told",
    "PostgreSQL: LISTEN; Redis: Pub/Sub, delivery semantics",
)


class Listener(NamedTuple):
    """What a listener is yet to be told, oldest first; and whether it is connected, and will be told more."""

    pending: tuple[Any, ...] = ()
    is_connected: bool = True


Listeners: TypeAlias = FrozenMap[Listener]
"""Who is connected, and who has yet to hear what was sent before its connection broke."""


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
        return "; ".join(_describe(name, each) for name, each in value) or "nobody listens"

    def in_order(self, value: Listeners) -> Listeners:
        """Return the listeners in the order of their names."""
        return sorted_map(value)

    @operation
    def subscribe(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Listen from now on (LISTEN, SUBSCRIBE), if need be on a new connection; answer whether that was not so."""
        known = lookup(value, listener)
        if known is not None and known.is_connected:
            return (Step(False, value),)
        return (Step(True, with_item(value, listener, Listener())),)

    @operation
    def unsubscribe(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Do not listen any more; it is also what becomes of a listener that crashes."""
        return (Step(None, without(value, listener)),)

    @passes_work_on
    @operation
    def publish(self, value: Listeners, message: Any, key: str | None = None) -> Steps:
        """Tell everybody who listens (NOTIFY, PUBLISH); answer how many they are, as Redis does."""
        told = tuple((name, _told(each, message)) for name, each in value)
        return (Step(sum(each.is_connected for _, each in value), told),)

    @hands_work
    @operation
    def receive(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Wait for the next message; answer it, or `Disconnected` if the listener is not connected (any more)."""
        known = lookup(value, listener)
        if known is None:
            return (Step(Disconnected(), value),)
        if not known.pending:
            return BLOCKED
        heard, *later = known.pending
        return (Step(heard, _with(value, listener, known._replace(pending=tuple(later)))),)

    @looks
    @operation
    def is_subscribed(self, value: Listeners, listener: str, key: str | None = None) -> Steps:
        """Answer whether a listener is connected."""
        known = lookup(value, listener)
        return (Step(known is not None and known.is_connected, value),)

    @by_itself(owed=False, fault=LISTENER_LOST)
    @operation
    def disconnect(self, value: Listeners, key: str | None = None) -> Steps:
        """The connection of a listener breaks, with what it was yet to be told, or the latest of it; answer whose."""
        return [
            Step(name, _with(value, name, Listener(each.pending[:heard], False)), fault=LISTENER_LOST)
            for name, each in value
            if each.is_connected
            for heard in range(len(each.pending) + 1)
        ]


def _told(listener: Listener, message: Any) -> Listener:
    return listener._replace(pending=(*listener.pending, message)) if listener.is_connected else listener


def _with(value: Listeners, name: str, listener: Listener) -> Listeners:
    """Return the listeners with this one; one that is not connected and has nothing to hear is left out."""
    return with_item(value, name, listener) if listener.is_connected or listener.pending else without(value, name)


def _describe(name: str, listener: Listener) -> str:
    to_hear = f" is to hear {', '.join(map(render, listener.pending))}" if listener.pending else " listens"
    return name + to_hear + ("" if listener.is_connected else ", disconnected")
