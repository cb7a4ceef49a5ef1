"""Random commands for Redis, on keys of one hash tag that are of any type: each about as often as the others."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from deadheat.models.components.redis import Redis, key_of
from deadheat.models.components.redis_scripts import Commands, script
from deadheat.sim.operations import Operation

__all__ = ["KEYS", "NAMES", "ScriptedRedis", "random_command", "random_operation", "random_transaction"]

KEYS = [key_of(purpose, "e1") for purpose in ("lock", "token", "flag")]
CONTENTS = ["a", "b", "7", "-1", "007", " 7", str(2**63 - 1)]
FIELDS = ["f", "g"]
NAMES = ["worker/e1", "cancel/e1", "dispatcher/e1/1"]

TAKE_OVER = """
local owner = redis.call('GET', KEYS[1])
if owner == ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if owner then return redis.call('LPUSH', KEYS[2], owner) end
return redis.call('HSET', KEYS[2], 'first', ARGV[1])
"""


class ScriptedRedis(Redis):
    """A Redis with a script of one's own."""

    @script(TAKE_OVER, keys=2)
    def take_over(self, key: str, past: str, owner: str) -> Commands:
        """Become the owner, and note who was it before, or else that one is the first."""
        before = yield self.get(key)
        if before == owner:
            return 0
        yield self.set(key, owner, owner)
        if before is not None:
            return (yield self.lpush(past, before))
        is_new = yield self.hset(past, "first", owner)
        return int(is_new)


def random_command(redis: ScriptedRedis, random: Random) -> Operation:
    """Return a command or script that a transaction may have, too."""
    key, content, field, name = map(random.choice, (KEYS, CONTENTS, FIELDS, NAMES))
    holder = random.choice([None, name])
    ways: list[Callable[[], Operation]] = [
        lambda: redis.get(key),
        lambda: redis.set(key, content, holder),
        lambda: redis.set_if_absent(key, content, holder),
        lambda: redis.set_get(key, content, holder),
        lambda: redis.set_keepttl(key, content),
        lambda: redis.delete(key),
        lambda: redis.delete_if_equal(key, content),
        lambda: redis.getdel(key),
        lambda: redis.incr(key),
        lambda: redis.pexpire(key, holder or ""),
        lambda: redis.persist(key),
        lambda: redis.hset(key, field, content),
        lambda: redis.hget(key, field),
        lambda: redis.hdel(key, field),
        lambda: redis.lpush(key, content),
        lambda: redis.rpush(key, content),
        lambda: redis.rpop(key),
        lambda: redis.take_over(key, random.choice(KEYS), name),
    ]
    return random.choice(ways)()


def random_transaction(redis: ScriptedRedis, random: Random) -> Operation:
    """Return one to three commands, to be done for some client."""
    return redis.execute(random.choice(NAMES), *(random_command(redis, random) for _ in range(random.randint(1, 3))))


def random_operation(redis: ScriptedRedis, random: Random) -> Operation:
    """Return a command, or one that waits, or a step of a transaction, or what happens to a server.

    The expiry is of one key, which it names in place of the hash tag.
    """
    key, name = random.choice(KEYS), random.choice(NAMES)
    others: list[Callable[[], Operation]] = [
        lambda: redis.acquire(key, name),
        lambda: redis.blpop(key),
        lambda: redis.watch(key, name),
        lambda: redis.watch(key, name),
        lambda: random_transaction(redis, random),
        lambda: random_transaction(redis, random),
        lambda: redis.unwatch("e1", name),
        lambda: redis.disconnect("e1", name),
        lambda: redis.lag("e1"),
        lambda: redis.fail_over("e1"),
        lambda: Operation("redis/e1", "expire", (key,)),
    ]
    return random_command(redis, random) if random.random() < 0.7 else random.choice(others)()
