"""Commands of Redis on hashes: HSET, HGET and HDEL.

Source: Redis command reference. A hash without fields is no key, and has no time to live.
"""

from __future__ import annotations

from deadheat.models.components.redis_keys import Keyspace, RedisError, RedisHash, RedisState, changed
from deadheat.models.values import lookup, with_item, without
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.traits import looks

__all__ = ["Hashes"]


class Hashes(Keyspace):
    """HSET, HGET and HDEL. Where the key is no hash, each answers an error and changes nothing."""

    COMMANDS: tuple[str, ...] = ("hset", "hget", "hdel")

    @operation
    def hset(self, value: RedisState, key: str, field: str, content: str) -> Steps:
        """HSET: answer whether the field is new. The key's time to live stays."""
        found = _hash_at(value, key)
        if isinstance(found, RedisError):
            return (Step(found, value),)
        after = changed(value, key, RedisHash(with_item(found.fields, field, content)))
        return (Step(lookup(found.fields, field) is None, after),)

    @looks
    @operation
    def hget(self, value: RedisState, key: str, field: str) -> Steps:
        """HGET: the content of the field, or None."""
        found = _hash_at(value, key)
        return (Step(found if isinstance(found, RedisError) else lookup(found.fields, field), value),)

    @operation
    def hdel(self, value: RedisState, key: str, field: str) -> Steps:
        """HDEL: answer whether the field was there; with the last one the key goes."""
        found = _hash_at(value, key)
        if isinstance(found, RedisError):
            return (Step(found, value),)
        if lookup(found.fields, field) is None:
            return (Step(False, value),)
        return (Step(True, changed(value, key, RedisHash(without(found.fields, field)))),)


def _hash_at(value: RedisState, key: str) -> RedisHash | RedisError:
    entry = lookup(value.keys, key)
    if entry is None:
        return RedisHash(())
    return entry.content if isinstance(entry.content, RedisHash) else RedisError.WRONG_TYPE
