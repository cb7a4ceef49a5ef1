"""The models and the real servers, driven with the same random operations: every outcome must be the same.

Where they differ, the model is wrong. An operation that the model does not allow now (it would block) is left out, so
the machines take more steps than they do operations; each does at least `OPERATIONS_MIN`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deadheat.live.adapters.base import Adapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.redis import RedisAdapter
from deadheat.live.adapters.status import RedisStatus
from deadheat.live.adapters.stream import StreamAdapter
from deadheat.live.forcing.force import Names
from deadheat.live.leavings.redis_run import forget
from deadheat.live.place import Place
from deadheat.models.components.kubernetes import KubernetesState
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.redis import Redis, RedisError, RedisState
from deadheat.models.components.redis_strings import INTEGER_MAX
from deadheat.models.components.status import Status, StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.faults import K8S_LOST_ANSWER, K8S_REFUSAL
from deadheat.models.values import lookup
from deadheat.sim.components import Component, Step
from deadheat.sim.operations import Operation
from tests.models.redis_programs import KEYS, NAMES, ScriptedRedis, random_operation, random_transaction

pytestmark = pytest.mark.live

EXAMPLES, STEPS = 100, 50
OPERATIONS_MIN = 2_000

keys = st.sampled_from(KEYS)
holders = st.none() | st.sampled_from(["worker/e1", "dispatcher/e1/1"])
statuses = st.sampled_from(Status)
names = st.none() | st.just("another")


class Pair(RuleBasedStateMachine):
    """A component's value in the model, and its adapter; `done` counts the operations of all runs."""

    place: Place
    done: int
    to_model: Callable[[Any], Any] = staticmethod(lambda value: value)
    to_real: Callable[[Any], Any] = staticmethod(lambda value: value)

    def __init__(self) -> None:
        super().__init__()
        self.running = ExitStack()
        self.component, self.adapter = self.open()
        self.value = self.component.initial

    def open(self) -> tuple[Component, Adapter]:
        raise NotImplementedError

    def teardown(self) -> None:
        self.adapter.close()
        self.running.close()

    def do(
        self, operation: Operation, step: Callable[[Step], bool] = lambda _: True, real: Operation | None = None
    ) -> None:
        """Do an operation on both sides, if the model allows it now; of several steps, the first one asked for.

        `real` is the same operation with the arguments that it has on the real server, where those differ.
        """
        steps = [each for each in self.component.apply(self.value, operation) if step(each)]
        if not steps:
            return
        outcome = self.adapter.perform(real or operation, steps[0].kind, self.to_real(steps[0].outcome))
        assert self.to_model(outcome) == steps[0].outcome, operation
        self.value = steps[0].value
        type(self).done += 1


def run(machine: type[Pair], place: Place, examples: int = EXAMPLES) -> None:
    machine.place = place
    machine.done = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


clients = st.sampled_from(NAMES)
seeds = st.integers(0, 2**32 - 1).map(Random)


class RedisPair(Pair):
    value: RedisState
    model = ScriptedRedis("redis")
    answered: ClassVar[Counter[str]] = Counter()

    def open(self) -> tuple[Component, Adapter]:
        forget(self.place.redis, self.place.prefix)
        self.real = RedisAdapter(self.place.redis, self.place.prefix, lease_ms=600_000, component=self.model)
        return self.model, self.real

    @rule(random=seeds)
    def program(self, random: Random) -> None:
        for _ in range(20):
            self.any_of_them(random_operation(self.model, random))
        self.compare()

    def any_of_them(self, operation: Operation) -> None:
        if operation.name == "expire":
            self.expire(operation.arguments[0])
        elif operation.name in ("lag", "fail_over"):
            if (self.value.replica is None) == (operation.name == "lag"):
                self.do(operation)
        else:
            self.note(operation)
            self.do(operation)

    def note(self, operation: Operation) -> None:
        """Count what is answered."""
        for step in self.model.apply(self.value, operation):
            failed = isinstance(step.outcome, RedisError)
            self.answered[f"{operation.name} {step.outcome.name}" if failed else operation.name] += 1
            if operation.name == "exec" and lookup(self.value.watches, operation.arguments[1]) is not None:
                self.answered["aborted" if step.outcome is None else "not aborted"] += 1

    @rule(key=keys, owner=holders.filter(bool))
    def acquire(self, key: str, owner: str) -> None:
        self.do(self.model.acquire(key, owner))

    @rule(key=keys)
    def wait_for_an_item(self, key: str) -> None:
        self.do(self.model.blpop(key))

    @rule(key=keys, client=clients)
    def watch(self, key: str, client: str) -> None:
        self.do(self.model.watch(key, client))

    @rule(random=seeds)
    def execute(self, random: Random) -> None:
        self.do(random_transaction(self.model, random))

    @rule(client=clients)
    def unwatch(self, client: str) -> None:
        self.do(self.model.unwatch("e1", client))

    @rule(client=clients)
    def disconnect(self, client: str) -> None:
        self.do(self.model.disconnect("e1", client))

    @rule(key=keys)
    def expire(self, key: str) -> None:
        self.do(self.model.expire("e1"), lambda step: step.outcome == key)

    @rule(holder=holders.filter(bool), for_good=st.booleans())
    def forsake(self, holder: str, for_good: bool) -> None:
        self.do(self.model.forsake("e1", holder, for_good))

    @rule(holder=holders.filter(bool))
    def let_go(self, holder: str) -> None:
        self.do(self.model.let_go("e1", holder))

    @precondition(lambda self: self.value.replica is None)
    @rule()
    def lag(self) -> None:
        self.do(self.model.lag("e1"))

    @precondition(lambda self: self.value.replica is not None)
    @rule()
    def fail_over(self) -> None:
        self.do(self.model.fail_over("e1"))

    @rule()
    def compare(self) -> None:
        assert self.real.contents() == {key: entry.content for key, entry in self.value.keys}

    @rule(key=keys)
    def count_as_far_as_one_can(self, key: str) -> None:
        self.do(self.model.delete(key))
        self.do(self.model.set(key, str(INTEGER_MAX)))
        self.do(self.model.incr(key))

    @rule(key=keys)
    def compare_whether_it_can_expire(self, key: str) -> None:
        entry = lookup(self.value.keys, key)
        has_time_to_live = self.place.redis.pttl(f"{self.place.prefix}key:{key}") > 0
        assert has_time_to_live == (entry is not None and entry.holder is not None)


def test_the_redis_model_does_what_redis_does(place: Place) -> None:
    run(RedisPair, place, examples=160)
    assert RedisPair.done >= 2 * OPERATIONS_MIN
    commands = {name for each in Redis.__mro__ for name in vars(each).get("COMMANDS", ())}
    typed = commands - {"set", "set_if_absent", "set_keepttl", "delete", "pexpire", "persist"}
    wanted = [*commands, *(f"{name} WRONG_TYPE" for name in typed), "incr NOT_AN_INTEGER", "incr OVERFLOW", "take_over"]
    wanted += ["take_over WRONG_TYPE", "blpop WRONG_TYPE", "aborted", "not aborted"]
    assert [each for each in wanted if not RedisPair.answered[each]] == []


class StatusPair(Pair):
    def open(self) -> tuple[Component, Adapter]:
        forget(self.place.redis, self.place.prefix)
        self.model = StatusStore("status")
        return self.model, RedisStatus(self.place.redis, self.place.prefix, ["e1"])

    @rule()
    def get(self) -> None:
        self.do(self.model.get("e1"))

    @rule(status=statuses)
    def set(self, status: Status) -> None:
        self.do(self.model.set("e1", status))

    @rule()
    def reset(self) -> None:
        self.do(self.model.reset("e1"))

    @rule(expected=statuses, status=statuses)
    def compare_and_set(self, expected: Status, status: Status) -> None:
        self.do(self.model.compare_and_set("e1", expected, status))


def test_the_status_model_does_what_a_store_in_redis_does(place: Place) -> None:
    run(StatusPair, place)
    assert StatusPair.done >= OPERATIONS_MIN


class StreamPair(Pair):
    def open(self) -> tuple[Component, Adapter]:
        forget(self.place.redis, self.place.prefix)
        self.model = EventStream("status")
        return self.model, StreamAdapter(self.place.redis, self.place.prefix, ["e1"])

    @rule(status=statuses)
    def append(self, status: Status) -> None:
        self.do(self.model.append("e1", status))

    @rule()
    def get(self) -> None:
        self.do(self.model.get("e1"))

    @rule()
    def receive(self) -> None:
        self.do(self.model.receive("e1"))

    @rule(status=statuses)
    def has_received(self, status: Status) -> None:
        self.do(self.model.has_received("e1", status))

    @rule()
    def reset(self) -> None:
        self.do(self.model.reset("e1"))


def test_the_stream_model_does_what_a_redis_stream_does(place: Place) -> None:
    run(StreamPair, place)
    assert StreamPair.done >= OPERATIONS_MIN


class KubernetesPair(Pair):
    value: KubernetesState

    def open(self) -> tuple[Component, Adapter]:
        namespace = self.running.enter_context(self.place.namespace())
        self.model = GuardedKubernetes("kubernetes", watched=True, stale_lists=True)
        self.real = GuardedKubernetesAdapter(
            self.place.cluster, namespace, ["e1"], run=self.place.run, held=True, watched=True
        )
        self.real.submit()
        names = Names(self.real)
        self.to_model, self.to_real = names.to_model, names.to_real
        self.owners = [self.real.get_owner("e1")]
        return self.model, self.real

    def real_uid(self, uid: int) -> int:
        """Return the real uid of that number, or one that no Job has."""
        created = self.real._created["e1"]
        return created[uid - 1] if uid <= len(created) else 2**100

    @rule(name=names)
    def create(self, name: str | None) -> None:
        self.do(self.model.create_job("e1", name))

    @rule(name=names)
    def get(self, name: str | None) -> None:
        self.do(self.model.get_job("e1", name))

    @rule()
    def list_all(self) -> None:
        self.do(self.model.list_jobs("e1"))

    @rule(stale=st.integers(0, 5))
    def list_from_a_stale_cache(self, stale: int) -> None:
        past = self.value.past
        if past:
            wish = past[stale % len(past)]
            self.do(self.model.list_jobs("e1"), lambda step: bool(step.fault) and step.outcome == wish)

    @rule(name=names)
    def delete(self, name: str | None) -> None:
        self.do(self.model.delete_job("e1", name))

    @rule(name=names, uid=st.integers(1, 4))
    def delete_by_uid(self, name: str | None, uid: int) -> None:
        real = self.model.delete_job("e1", name, self.real_uid(uid))
        self.do(self.model.delete_job("e1", name, uid), real=real)

    @rule(
        fault=st.sampled_from([K8S_LOST_ANSWER, K8S_REFUSAL]),
        write=st.sampled_from(["create_job", "delete_job", "create_tombstone", "resume_job"]),
    )
    def fail(self, fault: str, write: str) -> None:
        self.do(getattr(self.model, write)("e1"), lambda step: step.fault == fault)

    @rule(which=st.integers(0, 3))
    def progress(self, which: int) -> None:
        steps = self.model.apply(self.value, self.model.progress("e1"))
        if steps:
            # Of two Jobs that may enter the same phase, both sides take the first by name.
            self.do(self.model.progress("e1"), lambda step: step.outcome == steps[which % len(steps)].outcome)

    @precondition(lambda self: self.value.events)
    @rule(duplicate=st.booleans())
    def watch(self, duplicate: bool) -> None:
        self.do(self.model.creation_event("e1"), lambda step: bool(step.fault) == duplicate)

    @precondition(lambda self: self.value.events)
    @rule()
    def lose_an_event(self) -> None:
        self.do(self.model.lose_event("e1"))

    @rule()
    def suspend_and_resume(self) -> None:
        self.do(self.model.create_suspended_job("e1"))
        self.do(self.model.resume_job("e1"))

    @rule()
    def resume(self) -> None:
        self.do(self.model.resume_job("e1"))

    @rule()
    def bury(self) -> None:
        self.do(self.model.create_tombstone("e1"))

    @rule()
    def get_by_name(self) -> None:
        self.do(self.model.get_by_name("e1"))

    @rule()
    def unearth(self) -> None:
        self.do(self.model.remove_tombstone("e1"))

    @rule()
    def get_owner(self) -> None:
        self.do(self.model.get_owner("e1"))

    @rule(which=st.integers(1, 5))
    def create_owned(self, which: int) -> None:
        owner = 1 + which % len(self.owners)  # which may be gone
        real = self.model.create_owned_job("e1", self.owners[owner - 1])  # type: ignore[arg-type]
        self.do(self.model.create_owned_job("e1", owner), real=real)

    @rule()
    def delete_owner(self) -> None:
        self.do(self.model.delete_owner("e1"))

    @rule()
    def submit_again(self) -> None:
        self.do(self.model.create_owner("e1"))
        self.owners.append(self.real.get_owner("e1"))

    @rule()
    def compare(self) -> None:
        observed = self.real.observe()["kubernetes/e1"]
        assert observed.jobs == self.value.jobs
        assert observed.created == self.value.created
        assert observed.tombstones == self.value.tombstones


def test_the_kubernetes_model_does_what_an_api_server_and_its_controllers_do(place: Place) -> None:
    run(KubernetesPair, place)
    assert KubernetesPair.done >= OPERATIONS_MIN


@pytest.mark.live
@pytest.mark.parametrize(("holder", "expires"), [(None, False), ("worker/e1", True)])
def test_after_a_failover_a_key_expires_if_it_did_before(place: Place, holder: str | None, expires: bool) -> None:
    adapter = RedisAdapter(place.redis, place.prefix, lease_ms=600_000)
    adapter.set("lock:{e1}", "a", holder)
    adapter.lag_redis_failover("e1")
    adapter.delete("lock:{e1}")
    adapter.fail_over("e1")
    assert adapter.get("lock:{e1}") == "a"
    assert (place.redis.pttl(f"{place.prefix}key:lock:{{e1}}") > 0) == expires
