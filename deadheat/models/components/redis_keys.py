"""What a Redis server knows, and what every command that writes does to it: times to live, watches, and the replica.

Sources: Redis command reference, EXPIRE ("the timeout will only be cleared by commands that delete or overwrite the
contents of the key"); "Transactions", "Optimistic locking using check-and-set".

A value is canonical, so that what has no influence any more makes no states: a hash or list that is empty is no key,
and a client whose watch is *dirty*, because a key that it watches was written, is known by that alone, not by which key
it was, nor by how often.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from enum import Enum
from typing import Any, NamedTuple, Self, TypeAlias, TypeVar

from deadheat.models.values import FrozenMap, lookup, sorted_map, with_item, without
from deadheat.sim.components import Component
from deadheat.sim.errors import ModelError

__all__ = [
    "NOBODY",
    "Content",
    "Entry",
    "Keys",
    "Keyspace",
    "RedisError",
    "RedisHash",
    "RedisList",
    "RedisState",
    "Watch",
    "changed",
    "deleted",
    "disconnected",
    "expired",
    "forsaken",
    "key_of",
    "replaced",
    "touched",
    "without_time_to_live",
]

NOBODY = ""
"""The holder of a key with a time to live on which nobody counts."""


class RedisError(Enum):
    """An error that Redis answers; nothing was changed by the command.

    It is an outcome, because a program can catch it; but redis-py raises it as a ResponseError, so a role that asks
    whether it is true, as if it were an answer, is refused.
    """

    WRONG_TYPE = "WRONGTYPE"
    NOT_AN_INTEGER = "value is not an integer"
    OVERFLOW = "increment or decrement would overflow"

    def __bool__(self) -> bool:
        raise ModelError(
            f"Redis answers the error {self.value!r} here, and redis-py would raise it; compare the answer with "
            f"RedisError.{self.name} first, or mend what leads there."
        )


class RedisHash(NamedTuple):
    """The content of a hash."""

    fields: FrozenMap[str]

    def __str__(self) -> str:
        return "{" + ", ".join(f"{field}: {content}" for field, content in self.fields) + "}"


class RedisList(NamedTuple):
    """The content of a list, from its left end to its right."""

    items: tuple[str, ...]

    def __str__(self) -> str:
        return "[" + ", ".join(self.items) + "]"


Content: TypeAlias = str | RedisHash | RedisList


class Entry(NamedTuple):
    """A key's content. A key with a time to live has a `holder`; `held` tells whether that still counts on it."""

    content: Content
    holder: str | None = None
    held: bool = False


Keys: TypeAlias = FrozenMap[Entry]
"""What a server knows."""


class Watch(NamedTuple):
    """What a client has asked for by WATCH: the keys, in order; none any more once one of them was written."""

    keys: tuple[str, ...] = ()
    is_dirty: bool = False


class RedisState(NamedTuple):
    """What the master knows; and what the replica knows, from when it lags behind, so that a failover would tell.

    `left` are the processes that are gone, or have nothing to do any more: they count on no key. `watches` are by
    client.
    """

    keys: Keys = ()
    replica: Keys | None = None
    left: tuple[str, ...] = ()
    watches: FrozenMap[Watch] = ()


def key_of(purpose: str, evaluation: str) -> str:
    """Return the key for a purpose and an evaluation, such as `lock:{e1}`."""
    return f"{purpose}:{{{evaluation}}}"


class Keyspace(Component):
    """The keys with one hash tag.

    `leases` says whether keys may have a time to live, so that somebody lets time run, and says who is gone.
    """

    COMMANDS: tuple[str, ...] = ()

    keyed = True
    initial = RedisState()

    holders: frozenset[str] | None = None
    """The names of those who may count on a key, if it is known who there is."""

    def __init__(self, name: str, *, leases: bool = True) -> None:
        super().__init__(name)
        self.leases = leases

    def among(self, names: frozenset[str]) -> Self:
        """Return it where processes and nodes have these names: nobody else can count on a key."""
        other = copy(self)
        other.holders = names
        return other

    def in_order(self, value: RedisState) -> RedisState:
        """Return it with keys, clients and names in their order."""
        watches = ((client, watch._replace(keys=tuple(sorted(watch.keys)))) for client, watch in value.watches)
        return RedisState(
            _in_order(value.keys),
            None if value.replica is None else _in_order(value.replica),
            tuple(sorted(value.left)),
            sorted_map(tuple(watches)),
        )

    def instance_for(self, arguments: tuple[Any, ...]) -> str:
        """Return the instance that holds a key; raises ModelError for a key without a hash tag."""
        tag = str(arguments[0])
        if "{" in tag:
            tag = tag.partition("{")[2].partition("}")[0]
        elif ":" in tag:
            raise ModelError(f"The Redis key {tag!r} has no hash tag; write it with key_of(purpose, evaluation).")
        return f"{self.name}/{tag}"

    def is_command(self, name: str) -> bool:
        """Return whether an operation is one command, or script, that never waits: as a transaction or script takes it.

        Each class says so of its own in `COMMANDS`.
        """
        return any(name in vars(each).get("COMMANDS", ()) for each in type(self).__mro__)

    def held_entry(self, value: RedisState, key: str, content: Content, holder: str | None) -> Entry:
        """Return the entry for a key that a holder counts on, if there is one; raises ModelError where no time runs."""
        if holder is not None and not self.leases:
            raise ModelError(
                f"The key {key!r} is set with a time to live, but nobody lets time run; say so with leases=True in the "
                "protocol, or the addition."
            )
        if holder and self.holders is not None and holder not in self.holders:
            raise ModelError(
                f"The key {key!r} is held by {holder!r}, and there is no such process or node, so nobody would notice "
                "when that is gone; give it the name of the process that asks, or of its node, or no holder."
            )
        return Entry(content, holder, held=holder not in (None, NOBODY, *value.left))


def _in_order(keys: Keys) -> Keys:
    hashes = (
        (key, entry._replace(content=RedisHash(sorted_map(entry.content.fields))))
        if isinstance(entry.content, RedisHash)
        else (key, entry)
        for key, entry in keys
    )
    return sorted_map(tuple(hashes))


def replaced(value: RedisState, key: str, entry: Entry) -> RedisState:
    """Write a key anew; nobody counts on the copy that a replica may have of it."""
    after = _copy_let_go(value, key)
    return touched(after._replace(keys=with_item(after.keys, key, entry)), key)


def changed(value: RedisState, key: str, content: Content) -> RedisState:
    """Write the content of a key, which keeps its time to live; a hash or list that is empty is deleted."""
    if isinstance(content, tuple) and not content[0]:
        return deleted(value, key)
    entry = lookup(value.keys, key) or Entry(content)
    return touched(value._replace(keys=with_item(value.keys, key, entry._replace(content=content))), key)


def deleted(value: RedisState, key: str) -> RedisState:
    """Delete a key, if it is there; nobody counts on the copy that a replica may have of it."""
    after = _copy_let_go(value, key)
    if lookup(value.keys, key) is None:
        return after
    return touched(after._replace(keys=without(after.keys, key)), key)


def expired(value: RedisState, key: str) -> RedisState:
    """Let a key run out of time, and with it an older copy that a replica has, if that has a time to live."""
    replica = value.replica
    copy = lookup(replica, key) if replica else None
    if replica and copy and copy.holder is not None:
        replica = without(replica, key)
    return touched(value._replace(keys=without(value.keys, key), replica=replica), key)


def without_time_to_live(value: RedisState, key: str) -> RedisState:
    """Return what a server would know if a key, where it is there, had no time to live."""
    entry = lookup(value.keys, key)
    return value if entry is None else value._replace(keys=with_item(value.keys, key, Entry(entry.content)))


def forsaken(value: RedisState, holder: str, *, for_good: bool) -> RedisState:
    """Let a process that is gone, or has done its work, count on nothing; its connections are gone, too."""

    def is_meant(_: str, entry: Entry) -> bool:
        return entry.holder == holder

    left = tuple(sorted({*value.left, holder})) if for_good else value.left
    keys, replica = _not_held(value.keys, is_meant), _not_held(value.replica, is_meant)
    return disconnected(RedisState(keys, replica, left, value.watches), holder)


def touched(value: RedisState, key: str) -> RedisState:
    """Tell the clients that watch a key that it was written; which others they watch does not matter any more."""
    if not value.watches:
        return value
    told = ((client, Watch(is_dirty=True) if key in watch.keys else watch) for client, watch in value.watches)
    return value._replace(watches=tuple(told))


def disconnected(value: RedisState, client: str) -> RedisState:
    """Let a client watch nothing."""
    return value._replace(watches=without(value.watches, client)) if value.watches else value


SomeKeys = TypeVar("SomeKeys", Keys, Keys | None)


def _copy_let_go(value: RedisState, key: str) -> RedisState:
    return value._replace(replica=_not_held(value.replica, lambda each, _: each == key))


def _not_held(keys: SomeKeys, is_meant: Callable[[str, Entry], bool]) -> SomeKeys:
    """Return the keys, where nobody counts on those that are meant."""
    if keys is None:
        return keys
    return tuple((key, entry._replace(held=False) if is_meant(key, entry) else entry) for key, entry in keys)
