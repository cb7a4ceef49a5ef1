"""Commands of Redis on lists, as queues use them: LPUSH and RPUSH, RPOP, and BLPOP, which waits.

Source: Redis command reference. LPUSH with RPOP, and RPUSH with BLPOP, are queues: first in, first out. What was popped
is gone from Redis: if the process that popped it crashes then, nobody has it. A list without items is no key, and has
no time to live. One that only grows has no bound, as a counter has none (`redis_strings`).
"""

from __future__ import annotations

from deadheat.models.components.redis_keys import Keyspace, RedisError, RedisList, RedisState, changed
from deadheat.models.values import lookup
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.traits import hands_work, passes_work_on

__all__ = ["Lists"]


class Lists(Keyspace):
    """LPUSH, RPUSH, RPOP and BLPOP. Where the key is no list, each answers an error and changes nothing."""

    COMMANDS: tuple[str, ...] = ("lpush", "rpush", "rpop")

    @passes_work_on
    @operation
    def lpush(self, value: RedisState, key: str, content: str) -> Steps:
        """LPUSH: put an item before all others; answer how many there are."""
        found = _items_at(value, key)
        return _pushed(value, key, found if isinstance(found, RedisError) else (content, *found))

    @passes_work_on
    @operation
    def rpush(self, value: RedisState, key: str, content: str) -> Steps:
        """RPUSH: put an item behind all others; answer how many there are."""
        found = _items_at(value, key)
        return _pushed(value, key, found if isinstance(found, RedisError) else (*found, content))

    @hands_work
    @operation
    def rpop(self, value: RedisState, key: str) -> Steps:
        """RPOP: take the last item, or None if there is none."""
        found = _items_at(value, key)
        if isinstance(found, RedisError):
            return (Step(found, value),)
        if not found:
            return (Step(None, value),)
        return (Step(found[-1], changed(value, key, RedisList(found[:-1]))),)

    @hands_work
    @operation
    def blpop(self, value: RedisState, key: str) -> Steps:
        """BLPOP without a timeout: wait until there is an item, and take the first one.

        Whoever waits may be served: more than Redis promises, which serves the one that has waited longest.
        """
        found = _items_at(value, key)
        if isinstance(found, RedisError):
            return (Step(found, value),)
        return (Step(found[0], changed(value, key, RedisList(found[1:]))),) if found else BLOCKED


def _items_at(value: RedisState, key: str) -> tuple[str, ...] | RedisError:
    entry = lookup(value.keys, key)
    if entry is None:
        return ()
    return entry.content.items if isinstance(entry.content, RedisList) else RedisError.WRONG_TYPE


def _pushed(value: RedisState, key: str, items: tuple[str, ...] | RedisError) -> Steps:
    if isinstance(items, RedisError):
        return (Step(items, value),)
    return (Step(len(items), changed(value, key, RedisList(items))),)
