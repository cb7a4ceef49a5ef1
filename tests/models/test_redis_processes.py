"""Designs around Redis: the keys of a process that is gone run out without a fault, however it has gone."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from deadheat import (
    Components,
    Design,
    Fault,
    Node,
    Operation,
    Steps,
    always,
    any_of,
    atomic_block,
    atomically,
    check,
    crash,
    one,
    one_each,
    settled,
)
from deadheat.library import Redis, Row, key_of
from deadheat.models.components.redis import RedisState
from deadheat.models.components.redis_connection import RedisConnection
from deadheat.models.components.redis_scripts import Commands, script
from deadheat.sim.errors import ModelError

GONE = Fault("gone", "a process is gone", "every deployment does it")


class Scripted(Redis):
    @script("redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])")
    def take(self, key: str, me: str) -> Commands:
        """Take a lock."""
        yield self.set(key, me, me)


@dataclass(frozen=True)
class Shop(Components):
    redis: Scripted = Scripted("redis")
    row: Row = Row("row", 0)


@settled
def nobody_holds_it(redis: RedisState) -> bool:
    """In the end, the lock is free."""
    return bool(redis.keys)


def name_of(job: str) -> str:
    return f"work/{job}"


def lock(job: str) -> str:
    return key_of("lock", job)


def plainly(shop: Shop, job: str) -> Steps:
    yield shop.redis.set_if_absent(lock(job), "me", name_of(job))


def acquiring(shop: Shop, job: str) -> Steps:
    yield shop.redis.acquire(lock(job), name_of(job))


def in_a_transaction(shop: Shop, job: str) -> Steps:
    yield shop.redis.execute(name_of(job), shop.redis.set(lock(job), "me", name_of(job)))


def in_a_script(shop: Shop, job: str) -> Steps:
    yield shop.redis.take(lock(job), name_of(job))


def in_a_choice(shop: Shop, job: str) -> Steps:
    yield any_of(atomically(shop.redis.set(lock(job), "me", name_of(job)), shop.row.set(2)), shop.row.wait_for(7))


def in_a_block(shop: Shop, job: str) -> Steps:
    yield atomic_block(at_one_instant, shop, job)


def at_one_instant(shop: Shop, job: str) -> Generator[Operation, Any, None]:
    yield shop.redis.set(lock(job), "me", name_of(job))


def given_later(shop: Shop, job: str) -> Steps:
    yield shop.redis.set(lock(job), "me")
    yield shop.redis.pexpire(lock(job), name_of(job))


WAYS = [plainly, acquiring, in_a_transaction, in_a_script, in_a_choice, in_a_block, given_later]


def design(work: Any, **more: Any) -> Design[Shop]:
    roles = (one_each("work", work, crashes=more.pop("crashes", ()), repeats=more.pop("repeats", False)),)
    return Design("d", "s", "x", Shop(), roles, (nobody_holds_it,), **more)


def verdict(of: Design[Shop], **more: Any) -> str:
    [found] = check(of, **more).verdicts.values()
    return str(found)


@pytest.mark.parametrize("work", WAYS)
def test_a_key_runs_out_when_its_holder_has_done_its_work(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict(design(work), evaluations=2) == "holds"
    monkeypatch.setattr(RedisConnection, "closed", lambda *_: ())
    assert verdict(design(work)) == "violated"


def and_goes_on(work: Any) -> Any:
    def going_on(shop: Shop, job: str) -> Steps:
        yield from work(shop, job)
        yield shop.row.wait_for("never")

    return going_on


@pytest.mark.parametrize("work", WAYS[:-1])  # of the last, one may be lost before it says for how long
@pytest.mark.parametrize("on_a_node", [False, True])
def test_a_key_runs_out_when_its_holder_is_lost(work: Any, on_a_node: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert verdict(design(and_goes_on(work))) == "violated"  # where nobody is lost, it is held
    assert not _held_after_loss(work, on_a_node)
    monkeypatch.setattr(RedisConnection, "broken", lambda *_, for_good: ())
    assert _held_after_loss(work, on_a_node)


def _held_after_loss(work: Any, on_a_node: bool) -> bool:
    """Return whether the lock can be held for ever after its holder was lost."""

    @settled
    def lost_and_held(redis: RedisState, gone: Any) -> bool:
        return bool(redis.keys) and gone == 1

    @dataclass(frozen=True)
    class Noted(Shop):
        gone: Row = Row("gone", 0)

    def noticed(shop: Any, me: Any) -> tuple[Operation, ...]:
        del me
        return (shop.gone.set(1),)

    lost = (crash(GONE, restarts=False, noticed=noticed),)
    nodes = (Node("pod", ("work",), lost),) if on_a_node else ()
    roles = (one_each("work", and_goes_on(work), crashes=() if on_a_node else lost),)
    of = Design("d", "s", "x", Noted(), roles, (lost_and_held,), nodes=nodes)
    return verdict(of, faults={"gone": 1}) == "violated"


def test_a_node_holds_a_key_for_all_that_is_on_it() -> None:
    def for_the_node(shop: Shop, job: str) -> Steps:
        yield shop.redis.set(lock(job), "node", "pod")

    node = Node("pod", ("work",), (crash(GONE, restarts=False),))
    assert verdict(design(for_the_node, nodes=(node,))) == "violated"  # the node is still there
    with pytest.raises(ModelError, match=r"'work/key1' lets 'pod' hold 'lock:\{key1\}', and nobody would notice"):
        check(design(for_the_node))


def test_a_process_that_repeats_counts_on_its_keys_until_it_is_killed() -> None:
    @always
    def taken_twice(row: Any) -> bool:
        return bool(row == "twice")

    def renews(shop: Shop, job: str) -> Steps:
        before = yield shop.row.get()
        if (yield shop.redis.set_if_absent(lock(job), "me", name_of(job))):
            yield shop.row.set("twice" if before == "once" else "once")

    def of(**more: Any) -> Design[Shop]:
        return design(renews, repeats=True, **more).variant("v", "s", claims=(taken_twice,))

    assert verdict(of()) == "holds"
    assert verdict(of(), faults={"lease-expiry": 1}) == "violated"
    assert verdict(of(crashes=(crash(GONE),)), faults={"gone": 1}) == "violated"


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda shop, job: (yield shop.redis.set(lock(job), "me", "me")), r"lets 'me' hold .*work/key1' as its holder"),
        (lambda shop, job: (yield shop.redis.set(lock("key2"), "me", name_of(job))), "the hash tag of its own key"),
        (lambda shop, job: (yield shop.redis.take(lock(job), "me")), "there is no such process or node"),
    ],
)
def test_a_key_of_which_nobody_would_notice_that_its_holder_is_gone_is_refused(work: Any, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        check(design(work, crashes=(crash(GONE),)), evaluations=2)


def test_one_for_all_can_hold_keys_of_all() -> None:
    def sweep(shop: Shop) -> Steps:
        yield shop.redis.set(lock("key1"), "me", "sweep")
        yield shop.redis.set(lock("key2"), "me", "sweep")

    of = Design("d", "s", "x", Shop(), (one("sweep", sweep),), (nobody_holds_it,))
    assert verdict(of, evaluations=2) == "holds"


def test_whoever_says_himself_who_is_forsaken_may_let_another_process_hold_a_key() -> None:
    def others(shop: Shop, job: str) -> Steps:
        yield shop.redis.set(lock(job), "me", "other")

    def noticed(shop: Shop, me: Any) -> tuple[Operation, ...]:
        return (shop.redis.forsake(me.key, "other", True),)

    waits: Any = one("other", lambda shop: (yield shop.row.wait_for(7)))
    roles = (one_each("work", others, crashes=(crash(GONE, noticed=noticed),)), waits)
    assert verdict(Design("d", "s", "x", Shop(), roles, (nobody_holds_it,))) == "violated"  # who is there counts on it
