"""Components that keep things in the order of names are the same when names are exchanged.

Each design is explored with symmetry and without: the verdicts are the same, and with it there are fewer states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from deadheat import (
    Components,
    Design,
    Fault,
    Node,
    Steps,
    always,
    atomically,
    crash,
    one_each,
    settled,
)
from deadheat.library import (
    Database,
    ExpiringSet,
    Ghost,
    Mailbox,
    Memory,
    PubSub,
    Redis,
    Registry,
    Row,
    key_of,
)
from deadheat.models.components.node import NodeLife
from deadheat.models.components.redis_keys import Keyspace
from deadheat.sim.components import Component
from deadheat.sim.explore import kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from tests.models.sql_models import Job

GONE = Fault("gone", "a process or node is gone", "every deployment does it")

TAG = "all"


class OneRedis(Redis):
    keys = (TAG,)


@dataclass(frozen=True)
class Shop(Components):
    row: Row = Row("row", 0, keyed=True)
    registry: Registry = Registry("registry")
    channel: PubSub = PubSub("channel")
    seen: Ghost = Ghost("seen")
    recent: ExpiringSet = ExpiringSet("recent")
    inbox: Mailbox = Mailbox("inbox", ordered=False)
    memory: Memory = Memory("memory", keyed=True)
    redis: OneRedis = OneRedis("redis")
    db: Database = Database("db", Job)


@always
def never_two(row: Any) -> bool:
    """Nothing is done twice."""
    return bool(row == 2)


@always
def never_one(row: Any) -> bool:
    """Nothing is ever done."""
    return bool(row == 1)


@settled
def done(row: Any) -> bool:
    """In the end, it is done."""
    return bool(row != 1)


def registering(shop: Shop, key: str) -> Steps:
    yield shop.registry.register(key)
    if key in (yield shop.registry.names()):
        yield shop.row.set(1, key=key)
    yield shop.registry.remove(key)


def publishing(shop: Shop, key: str) -> Steps:
    yield shop.channel.subscribe(key)
    yield shop.channel.publish("hello")
    yield shop.channel.receive(key)
    yield shop.row.set(1, key=key)


def noting(shop: Shop, key: str) -> Steps:
    yield shop.seen.note("begun", key)
    yield atomically(shop.row.set(1, key=key), shop.seen.once("begun", key))
    yield shop.seen.note("done", key)


def expiring(shop: Shop, key: str) -> Steps:
    yield shop.recent.add(key)
    yield shop.row.set(1, key=key)
    yield shop.recent.close(key)


def sending(shop: Shop, key: str) -> Steps:
    yield shop.inbox.send(key)
    yield shop.row.set(1, key=key)


def remembering(shop: Shop, key: str) -> Steps:
    yield shop.memory.set("x", key=key)
    if (yield shop.memory.get(key=key)) == "x":
        yield shop.row.set(1, key=key)


def in_redis(shop: Shop, key: str) -> Steps:
    yield shop.redis.watch(key_of(f"lock-{key}", TAG), f"work/{key}")
    yield shop.redis.execute(f"work/{key}", shop.redis.set(key_of(f"lock-{key}", TAG), "x", f"work/{key}"))
    yield shop.redis.hset(key_of("hash", TAG), key, "x")
    yield shop.row.set(1, key=key)


def in_sql(shop: Shop, key: str) -> Steps:
    tx = shop.db.begin()
    yield from tx.insert(Job(key))
    yield from tx.update(Job, Job.tries.plus(1))
    yield from tx.commit()
    if (yield shop.db.select(Job)):
        yield shop.row.set(1, key=key)


WORK = [registering, publishing, noting, expiring, sending, remembering, in_redis, in_sql]


def model_of(work: Any, *, on_a_node: bool = False, lost: bool = False) -> Any:
    nodes = (Node("pod", ("work",), (crash(GONE),), volatile=(Shop().memory,)),) if on_a_node else ()
    crashes = (crash(GONE, restarts=False),) if lost else ()
    of = Design(
        "d", "s", "x", Shop(), (one_each("work", work, crashes=crashes),), (never_two, never_one, done), nodes=nodes
    )
    return of.model(2, {"gone": 1} if on_a_node or lost else {})


def lengths(found: Any) -> dict[str, int]:
    return {name: len(schedule.choices) for name, schedule in found.counterexamples.items()}


@pytest.mark.parametrize("explore", [quotient.explore, kernel.explore])
@pytest.mark.parametrize("how", ["alone", "on a node", "lost"])
@pytest.mark.parametrize("work", WORK)
def test_an_exchange_of_names_makes_no_difference(explore: Any, work: Any, how: str) -> None:
    model = model_of(work, on_a_node=how == "on a node", lost=how == "lost")
    plain = python.explore(model)
    symmetric = explore(model)
    assert "symmetry" in symmetric.reductions, symmetric.remarks
    assert symmetric.states < plain.states
    assert set(symmetric.counterexamples) == set(plain.counterexamples)
    exact = ("never-two", "never-one")
    assert {name: lengths(symmetric).get(name) for name in exact} == {name: lengths(plain).get(name) for name in exact}
    assert symmetric.faults_fired == plain.faults_fired


@pytest.mark.parametrize(
    ("kind", "work", "how"),
    [
        (Registry, registering, "alone"),
        (PubSub, publishing, "alone"),
        (Ghost, noting, "alone"),
        (ExpiringSet, expiring, "alone"),
        (Mailbox, sending, "alone"),
        (NodeLife, remembering, "on a node"),
        (Keyspace, in_redis, "lost"),
    ],
)
def test_without_their_order_names_would_be_told_apart(
    kind: type[Component], work: Any, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, "in_order", Component.in_order)
    model = model_of(work, on_a_node=how == "on a node", lost=how == "lost")
    found = quotient.explore(model, SearchOptions())
    assert "symmetry" not in found.reductions
    assert found.states == python.explore(model).states


def test_a_role_that_goes_through_names_in_their_order_is_told_apart_by_that() -> None:
    def sweeping(shop: Shop, key: str) -> Steps:
        yield shop.registry.register(key)
        for name in (yield shop.registry.names()):
            yield shop.registry.remove(name)

    model = model_of(sweeping)
    found = quotient.explore(model)
    assert "symmetry" not in found.reductions
    assert any("interchangeable was not made use of" in each for each in found.remarks)
