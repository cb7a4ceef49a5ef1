"""Redis, as far as locks, tokens and flags need it: GET, SET with NX and PX, DEL, compare-and-delete, and expiry.

Sources: Redis command reference, SET ("Patterns": a lock with an owner token, released by a script that compares
before it deletes) and EXPIRE.

Time is not modelled, so a key with a time to live may expire whenever nobody counts on it any more: when the process
that set it has crashed. While that process lives, running out of time is the fault `lease-expiry`.
"""

from __future__ import annotations

from typing import NamedTuple

from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["LEASE_EXPIRY", "Entry", "Redis"]

LEASE_EXPIRY = "lease-expiry"
"""The fault: a key's time to live runs out while the process that set it still counts on it."""


class Entry(NamedTuple):
    """A key's content. `holder` is the process that set a key with a time to live; `held` tells whether it lives."""

    content: str
    holder: str | None = None
    held: bool = False


class Redis(Component):
    """One Redis server; every command is atomic."""

    initial: FrozenMap[Entry] = ()

    def describe(self, value: FrozenMap[Entry]) -> str:
        """Return each key with its content."""
        return "; ".join(f"{key} = {entry.content}" for key, entry in value) or "no keys"

    @operation
    def get(self, value: FrozenMap[Entry], key: str) -> Steps:
        """GET: the content, or None."""
        entry = lookup(value, key)
        return (Step(entry.content if entry else None, value),)

    @operation
    def set(self, value: FrozenMap[Entry], key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content, with PX if there is a `holder`, the process that counts on it."""
        return (Step(True, with_item(value, key, Entry(content, holder, holder is not None))),)

    @operation
    def set_if_absent(self, value: FrozenMap[Entry], key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content NX (and PX if there is a `holder`); answer whether it was set."""
        if lookup(value, key) is not None:
            return (Step(False, value),)
        return (Step(True, with_item(value, key, Entry(content, holder, holder is not None))),)

    @operation
    def acquire(self, value: FrozenMap[Entry], key: str, owner: str) -> Steps:
        """Repeat SET key owner NX PX until it succeeds; the failing tries change nothing and are left out."""
        if lookup(value, key) is not None:
            return BLOCKED
        return (Step(None, with_item(value, key, Entry(owner, owner, held=True))),)

    @operation
    def delete(self, value: FrozenMap[Entry], key: str) -> Steps:
        """DEL: answer whether the key was there."""
        return (Step(lookup(value, key) is not None, without(value, key)),)

    @operation
    def delete_if_equal(self, value: FrozenMap[Entry], key: str, content: str) -> Steps:
        """Delete the key if it has this content, in one script; answer whether it had."""
        entry = lookup(value, key)
        if entry is None or entry.content != content:
            return (Step(False, value),)
        return (Step(True, without(value, key)),)

    @operation
    def expire(self, value: FrozenMap[Entry]) -> Steps:
        """Let the time to live of one key run out; answer which."""
        return [
            Step(key, without(value, key), fault=LEASE_EXPIRY if entry.held else None)
            for key, entry in value
            if entry.holder is not None
        ]

    @operation
    def forsake(self, value: FrozenMap[Entry], holder: str) -> Steps:
        """A process crashed: nobody counts on the keys that it set with a time to live."""
        return (
            Step(
                None,
                tuple((key, entry._replace(held=False) if entry.holder == holder else entry) for key, entry in value),
            ),
        )
