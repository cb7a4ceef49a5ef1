"""Redis beyond locks: what time and failover do to each kind of key, transactions, scripts, and what is refused."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.live.values import decode, encode
from deadheat.models.components.redis import Redis, RedisError, RedisHash, RedisList, RedisState, key_of
from deadheat.models.components.redis_scripts import Commands, script
from deadheat.sim.errors import DeadheatError, ModelError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.model import Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Label, Operation, Request, atomically
from tests.models.driver import Driver

Role = Generator[Request, Any, Any]

KEY, LOCK, FLAG = key_of("key", "e1"), key_of("lock", "e1"), key_of("flag", "e1")
REDIS = Redis("redis")


def driver() -> Driver:
    return Driver(REDIS)


# What a value is


def test_what_is_undone_leaves_no_trace_in_the_value() -> None:
    there_and_back = [
        [REDIS.hset(KEY, "f", "x"), REDIS.hset(KEY, "g", "x"), REDIS.hdel(KEY, "f"), REDIS.hdel(KEY, "g")],
        [REDIS.lpush(KEY, "x"), REDIS.rpop(KEY)],
        [REDIS.rpush(KEY, "x"), REDIS.blpop(KEY)],
        [REDIS.incr(KEY), REDIS.incr(KEY), REDIS.getdel(KEY)],
        [REDIS.watch(KEY, "w"), REDIS.execute("w", REDIS.get(KEY))],
        [REDIS.watch(KEY, "w"), REDIS.set(KEY, "x"), REDIS.delete(KEY), REDIS.unwatch("e1", "w")],
        [REDIS.watch(KEY, "w"), REDIS.disconnect("e1", "w")],
    ]
    for operations in there_and_back:
        drive = driver()
        for each in operations:
            drive(each)
        assert drive.value == RedisState(), operations


def test_with_and_without_a_time_to_live_again_a_key_is_as_it_was() -> None:
    drive = driver()
    drive(REDIS.set(KEY, "x"))
    before = drive.value
    assert drive(REDIS.pexpire(KEY, "w")) is True
    assert drive(REDIS.persist(KEY)) is True
    assert drive.value == before


def test_a_watch_knows_how_many_writes_there_were_no_more_than_which_they_were() -> None:
    once, often = driver(), driver()
    for drive in (once, often):
        drive(REDIS.watch(KEY, "w"))
        drive(REDIS.watch(LOCK, "w"))
    once(REDIS.set(KEY, "x"))
    for operation in (REDIS.set(LOCK, "y"), REDIS.delete(LOCK), REDIS.set(KEY, "y"), REDIS.set(KEY, "x")):
        often(operation)
    often(REDIS.watch(FLAG, "w"))
    assert once.value == often.value


def test_a_state_is_shown_with_what_is_in_it() -> None:
    drive = driver()
    drive(REDIS.hset(KEY, "f", "x"))
    drive(REDIS.rpush(LOCK, "a"))
    drive(REDIS.rpush(LOCK, "b"))
    drive(REDIS.watch(FLAG, "w"))
    drive(REDIS.watch(LOCK, "v"))
    drive(REDIS.lpush(LOCK, "c"))
    assert REDIS.describe(drive.value) == (
        "key:{e1} = {f: x}; lock:{e1} = [c, a, b] (v: its next EXEC does nothing; w: watches flag:{e1})"
    )


@pytest.mark.parametrize("error", RedisError)
def test_an_error_is_an_outcome_that_can_be_recorded_and_is_no_truth_value(error: RedisError) -> None:
    assert decode(encode(error)) is error
    with pytest.raises(ModelError, match=f"compare the answer with RedisError.{error.name} first"):
        bool(error)


def test_a_role_that_takes_an_error_for_an_answer_is_refused() -> None:
    def role(redis: Redis) -> Role:
        yield redis.hset(KEY, "f", "x")
        if (yield redis.get(KEY)):
            return

    model = Model({"redis/e1": REDIS}, (Process("p", role, (REDIS,)),))
    with pytest.raises(DeadheatError, match="Redis answers the error 'WRONGTYPE' here, and redis-py would raise it"):
        explore(model)


def test_what_is_in_a_transaction_can_be_recorded() -> None:
    request = REDIS.execute("w", REDIS.set(KEY, "x"), REDIS.hget(LOCK, "f"))
    assert decode(encode(request.arguments)) == request.arguments
    assert decode(encode((RedisHash((("f", "x"),)), RedisList(("a",))))) == (
        RedisHash((("f", "x"),)),
        RedisList(("a",)),
    )


# Time, and the replica


@pytest.mark.parametrize(
    "change",
    [REDIS.set_keepttl(KEY, "y"), REDIS.incr(KEY), REDIS.pexpire(KEY, "w")],
    ids=["KEEPTTL", "INCR", "the holder's own EXPIRE"],
)
def test_a_holder_counts_on_what_it_changed_as_on_what_it_set(change: Operation) -> None:
    drive = driver()
    drive(REDIS.set(KEY, "1", "w"))
    drive.fault(REDIS.lag("e1"), "redis-failover")
    drive(change)
    assert drive.outcomes(REDIS.expire("e1")) == []
    drive(REDIS.fail_over("e1"))
    assert drive(REDIS.get(KEY)) == "1"
    assert drive.outcomes(REDIS.expire("e1")) == []  # the copy is held, too
    drive(REDIS.let_go("e1", "w"))
    assert drive.outcomes(REDIS.expire("e1")) == [KEY]


@pytest.mark.parametrize(
    "ending",
    [REDIS.set_get(KEY, "y", "v"), REDIS.getdel(KEY), REDIS.pexpire(KEY, "v")],
    ids=["SET GET", "GETDEL", "another's EXPIRE"],
)
def test_what_ends_a_lease_ends_it_for_the_copy_that_a_failover_brings_back(ending: Operation) -> None:
    drive = driver()
    drive(REDIS.set(KEY, "1", "w"))
    drive.fault(REDIS.lag("e1"), "redis-failover")
    drive(ending)
    drive(REDIS.fail_over("e1"))
    assert drive(REDIS.expire("e1")) == KEY


def test_a_hash_whose_last_field_goes_is_deleted_with_its_lease() -> None:
    drive = driver()
    drive(REDIS.hset(KEY, "f", "x"))
    drive(REDIS.pexpire(KEY, "w"))
    drive.fault(REDIS.lag("e1"), "redis-failover")
    drive(REDIS.hdel(KEY, "f"))
    drive(REDIS.hset(KEY, "f", "y"))
    assert drive.steps(REDIS.expire("e1")) == []
    drive(REDIS.fail_over("e1"))
    assert drive(REDIS.hget(KEY, "f")) == "x"
    assert drive(REDIS.expire("e1")) == KEY


def test_a_persistent_key_stays_and_a_copy_of_it_from_before_does_not() -> None:
    drive = driver()
    drive(REDIS.set(KEY, "x", "w"))
    drive.fault(REDIS.lag("e1"), "redis-failover")
    drive(REDIS.persist(KEY))
    assert drive.steps(REDIS.expire("e1")) == []
    drive(REDIS.fail_over("e1"))
    assert drive.fault(REDIS.expire("e1"), "lease-expiry") == KEY


def test_a_time_to_live_that_nobody_counts_on_is_owed() -> None:
    drive = driver()
    drive(REDIS.rpush(KEY, "x"))
    drive(REDIS.pexpire(KEY))
    assert drive(REDIS.expire("e1")) == KEY
    assert drive.steps(REDIS.blpop(KEY)) == []


def test_a_time_to_live_and_a_watch_ask_for_somebody_who_lets_time_run_and_says_who_is_gone() -> None:
    without = Redis("redis", leases=False)
    drive = Driver(without)
    drive(without.set(KEY, "x"))
    for operation in (without.pexpire(KEY, "w"), without.pexpire(KEY), without.set_get(KEY, "y", "w")):
        with pytest.raises(ModelError, match="say so with leases=True in the protocol"):
            drive(operation)
    with pytest.raises(ModelError, match="is watched by w, but nobody says when that is gone"):
        drive(without.watch(KEY, "w"))


# Transactions


@pytest.mark.parametrize(
    ("write", "is_one"),
    [
        (REDIS.set(KEY, "x"), True),  # the same content again
        (REDIS.incr(LOCK), False),  # another key
        (REDIS.get(KEY), False),
        (REDIS.set_if_absent(KEY, "y"), False),
        (REDIS.delete_if_equal(KEY, "y"), False),
        (REDIS.delete_if_equal(KEY, "x"), True),
        (REDIS.hset(KEY, "f", "x"), False),  # an error
        (REDIS.pexpire(KEY), True),
        (REDIS.persist(KEY), False),  # it has no time to live
    ],
)
def test_a_transaction_is_done_unless_a_watched_key_was_written(write: Operation, is_one: bool) -> None:
    drive = driver()
    drive(REDIS.set(KEY, "x"))
    drive(REDIS.watch(KEY, "w"))
    drive(write)
    assert drive(REDIS.execute("w", REDIS.set(FLAG, "1"), REDIS.incr(FLAG))) == (None if is_one else (True, 2))
    assert drive(REDIS.get(FLAG)) == (None if is_one else "2")
    assert drive(REDIS.execute("w", REDIS.get(KEY)))  # it watches nothing any more


@pytest.mark.parametrize("happening", ["expire", "fail_over"])
def test_what_happens_to_a_server_aborts_a_transaction_too(happening: str) -> None:
    drive = driver()
    drive(REDIS.set(KEY, "x", "v"))
    drive(REDIS.watch(KEY, "w"))
    drive(REDIS.forsake("e1", "v"))
    if happening == "fail_over":
        drive.fault(REDIS.lag("e1"), "redis-failover")
    drive(getattr(REDIS, happening)("e1"))
    assert drive(REDIS.execute("w", REDIS.set(FLAG, "1"))) is None


@pytest.mark.parametrize("ending", ["unwatch", "disconnect", "forsake", "let_go"])
def test_a_client_that_is_gone_or_has_given_up_watches_nothing(ending: str) -> None:
    drive = driver()
    drive(REDIS.watch(KEY, "w"))
    drive(REDIS.set(KEY, "x"))
    drive(getattr(REDIS, ending)("e1", "w"))
    assert drive(REDIS.execute("w", REDIS.get(KEY))) == ("x",)


def test_a_command_that_fails_does_not_stop_the_others() -> None:
    drive = driver()
    drive(REDIS.rpush(KEY, "x"))
    answer = drive(REDIS.execute("w", REDIS.set(FLAG, "1"), REDIS.incr(KEY), REDIS.set(LOCK, "w")))
    assert answer == (True, RedisError.WRONG_TYPE, True)


NOTE = Label("N", "a note")


@pytest.mark.parametrize(
    ("commands", "sentence"),
    [
        ((), "was given no commands"),
        (("GET",), "A str was given to a Redis transaction"),
        ((REDIS.acquire(LOCK, "w"),), "is no command for a Redis transaction"),
        ((REDIS.blpop(KEY),), "is no command for a Redis transaction"),
        ((REDIS.watch(KEY, "w"),), "is no command for a Redis transaction"),
        ((REDIS.expire("e1"),), "is no command for a Redis transaction"),
        ((Redis("another").get(KEY),), "is no command for a Redis transaction; give it those of redis"),
        ((REDIS.get(KEY), REDIS.get(key_of("key", "e2"))), r"different hash tags, .* \(CROSSSLOT\)"),
        ((NOTE(REDIS.get(KEY)),), "The label N is on a command of a Redis transaction"),
    ],
)
def test_what_no_transaction_can_do_is_refused(commands: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        REDIS.execute("w", *commands)


def test_a_transaction_reads_as_its_commands() -> None:
    request = REDIS.execute("w", REDIS.set(KEY, "x"), REDIS.hget(LOCK, "f"))
    assert str(request) == "redis/e1.exec(e1, w, (set(key:{e1}, x), hget(lock:{e1}, f)))"


def test_a_transaction_can_have_a_label() -> None:
    assert NOTE(REDIS.execute("w", REDIS.get(KEY))).label == "N"


# Scripts


class Ours(Redis):
    @script("...", keys=2)
    def move(self, source: str, target: str, holder: str | None = None) -> Commands:
        """Take what is there, and put it elsewhere."""
        content = yield self.getdel(source)
        if content is None:
            return False
        yield self.set(target, content, holder)
        return True

    @script("...")
    def strays(self, key: str) -> Commands:
        yield self.get(LOCK)

    @script("...")
    def waits(self, key: str) -> Commands:
        yield self.blpop(key)

    @script("...")
    def answers_at_once(self, key: str) -> Commands:
        return 1  # type: ignore[return-value]


OURS = Ours("redis")


def test_a_script_is_one_step_in_which_each_answer_leads_to_the_next_command() -> None:
    drive = Driver(OURS)
    assert drive(OURS.move(KEY, LOCK)) is False
    drive(OURS.set(KEY, "x"))
    assert drive(OURS.move(KEY, LOCK, holder="w")) is True
    assert (drive(OURS.get(KEY)), drive(OURS.get(LOCK))) == (None, "x")
    assert drive.fault(OURS.expire("e1"), "lease-expiry") == LOCK


def test_a_script_ends_at_an_error_with_all_done_that_was_done_before() -> None:
    class Half(Redis):
        @script("...")
        def half(self, key: str) -> Commands:
            yield self.set(key, "x")
            yield self.hset(key, "f", "x")
            yield self.set(key, "never")

    half = Half("redis")
    drive = Driver(half)
    assert drive(half.half(KEY)) is RedisError.WRONG_TYPE
    assert drive(half.get(KEY)) == "x"


def test_a_transaction_takes_a_script() -> None:
    drive = Driver(OURS)
    assert drive(OURS.execute("w", OURS.set(KEY, "x"), OURS.move(KEY, LOCK))) == (True, True)


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (OURS.strays(KEY), "touches the key 'lock:{e1}', which is not among its keys"),
        (OURS.waits(KEY), r"yields redis/e1.blpop\(key:{e1}\), which is no command of redis"),
        (OURS.move(KEY, key_of("key", "e2")), "have different hash tags"),
        (OURS.answers_at_once(KEY), "The script answers_at_once yields nothing"),
    ],
)
def test_what_no_script_can_do_is_refused(request_: Operation, sentence: str) -> None:
    drive = Driver(OURS)
    with pytest.raises(ModelError, match=sentence):
        drive(request_)


def test_a_script_holds_its_arguments_to_their_types() -> None:
    with pytest.raises(ModelError, match="its argument 'holder' must be a str"):
        OURS.move(KEY, LOCK, 7)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"takes \(source, target, holder\)"):
        OURS.move(KEY)  # type: ignore[call-arg]


# In a model


def count(redis: Redis, name: str, watches: bool) -> Role:
    """Add one to a counter, by reading and writing it."""
    while True:
        if watches:
            yield redis.watch(KEY, name)
        content = yield redis.get(KEY)
        if (yield redis.execute(name, redis.set(KEY, str(int(content or "0") + 1)))) is not None:
            return


def counting(*, watches: bool) -> Model:
    def is_lost(view: View) -> str | None:
        [(_, entry)] = view["redis/e1"].keys or ((KEY, None),)
        return None if entry is not None and entry.content == "2" else "an update is lost"

    processes = tuple(Process(name, count, (REDIS, name, watches)) for name in ("v", "w"))
    lost = Property("no-lost-update", "", Kind.SETTLED, ("redis/e1",), is_lost)
    return Model({"redis/e1": REDIS}, processes, (lost,))


def test_updates_are_lost_without_a_watch_and_never_with_one() -> None:
    found = explore(counting(watches=False))
    assert len(found.counterexamples["no-lost-update"].choices) == 4  # get, get, exec, exec
    assert confirm(counting(watches=False), "no-lost-update", found.counterexamples["no-lost-update"])[1]
    held = explore(counting(watches=True))
    assert held.complete
    assert not held.counterexamples


@pytest.mark.parametrize("is_told", [True, False])
def test_a_watch_that_outlives_a_crash_aborts_what_comes_after_it(is_told: bool) -> None:
    def work(redis: Redis) -> Role:
        yield redis.set(FLAG, "begun")
        yield redis.watch(FLAG, "w")
        if (yield redis.execute("w", redis.set(KEY, "done"))) is None:
            yield redis.set(KEY, "aborted")

    def is_aborted(view: View) -> bool:
        return any(entry.content == "aborted" for _, entry in view["redis/e1"].keys)

    gone = atomically(REDIS.disconnect("e1", "w")) if is_told else atomically()
    process = Process("w", work, (REDIS,), crashes=(Crash("crash", consequences=gone),))
    aborted = Property(
        "never-aborted", "", Kind.ALWAYS, ("redis/e1",), lambda view: "aborted" * is_aborted(view) or None
    )
    found = explore(Model({"redis/e1": REDIS}, (process,), (aborted,), budgets={"crash": 1}))
    assert bool(found.counterexamples) is not is_told


def test_an_item_that_was_popped_is_lost_with_the_process_that_popped_it() -> None:
    def work(redis: Redis) -> Role:
        item = yield redis.blpop(KEY)
        yield redis.set(LOCK, item)

    def put(redis: Redis) -> Role:
        yield redis.rpush(KEY, "x")

    def is_lost(view: View) -> str | None:
        return None if view["redis/e1"].keys else "nobody has it"

    lost = Property("never-lost", "", Kind.SETTLED, ("redis/e1",), is_lost)
    crash = (Crash("crash"),)
    processes = (Process("put", put, (REDIS,)), Process("work", work, (REDIS,), crashes=crash))
    assert not explore(Model({"redis/e1": REDIS}, processes, (lost,))).counterexamples
    found = explore(Model({"redis/e1": REDIS}, processes, (lost,), budgets={"crash": 1}))
    assert [str(each) for each in found.counterexamples] == ["never-lost"]


def test_a_counter_that_grows_for_ever_is_named_with_the_limit_that_stopped_the_search() -> None:
    def grow(redis: Redis) -> Role:
        yield redis.incr(KEY)

    model = Model({"redis/e1": REDIS}, (Process("p", grow, (REDIS,), repeats=True),))
    found = explore(model, SearchOptions(values_max=60))
    assert not found.complete
    assert found.stopped == Stop(
        Limit.VALUES,
        "the field keys[][].content of the component 'redis/e1' took on 60 values, and seems to have no bound; give it "
        "one, or raise the limit",
    )
