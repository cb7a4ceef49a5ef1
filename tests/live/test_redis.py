"""More of Redis for real: in a user's protocol, forced on servers, and where commands wait or connections break."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.redis import RedisAdapter, connect
from deadheat.live.place import Place
from deadheat.live.results import LiveOutcome
from deadheat.models.components.redis import Redis, key_of
from deadheat.models.components.redis_scripts import Commands, script
from deadheat.sim.errors import NoLiveFormError
from tests.live.forcing import PROGRAMS, THREADS, Pair, force_pair

pytestmark = pytest.mark.live

KEY, LOCK = key_of("key", "e1"), key_of("lock", "e1")
REDIS = Redis("redis")

OURS = '''
from dataclasses import replace
from deadheat.library import BASELINE, Redis, baseline, key_of
from deadheat.models.components.redis_scripts import script

TAKE_OVER = """
local before = redis.call('GET', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if before then redis.call('LPUSH', KEYS[2], before) end
return before
"""

class OurRedis(Redis):
    @script(TAKE_OVER, keys=2)
    def take_over(self, key: str, past: str, owner: str):
        before = yield self.get(key)
        yield self.set(key, owner, owner)
        if before is not None:
            yield self.lpush(past, before)
        return before

def worker(system, task):
    redis, flag, past = system.redis, key_of("cancelled", task.evaluation), key_of("past", task.evaluation)
    yield redis.take_over(key_of("owner", task.evaluation), past, task.worker)
    yield redis.watch(flag, task.worker)
    if (yield redis.hget(flag, "by")) is None:
        attempts = key_of("attempts", task.evaluation)
        yield redis.execute(task.worker, redis.incr(attempts), redis.pexpire(attempts, task.worker), redis.rpop(past))
    yield from baseline.worker(system, task)

def cancel(system, request):
    answer = yield from baseline.cancel(system, request)
    yield system.redis.hset(key_of("cancelled", request.evaluation), "by", "user")
    return answer

OURS = replace(BASELINE, name="ours", worker=worker, cancel=cancel, leases=True, redis=OurRedis)
'''


@pytest.fixture
def real(place: Place) -> Iterator[RedisAdapter]:
    adapter = RedisAdapter(place.redis, place.prefix, lease_ms=600_000)
    yield adapter
    adapter.close()


@pytest.mark.parametrize(
    ("fault", "topology"),
    [
        *(("none", THREADS), ("worker-crash", THREADS), ("lease-expiry", THREADS), ("redis-failover", THREADS)),
        ("worker-crash", PROGRAMS),
    ],
)
def test_servers_agree_on_a_users_protocol_that_watches_counts_and_scripts(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, topology: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ours.py").write_text(OURS)
    results = force_pair(place, Pair("ours.py:OURS", fault, topology))
    assert results
    assert [each for each in results if each.outcome is LiveOutcome.DIVERGED] == []


def test_a_command_that_waits_longer_than_the_patience_is_blocked(real: RedisAdapter) -> None:
    real.patience_s = 0.05
    with pytest.raises(BlockedError, match=r"nothing was put into the Redis list key:{e1} within 0\.05 s"):
        real.blpop(KEY)


def test_a_command_waits_as_long_as_the_patience_lasts_however_short_its_own_timeout(
    real: RedisAdapter, redis_url: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deadheat.live.adapters.redis_lists.TIMEOUT_S", 0.05)
    other = RedisAdapter(connect(redis_url), place.prefix, lease_ms=600_000)
    later = threading.Timer(0.3, other.rpush, (KEY, "x"))
    later.start()
    assert real.blpop(KEY) == "x"
    later.join()


def test_a_client_of_another_program_aborts_the_transaction(real: RedisAdapter, redis_url: str, place: Place) -> None:
    other = RedisAdapter(connect(redis_url), place.prefix, lease_ms=600_000)
    real.watch(KEY, "w")
    other.set(KEY, "x")
    assert real.perform(REDIS.execute("w", REDIS.set(LOCK, "w"))) is None
    assert real.get(LOCK) is None


def test_a_failover_by_another_program_breaks_the_connections_that_watch(real: RedisAdapter) -> None:
    real.watch(KEY, "w")
    real.watch(key_of("key", "e2"), "w")
    real.notice(REDIS.fail_over("e1"))
    real.watch(LOCK, "w")  # of a connection that is broken
    assert real.perform(REDIS.execute("w", REDIS.get(KEY))) is None
    assert real.perform(REDIS.execute("w", REDIS.get(KEY))) == (None,)
    assert real.perform(REDIS.execute("w", REDIS.get(key_of("key", "e2")))) == (None,)  # of another server


def test_a_script_needs_the_component_that_has_it(real: RedisAdapter, place: Place) -> None:
    class Ours(Redis):
        @script("return redis.call('GETDEL', KEYS[1])")
        def take(self, key: str) -> Commands:
            return (yield self.getdel(key))

    ours = Ours("redis")
    with pytest.raises(NoLiveFormError, match=r"There is no live form of redis\.take yet"):
        real.perform(ours.take(KEY))
    with pytest.raises(NoLiveFormError, match=r"There is no live form of redis\.take as a command of a transaction"):
        real.perform(ours.execute("w", ours.take(KEY)))
    scripted = RedisAdapter(place.redis, place.prefix, lease_ms=600_000, component=ours)
    scripted.set(KEY, "x")
    assert scripted.perform(ours.execute("w", ours.take(KEY), ours.get(KEY))) == ("x", None)
