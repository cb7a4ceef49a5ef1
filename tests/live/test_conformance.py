"""The models and the real servers, driven with the same random operations: every outcome must be the same.

Where they differ, the model is wrong. An operation that the model does not allow now (it would block) is left out, so
the machines take more steps than they do operations; each does at least `OPERATIONS_MIN`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from deadheat.live.adapter import Adapter
from deadheat.live.force import Names
from deadheat.live.kubernetes import KubernetesAdapter
from deadheat.live.place import Place
from deadheat.live.redis import RedisAdapter, forget
from deadheat.live.status import RedisStatus
from deadheat.live.stream import StreamAdapter
from deadheat.models.kubernetes import Kubernetes, KubernetesState
from deadheat.models.redis import Redis
from deadheat.models.status import Status, StatusStore
from deadheat.models.stream import EventStream
from deadheat.models.values import lookup
from deadheat.sim.components import Component, Step
from deadheat.sim.operations import Operation

pytestmark = pytest.mark.live

EXAMPLES, STEPS = 100, 50
OPERATIONS_MIN = 2_000

keys = st.sampled_from(["lock:e1", "token:e1", "flag"])
contents = st.sampled_from(["a", "b"])
holders = st.none() | st.sampled_from(["worker/e1", "dispatcher/e1/1"])
evaluations = st.sampled_from(["e1", "e2"])
statuses = st.sampled_from(Status)
names = st.sampled_from(["evaluation-e1", "evaluation-e2"])


class Pair(RuleBasedStateMachine):
    """A component's value in the model, and its adapter; `done` counts the operations of all runs."""

    place: Place
    done: int
    to_model: Callable[[Any], Any] = staticmethod(lambda value: value)

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

    def do(self, operation: Operation, step: Callable[[Step], bool] = lambda _: True) -> None:
        """Do an operation on both sides, if the model allows it now; of several steps, the first one asked for."""
        steps = [each for each in self.component.apply(self.value, operation) if step(each)]
        if not steps:
            return
        outcome = self.adapter.perform(operation, steps[0].fault, steps[0].outcome)
        assert self.to_model(outcome) == steps[0].outcome, operation
        self.value = steps[0].value
        type(self).done += 1


def run(machine: type[Pair], place: Place) -> None:
    machine.place = place
    machine.done = 0
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


class RedisPair(Pair):
    def open(self) -> tuple[Component, Adapter]:
        forget(self.place.redis, self.place.prefix)
        self.model = Redis("redis")
        self.real = RedisAdapter(self.place.redis, self.place.prefix, lease_ms=600_000)
        return self.model, self.real

    @rule(key=keys)
    def get(self, key: str) -> None:
        self.do(self.model.get(key))

    @rule(key=keys, content=contents, holder=holders)
    def set(self, key: str, content: str, holder: str | None) -> None:
        self.do(self.model.set(key, content, holder))

    @rule(key=keys, content=contents, holder=holders)
    def set_if_absent(self, key: str, content: str, holder: str | None) -> None:
        self.do(self.model.set_if_absent(key, content, holder))

    @rule(key=keys, owner=holders.filter(bool))
    def acquire(self, key: str, owner: str) -> None:
        self.do(self.model.acquire(key, owner))

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.do(self.model.delete(key))

    @rule(key=keys, content=contents)
    def delete_if_equal(self, key: str, content: str) -> None:
        self.do(self.model.delete_if_equal(key, content))

    @rule(key=keys)
    def expire(self, key: str) -> None:
        self.do(self.model.expire(), lambda step: step.outcome == key)

    @rule(holder=holders.filter(bool))
    def forsake(self, holder: str) -> None:
        self.do(self.model.forsake(holder))

    @rule()
    def compare(self) -> None:
        assert self.real.contents() == {key: entry.content for key, entry in self.value}

    @rule(key=keys)
    def compare_whether_it_can_expire(self, key: str) -> None:
        entry = lookup(self.value, key)
        has_time_to_live = self.place.redis.pttl(f"{self.place.prefix}key:{key}") > 0
        assert has_time_to_live == (entry is not None and entry.holder is not None)


def test_the_redis_model_does_what_redis_does(place: Place) -> None:
    run(RedisPair, place)
    assert RedisPair.done >= OPERATIONS_MIN


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
        return self.model, StreamAdapter(self.place.redis, self.place.prefix, ["e1", "e2"])

    @rule(evaluation=evaluations, status=statuses)
    def append(self, evaluation: str, status: Status) -> None:
        self.do(self.model.append(evaluation, status))

    @rule(evaluation=evaluations)
    def get(self, evaluation: str) -> None:
        self.do(self.model.get(evaluation))

    @rule()
    def receive(self) -> None:
        self.do(self.model.receive())

    @rule(evaluation=evaluations, status=statuses)
    def has_received(self, evaluation: str, status: Status) -> None:
        self.do(self.model.has_received(evaluation, status))


def test_the_stream_model_does_what_a_redis_stream_does(place: Place) -> None:
    run(StreamPair, place)
    assert StreamPair.done >= OPERATIONS_MIN


class KubernetesPair(Pair):
    value: KubernetesState

    def open(self) -> tuple[Component, Adapter]:
        namespace = self.running.enter_context(self.place.namespace())
        self.model = Kubernetes("kubernetes", watched=True)
        self.real = KubernetesAdapter(self.place.cluster, namespace, run=self.place.run, held=True, watched=True)
        self.to_model = Names(self.real).to_model
        return self.model, self.real

    @rule(name=names, evaluation=evaluations)
    def create(self, name: str, evaluation: str) -> None:
        self.do(self.model.create_job(name, evaluation))

    @rule(name=names)
    def get(self, name: str) -> None:
        self.do(self.model.get_job(name))

    @rule()
    def list_all(self) -> None:
        self.do(self.model.list_jobs())

    @rule(name=names)
    def delete(self, name: str) -> None:
        self.do(self.model.delete_job(name))

    @rule(name=names)
    def progress(self, name: str) -> None:
        self.do(self.model.progress(name))

    @precondition(lambda self: self.value.events)
    @rule()
    def watch(self) -> None:
        self.do(self.model.creation_event())

    @rule()
    def compare(self) -> None:
        jobs = dict(self.value.jobs)
        assert dict(self.real.observe()["kubernetes"].jobs) == jobs


def test_the_kubernetes_model_does_what_an_api_server_and_its_controllers_do(place: Place) -> None:
    run(KubernetesPair, place)
    assert KubernetesPair.done >= OPERATIONS_MIN
