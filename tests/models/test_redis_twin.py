"""The model of Redis against a naive one, written from the documentation: random programs have the same outcomes."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from deadheat.models.components import redis as redis_file, redis_hashes, redis_keys, redis_strings
from deadheat.models.components.redis import Redis, RedisError, RedisState
from deadheat.models.components.redis_keys import Entry, Keys, Watch, replaced
from deadheat.models.values import lookup, with_item, without
from deadheat.sim.components import Step, Steps
from deadheat.sim.operations import Operation
from tests.models.naive_redis import NaiveRedis, WouldBlockError
from tests.models.redis_programs import ScriptedRedis, random_operation

REDIS = ScriptedRedis("redis")

PROGRAMS, STEPS = 300, 60


def run(seed: int) -> Counter[str]:
    """Run a program on both; raises AssertionError where they differ. Return how often what was answered."""
    random, value, naive = Random(seed), REDIS.initial, NaiveRedis()
    answered: Counter[str] = Counter()
    for _ in range(STEPS):
        operation = random_operation(REDIS, random)
        steps = model_steps(value, operation)
        try:
            outcome = naive.expired(operation.arguments[0]) if operation.name == "expire" else naive.do(operation)
        except WouldBlockError:
            assert steps == [], operation
            continue
        [step] = steps
        assert (type(step.outcome), step.outcome) == (type(outcome), outcome), operation
        value = step.value
        assert {key: entry.content for key, entry in value.keys} == naive.contents(), operation
        assert {key for key, entry in value.keys if entry.holder is not None} == naive.volatile, operation
        kind = outcome.name if isinstance(outcome, RedisError) else type(outcome).__name__
        answered[f"{operation.name} {kind}"] += 1
    return answered


def run_all() -> Counter[str]:
    return sum((run(seed) for seed in range(PROGRAMS)), Counter())


def model_steps(value: RedisState, operation: Operation) -> list[Step]:
    if operation.name != "expire":
        return list(REDIS.apply(value, operation))
    [key] = operation.arguments
    steps = [each for each in REDIS.apply(value, REDIS.expire("e1")) if each.outcome == key]
    return [Step(True, steps[0].value)] if steps else [Step(False, value)]


def test_random_programs_have_the_outcomes_of_the_naive_redis() -> None:
    answered = run_all()
    untyped = {"set", "set_if_absent", "set_keepttl", "delete", "pexpire", "persist"}
    typed = {name for each in Redis.__mro__ for name in vars(each).get("COMMANDS", ())} - untyped
    wanted = [f"{name} WRONG_TYPE" for name in (*typed, "blpop", "take_over")]
    wanted += ["incr NOT_AN_INTEGER", "incr OVERFLOW", "incr int", "exec NoneType", "exec tuple", "blpop str"]
    assert {each: answered[each] for each in wanted if answered[each] < 5} == {}


# Broken variants of the model, each of which the programs above notice


def keepttl_forgets(self: Redis, value: RedisState, key: str, content: str) -> Steps:
    return (Step(True, replaced(value, key, Entry(content))),)


def incr_forgets(value: RedisState, key: str, content: Any) -> RedisState:
    return redis_keys.changed(redis_keys.deleted(value, key), key, content)


def persist_without_effect(self: Redis, value: RedisState, key: str) -> Steps:
    entry = lookup(value.keys, key)
    return (Step(entry is not None and entry.holder is not None, value),)


def never_dirty(value: RedisState, key: str) -> RedisState:
    return value


def forgets_that_it_is_dirty(self: Redis, value: RedisState, key: str, client: str) -> Steps:
    keys = (lookup(value.watches, client) or Watch()).keys
    return (Step(None, value._replace(watches=with_item(value.watches, client, Watch((*keys, key))))),)


def keeps_a_deleted_copy(self: Redis, value: RedisState, tag: str) -> Steps:
    """A replica that has what was deleted before it lagged behind: it never heard of a hash's end."""
    gone = [item for item in (value.replica or ()) if lookup(value.keys, item[0]) is None]
    kept: Keys = tuple(sorted((*value.keys, *gone)))
    return (Step(None, value._replace(replica=kept)),)


def deletes_the_copy(value: RedisState, key: str) -> RedisState:
    """A replica that hears of a deletion although it lags behind."""
    replica = None if value.replica is None else without(value.replica, key)
    return redis_keys.touched(value._replace(keys=without(value.keys, key), replica=replica), key)


def survives_on_the_replica(value: RedisState, key: str) -> RedisState:
    return redis_keys.touched(value._replace(keys=without(value.keys, key)), key)


def keeps_what_is_empty(value: RedisState, key: str, content: Any) -> RedisState:
    entry = lookup(value.keys, key) or Entry(content)
    after = with_item(value.keys, key, entry._replace(content=content))
    return redis_keys.touched(value._replace(keys=after), key)


MUTANTS: dict[str, tuple[Any, str, Any]] = {
    "KEEPTTL forgets the time to live": (redis_strings.Strings.set_keepttl, "step", keepttl_forgets),
    "INCR forgets the time to live": (redis_strings, "changed", incr_forgets),
    "PERSIST does nothing": (redis_strings.Strings.persist, "step", persist_without_effect),
    "EXEC ignores that a watched key was written": (redis_keys, "touched", never_dirty),
    "another WATCH makes a dirty one clean": (Redis.watch, "step", forgets_that_it_is_dirty),
    "a copy on the replica keeps what was deleted": (Redis.lag, "step", keeps_a_deleted_copy),
    "a replica that lags hears of a deletion": (redis_keys, "deleted", deletes_the_copy),
    "what expired is still on the replica": (redis_file, "expired", survives_on_the_replica),
    "a hash without fields is still a key": (redis_hashes, "changed", keeps_what_is_empty),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_model_differs_from_the_naive_redis(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, broken = MUTANTS[mutant]
    monkeypatch.setattr(where, name, broken)
    with pytest.raises(AssertionError):
        run_all()
