"""Commands of Redis on strings, and on the time to live of any key, beyond those that every lock needs.

Source: Redis command reference, the command named in each operation.

A counter that INCR makes greater for ever takes on new values for ever, and a search does not end: it stops at
its bound on values, inconclusive, and names the component. Let the protocol bound it, as the real one does: a role that
counts attempts gives up after so many, a token is asked for once by each process, and a DEL or SET begins anew. (Redis
itself has a bound that no search reaches: 64 bits.)
"""

from __future__ import annotations

from deadheat.models.components.redis_keys import (
    NOBODY,
    Entry,
    Keyspace,
    RedisError,
    RedisState,
    changed,
    deleted,
    replaced,
)
from deadheat.models.values import lookup, with_item
from deadheat.sim.components import Step, Steps, operation

__all__ = ["Strings", "string_at"]

INTEGER_MAX = 2**63 - 1


def string_at(value: RedisState, key: str) -> str | RedisError | None:
    """Return the string under a key, None where there is nothing, or the error where there is something else."""
    entry = lookup(value.keys, key)
    if entry is None:
        return None
    return entry.content if isinstance(entry.content, str) else RedisError.WRONG_TYPE


class Strings(Keyspace):
    """SET with GET and with KEEPTTL, GETDEL, INCR, PEXPIRE and PERSIST."""

    COMMANDS: tuple[str, ...] = ("set_get", "set_keepttl", "getdel", "incr", "pexpire", "persist")

    @operation
    def set_get(self, value: RedisState, key: str, content: str, holder: str | None = None) -> Steps:
        """SET key content GET, with PX if there is a `holder`; answer what was there, or None.

        Where that is no string it is not set, and the answer is an error.
        """
        before = string_at(value, key)
        if before is RedisError.WRONG_TYPE:
            return (Step(before, value),)
        return (Step(before, replaced(value, key, self.held_entry(value, key, content, holder))),)

    @operation
    def set_keepttl(self, value: RedisState, key: str, content: str) -> Steps:
        """SET key content KEEPTTL: whoever counted on the key goes on doing so."""
        return (Step(True, changed(value, key, content)),)

    @operation
    def getdel(self, value: RedisState, key: str) -> Steps:
        """GETDEL: the content, or None; it is gone then. What is no string stays, and the answer is an error."""
        content = string_at(value, key)
        return (Step(content, deleted(value, key) if isinstance(content, str) else value),)

    @operation
    def incr(self, value: RedisState, key: str) -> Steps:
        """INCR: the number under the key, which is 0 if there is none, plus one. Its time to live stays.

        What is no integer of 64 bits, written as Redis writes it, stays, and the answer is an error.
        """
        content = string_at(value, key)
        if isinstance(content, RedisError):
            return (Step(content, value),)
        number = 0 if content is None else _integer(content)
        if number is None:
            return (Step(RedisError.NOT_AN_INTEGER, value),)
        if number == INTEGER_MAX:
            return (Step(RedisError.OVERFLOW, value),)
        return (Step(number + 1, changed(value, key, str(number + 1))),)

    @operation
    def pexpire(self, value: RedisState, key: str, holder: str = NOBODY) -> Steps:
        """EXPIRE or PEXPIRE: give the key a time to live, on which `holder` counts from now on; answer if it is there.

        Whoever counted on it before does not any more; but its holder that renews it counts on a replica's copy, too.
        """
        entry = lookup(value.keys, key)
        if entry is None:
            return (Step(False, value),)
        after = self.held_entry(value, key, entry.content, holder)
        if entry.holder == holder:
            return (Step(True, _with_entry(value, key, after)),)
        return (Step(True, replaced(value, key, after)),)

    @operation
    def persist(self, value: RedisState, key: str) -> Steps:
        """PERSIST: the key lives on; answer whether it had a time to live. A copy that a replica has still has one."""
        entry = lookup(value.keys, key)
        if entry is None or entry.holder is None:
            return (Step(False, value),)
        return (Step(True, _with_entry(value, key, Entry(entry.content))),)


def _with_entry(value: RedisState, key: str, entry: Entry) -> RedisState:
    """Write the time to live of a key, and leave a replica's copy as it is."""
    return changed(value._replace(keys=with_item(value.keys, key, entry)), key, entry.content)


def _integer(content: str) -> int | None:
    """Return an integer of 64 bits that is written as Redis writes it, without blanks, signs or zeros too many."""
    try:
        number = int(content)
    except ValueError:
        return None
    return number if str(number) == content and -INTEGER_MAX - 1 <= number <= INTEGER_MAX else None
