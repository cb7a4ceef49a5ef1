"""Redis, as far as locks, tokens and flags need it: GET, SET with NX and PX, DEL, compare-and-delete, and expiry.

Sources: Redis command reference, SET ("Patterns": a lock with an owner token, released by a script that compares
before it deletes) and EXPIRE; "Redis replication", which is asynchronous. A key carries its evaluation as a hash tag,
`lock:{e1}`, as in "Redis cluster specification", "Hash tags".

Time runs for every key that has a time to live, whoever set it: it is gone in the end. A process that set one, or for
which it was set, its *holder*, counts on it while it is at work; to run out of time then is the fault `lease-expiry`.
From when its holder has deleted or replaced it, has done its work, has crashed or is lost, nobody counts on a key any
more, and that it expires is no fault, but owed. So it is with a copy of such a key that a failover brings back.

A replica has the same clock: a key that has expired on the master does not come back by a failover.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, TypeVar

from deadheat.models.faults import FAULTS, LEASE_EXPIRY, REDIS_FAILOVER
from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.traits import by_itself, expires, looks, weaker

__all__ = ["Entry", "Keys", "Redis", "RedisState", "key_of"]


class Entry(NamedTuple):
    """A key's content. A key with a time to live has a `holder`; `held` tells whether that still counts on it."""

    content: str
    holder: str | None = None
    held: bool = False


Keys: TypeAlias = FrozenMap[Entry]
"""What a server knows."""


class RedisState(NamedTuple):
    """What the master knows; and what the replica knows, from when it lags behind, so that a failover would tell.

    `left` are the processes that are gone, or have nothing to do any more: they count on no key.
    """

    keys: Keys = ()
    replica: Keys | None = None
    left: tuple[str, ...] = ()


def key_of(purpose: str, evaluation: str) -> str:
    """Return the key for a purpose and an evaluation, such as `lock:{e1}`."""
    return f"{purpose}:{{{evaluation}}}"


class Redis(Component):
    """The keys with one hash tag; every command is atomic.

    `leases` says whether keys may have a time to live, so that somebody lets time run, and says who is gone.
    """

    keyed = True
    initial = RedisState()
    faults = (FAULTS[LEASE_EXPIRY], FAULTS[REDIS_FAILOVER])

    def __init__(self, name: str, *, leases: bool = True) -> None:
        super().__init__(name)
        self.leases = leases

    def instance_for(self, arguments: tuple[Any, ...]) -> str:
        """Return the instance that holds a key; raises ModelError for a key without a hash tag."""
        tag = str(arguments[0])
        if "{" in tag:
            tag = tag.partition("{")[2].partition("}")[0]
        elif ":" in tag:
            raise ModelError(f"The Redis key {tag!r} has no hash tag; write it with key_of(purpose, evaluation).")
        return f"{self.name}/{tag}"

    def happening(self, budgets: Mapping[str, int]) -> Iterator[operation[...]]:
        """Yield what happens by itself; no time runs where no key has a time to live."""
        yield from (each for each in super().happening(budgets) if self.leases or each.name != "expire")

    def describe(self, value: RedisState) -> str:
        """Return each key with its content, and whether the replica lags behind."""
        keys = "; ".join(f"{key} = {entry.content}" for key, entry in value.keys) or "no keys"
        return keys if value.replica is None else f"{keys} (replica lags)"

    @looks
    @operation
    def get(self, value: RedisState, key: str) -> Steps:
        """GET: the content, or None."""
        entry = lookup(value.keys, key)
        return (Step(entry.content if entry else None, value),)

    @weaker("sets without a time to live", without="holder")
    @operation
    def set(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content, with PX if there is a `holder`, the process that counts on it."""
        return (Step(True, self._with(value, key, content, holder)),)

    @weaker("sets, although it is there already", set, told=True)
    @operation
    def set_if_absent(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content NX (and PX if there is a `holder`); answer whether it was set."""
        if lookup(value.keys, key) is not None:
            return (Step(False, value),)
        return (Step(True, self._with(value, key, content, holder)),)

    @operation
    def acquire(self, value: RedisState, key: str, owner: str) -> Steps:
        """Repeat SET key owner NX PX until it succeeds; the failing tries change nothing and are left out."""
        if lookup(value.keys, key) is not None:
            return BLOCKED
        return (Step(None, self._with(value, key, owner, owner)),)

    @operation
    def delete(self, value: RedisState, key: str) -> Steps:
        """DEL: answer whether the key was there."""
        return (Step(lookup(value.keys, key) is not None, _without(value, key)),)

    @weaker("deletes whatever is there", delete)
    @operation
    def delete_if_equal(self, value: RedisState, key: str, content: str) -> Steps:
        """Delete the key if it has this content, in one script; answer whether it had."""
        entry = lookup(value.keys, key)
        if entry is None or entry.content != content:
            return (Step(False, value),)
        return (Step(True, _without(value, key)),)

    @expires
    @by_itself("expiry")
    @operation
    def expire(self, value: RedisState, tag: str) -> Steps:
        """Let the time to live of one key run out; answer which."""
        return [
            Step(key, _expired(value, key), fault=LEASE_EXPIRY if entry.held else None)
            for key, entry in value.keys
            if entry.holder is not None
        ]

    @operation
    def forsake(self, value: RedisState, tag: str, holder: str, for_good: bool = False) -> Steps:
        """A process crashed: it counts on nothing that it has set; `for_good`: nor on what is set for it later."""
        return (Step(None, _forsaken(value, holder, for_good=for_good)),)

    @operation
    def let_go(self, value: RedisState, tag: str, holder: str) -> Steps:
        """A process has done its work: wait until a key counts as held by it, and let it count on none ever after."""
        after = _forsaken(value, holder, for_good=True)
        is_needed = (after.keys, after.replica) != (value.keys, value.replica)
        return (Step(None, after),) if is_needed else BLOCKED

    @operation
    def lag(self, value: RedisState, tag: str) -> Steps:
        """From here on no write reaches the replica: the fault `redis-failover` begins."""
        return (Step(None, value._replace(replica=value.keys), fault=REDIS_FAILOVER),)

    @operation
    def fail_over(self, value: RedisState, tag: str) -> Steps:
        """The replica becomes the master: all writes since it lagged are lost, although they were acknowledged."""
        return (Step(None, RedisState(value.replica or (), left=value.left)),)

    def _with(self, value: RedisState, key: str, content: str, holder: str | None) -> RedisState:
        if holder is not None and not self.leases:
            raise ModelError(
                f"The key {key!r} is set with a time to live, but nobody lets time run; say so with leases=True in the "
                "protocol, or the addition."
            )
        entry = Entry(content, holder, held=holder is not None and holder not in value.left)
        return _without(value, key)._replace(keys=with_item(value.keys, key, entry))


def _without(value: RedisState, key: str) -> RedisState:
    """Delete a key, or make room for another content; nobody counts on the copy that a replica may have of it."""
    return value._replace(keys=without(value.keys, key), replica=_not_held(value.replica, lambda each, _: each == key))


def _expired(value: RedisState, key: str) -> RedisState:
    """Let a key run out of time, and with it an older copy that a replica has, if that has a time to live."""
    replica = value.replica
    copy = lookup(replica, key) if replica else None
    if replica and copy and copy.holder is not None:
        replica = without(replica, key)
    return value._replace(keys=without(value.keys, key), replica=replica)


def _forsaken(value: RedisState, holder: str, *, for_good: bool) -> RedisState:
    def is_meant(_: str, entry: Entry) -> bool:
        return entry.holder == holder

    left = tuple(sorted({*value.left, holder})) if for_good else value.left
    return RedisState(_not_held(value.keys, is_meant), _not_held(value.replica, is_meant), left)


SomeKeys = TypeVar("SomeKeys", Keys, Keys | None)


def _not_held(keys: SomeKeys, is_meant: Callable[[str, Entry], bool]) -> SomeKeys:
    """Return the keys, where nobody counts on those that are meant."""
    if keys is None:
        return keys
    return tuple((key, entry._replace(held=False) if is_meant(key, entry) else entry) for key, entry in keys)
