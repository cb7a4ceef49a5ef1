"""Redis, as far as locks, tokens and flags need it: GET, SET with NX and PX, DEL, compare-and-delete, and expiry.

Sources: Redis command reference, SET ("Patterns": a lock with an owner token, released by a script that compares
before it deletes) and EXPIRE; "Redis replication", which is asynchronous. A key carries its evaluation as a hash tag,
`lock:{e1}`, as in "Redis cluster specification", "Hash tags".

Time is not modelled, so a key with a time to live may expire whenever nobody counts on it any more: when the process
that set it has crashed. While that process lives, running out of time is the fault `lease-expiry`.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from deadheat.models.faults import LEASE_EXPIRY, REDIS_FAILOVER
from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import ModelError

__all__ = ["Entry", "Keys", "Redis", "RedisState", "key_of"]


class Entry(NamedTuple):
    """A key's content. `holder` is the process that set a key with a time to live; `held` tells whether it lives."""

    content: str
    holder: str | None = None
    held: bool = False


Keys: TypeAlias = FrozenMap[Entry]
"""What a server knows."""


class RedisState(NamedTuple):
    """What the master knows; and what the replica knows, from when it lags behind, so that a failover would tell."""

    keys: Keys = ()
    replica: Keys | None = None


def key_of(purpose: str, evaluation: str) -> str:
    """Return the key for a purpose and an evaluation, such as `lock:{e1}`."""
    return f"{purpose}:{{{evaluation}}}"


class Redis(Component):
    """The keys with one hash tag; every command is atomic."""

    keyed = True
    initial = RedisState()

    def instance_for(self, arguments: tuple[Any, ...]) -> str:
        """Return the instance that holds a key; raises ModelError for a key without a hash tag."""
        tag = str(arguments[0])
        if "{" in tag:
            tag = tag.partition("{")[2].partition("}")[0]
        elif ":" in tag:
            raise ModelError(f"The Redis key {tag!r} has no hash tag; write it with key_of(purpose, evaluation).")
        return f"{self.name}/{tag}"

    def describe(self, value: RedisState) -> str:
        """Return each key with its content, and whether the replica lags behind."""
        keys = "; ".join(f"{key} = {entry.content}" for key, entry in value.keys) or "no keys"
        return keys if value.replica is None else f"{keys} (replica lags)"

    @operation
    def get(self, value: RedisState, key: str) -> Steps:
        """GET: the content, or None."""
        entry = lookup(value.keys, key)
        return (Step(entry.content if entry else None, value),)

    @operation
    def set(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content, with PX if there is a `holder`, the process that counts on it."""
        return (Step(True, _with(value, key, Entry(content, holder, holder is not None))),)

    @operation
    def set_if_absent(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content NX (and PX if there is a `holder`); answer whether it was set."""
        if lookup(value.keys, key) is not None:
            return (Step(False, value),)
        return (Step(True, _with(value, key, Entry(content, holder, holder is not None))),)

    @operation
    def acquire(self, value: RedisState, key: str, owner: str) -> Steps:
        """Repeat SET key owner NX PX until it succeeds; the failing tries change nothing and are left out."""
        if lookup(value.keys, key) is not None:
            return BLOCKED
        return (Step(None, _with(value, key, Entry(owner, owner, held=True))),)

    @operation
    def delete(self, value: RedisState, key: str) -> Steps:
        """DEL: answer whether the key was there."""
        return (Step(lookup(value.keys, key) is not None, value._replace(keys=without(value.keys, key))),)

    @operation
    def delete_if_equal(self, value: RedisState, key: str, content: str) -> Steps:
        """Delete the key if it has this content, in one script; answer whether it had."""
        entry = lookup(value.keys, key)
        if entry is None or entry.content != content:
            return (Step(False, value),)
        return (Step(True, value._replace(keys=without(value.keys, key))),)

    @operation
    def expire(self, value: RedisState, tag: str) -> Steps:
        """Let the time to live of one key run out; answer which."""
        return [
            Step(key, value._replace(keys=without(value.keys, key)), fault=LEASE_EXPIRY if entry.held else None)
            for key, entry in value.keys
            if entry.holder is not None
        ]

    @operation
    def forsake(self, value: RedisState, tag: str, holder: str) -> Steps:
        """A process crashed: nobody counts on the keys that it set with a time to live."""
        keys = tuple(
            (key, entry._replace(held=False) if entry.holder == holder else entry) for key, entry in value.keys
        )
        return (Step(None, value._replace(keys=keys)),)

    @operation
    def lag(self, value: RedisState, tag: str) -> Steps:
        """From here on no write reaches the replica: the fault `redis-failover` begins."""
        return (Step(None, value._replace(replica=value.keys), fault=REDIS_FAILOVER),)

    @operation
    def fail_over(self, value: RedisState, tag: str) -> Steps:
        """The replica becomes the master: all writes since it lagged are lost, although they were acknowledged."""
        return (Step(None, RedisState(value.replica or ())),)


def _with(value: RedisState, key: str, entry: Entry) -> RedisState:
    return value._replace(keys=with_item(value.keys, key, entry))
