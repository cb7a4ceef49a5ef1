"""The components, operation by operation."""

from __future__ import annotations

from typing import Any

import pytest

from deadheat.models.celery import CeleryQueue, Message
from deadheat.models.http import HTTP_RETRY, HttpChannel, Phase, TimedOut
from deadheat.models.kubernetes import Answer, JobPhase, JobReference, Kubernetes
from deadheat.models.redis import LEASE_EXPIRY, Redis
from deadheat.models.status import Status, StatusStore
from deadheat.models.stream import EventStream, StatusEvent
from deadheat.models.tokens import Tokens
from deadheat.models.user import Cancellation, User
from deadheat.sim.components import Component, Step
from deadheat.sim.errors import ModelError
from deadheat.sim.operations import Operation


class Driver:
    """Applies operations to a component one after another; each must have exactly one fault-free step."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.value = component.initial

    def steps(self, request: Operation) -> list[Step]:
        return list(self.component.apply(self.value, request))

    def __call__(self, request: Operation) -> Any:
        [step] = [each for each in self.steps(request) if each.fault is None]
        self.value = step.value
        return step.outcome

    def fault(self, request: Operation) -> tuple[str | None, Any]:
        [step] = [each for each in self.steps(request) if each.fault is not None]
        self.value = step.value
        return step.fault, step.outcome


def test_an_operation_goes_to_the_instance_of_its_key() -> None:
    assert StatusStore("status").get("e1") == Operation("status/e1", "get", ("e1",))
    assert Kubernetes("kubernetes").get_job("j") == Operation("kubernetes", "get_job", ("j",))
    named = StatusStore("status").set("e1", status=Status.FAILED)
    assert named == Operation("status/e1", "set", ("e1", Status.FAILED))


def test_default_arguments_are_part_of_the_operation() -> None:
    redis = Redis("redis")
    assert redis.set("k", "v") == redis.set("k", "v", None) == redis.set("k", "v", holder=None)


def test_an_operation_called_wrongly_is_refused() -> None:
    with pytest.raises(ModelError, match=r"StatusStore\.set was called with the wrong arguments"):
        StatusStore("status").set("e1")  # type: ignore[call-arg]
    with pytest.raises(ModelError, match="has no operation 'pop'"):
        StatusStore("status").apply(Status.QUEUED, Operation("status/e1", "pop"))


def test_the_status_store_compares_before_it_sets() -> None:
    store = StatusStore("status")
    drive = Driver(store)
    assert drive(store.compare_and_set("e1", Status.QUEUED, Status.PROVISIONING)) is True
    assert drive(store.compare_and_set("e1", Status.QUEUED, Status.FAILED)) is False
    assert drive(store.get("e1")) is Status.PROVISIONING
    drive(store.set("e1", Status.CANCELLED))
    assert drive(store.get("e1")) is Status.CANCELLED


def test_a_celery_message_is_delivered_once_until_its_worker_is_lost() -> None:
    queue = CeleryQueue("queue")
    drive = Driver(queue)
    drive(queue.deliver("e1"))
    assert drive.steps(queue.deliver("e1")) == []
    drive(queue.requeue("e1"))
    drive(queue.deliver("e1"))
    drive(queue.acknowledge("e1"))
    drive(queue.requeue("e1"))
    assert drive.value is Message.ACKNOWLEDGED
    assert drive.steps(queue.deliver("e1")) == []


def test_an_http_call_is_four_steps() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    assert drive.steps(http.accept("e1", 0)) == []
    assert drive(http.send("e1", "please")) == 0
    assert [step for step in drive.steps(http.response("e1", 0)) if step.fault is None] == []
    assert drive(http.accept("e1", 0)) == "please"
    assert drive.steps(http.accept("e1", 0)) == []
    drive(http.reply("e1", 0, "done"))
    assert drive(http.response("e1", 0)) == "done"


def test_a_caller_that_gave_up_hears_only_the_newest_reply_while_both_deliveries_are_handled() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    drive(http.send("e1", "please"))
    drive(http.accept("e1", 0))
    assert drive.fault(http.response("e1", 0)) == (HTTP_RETRY, TimedOut())
    assert drive(http.send("e1", "please")) == 1
    assert drive(http.accept("e1", 1)) == "please"
    drive(http.reply("e1", 0, "first"))
    assert drive.value[0].phase is Phase.CLOSED
    drive(http.reply("e1", 1, "second"))
    assert drive(http.response("e1", 1)) == "second"


def test_a_reply_already_on_its_way_is_lost_when_its_caller_hangs_up() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    drive(http.send("e1", "please"))
    drive(http.accept("e1", 0))
    drive(http.reply("e1", 0, "done"))
    drive(http.hang_up("e1"))
    assert drive.value[0].phase is Phase.CLOSED


def test_redis_sets_only_what_is_absent_and_deletes_only_what_is_equal() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    assert drive(redis.set_if_absent("k", "mine")) is True
    assert drive(redis.set_if_absent("k", "yours")) is False
    assert drive(redis.delete_if_equal("k", "yours")) is False
    assert drive(redis.get("k")) == "mine"
    assert drive(redis.delete_if_equal("k", "mine")) is True
    assert drive(redis.get("k")) is None
    assert drive(redis.delete("k")) is False
    drive(redis.set("k", "new"))
    assert drive(redis.delete("k")) is True


def test_a_lock_blocks_until_it_is_released() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.acquire("lock", "a"))
    assert drive.steps(redis.acquire("lock", "b")) == []
    drive(redis.delete_if_equal("lock", "a"))
    drive(redis.acquire("lock", "b"))
    assert drive(redis.get("lock")) == "b"


def test_a_lease_runs_out_by_a_fault_while_it_is_held_and_freely_once_its_holder_is_gone() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.set("for ever", "v"))
    drive(redis.acquire("lock", "a"))
    assert drive.fault(redis.expire()) == (LEASE_EXPIRY, "lock")
    assert drive.steps(redis.expire()) == []
    drive(redis.acquire("lock", "a"))
    drive(redis.forsake("a"))
    assert drive(redis.expire()) == "lock"
    assert drive(redis.get("for ever")) == "v"


def test_a_job_name_is_taken_until_the_job_is_gone() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    assert drive(cluster.get_job("j")) is Answer.NOT_FOUND
    assert drive(cluster.delete_job("j")) is Answer.NOT_FOUND
    assert drive(cluster.create_job("j", "e1")) is Answer.CREATED
    assert drive(cluster.create_job("j", "e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.delete_job("j")) is Answer.OK
    assert drive(cluster.create_job("j", "e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.progress("j")) is JobPhase.GONE
    assert drive(cluster.delete_job("j")) is Answer.NOT_FOUND
    assert drive(cluster.create_job("j", "e1")) is Answer.CREATED
    assert drive(cluster.list_jobs()) == (JobReference("j", 2, "e1"),)


def test_a_job_runs_through_its_phases_and_no_further() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    assert drive.steps(cluster.progress("j")) == []
    drive(cluster.create_job("j", "e1"))
    phases = [drive(cluster.progress("j")) for _ in range(3)]
    assert phases == [JobPhase.STARTING, JobPhase.RUNNING, JobPhase.FINISHED]
    assert drive.steps(cluster.progress("j")) == []


def test_a_watch_tells_each_creation_once_and_in_order() -> None:
    cluster = Kubernetes("kubernetes", watched=True)
    drive = Driver(cluster)
    assert drive.steps(cluster.creation_event()) == []
    drive(cluster.create_job("a", "e1"))
    drive(cluster.create_job("b", "e2"))
    assert drive(cluster.creation_event()) == JobReference("a", 1, "e1")
    drive(cluster.delete_job("b"))
    assert drive(cluster.creation_event()) == JobReference("b", 1, "e2")
    assert drive.steps(cluster.creation_event()) == []


def test_nobody_watches_unless_asked() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    drive(cluster.create_job("a", "e1"))
    assert drive.steps(cluster.creation_event()) == []


def test_a_subscription_lags_behind_the_log() -> None:
    stream = EventStream("status")
    drive = Driver(stream)
    assert drive(stream.get("e1")) is Status.QUEUED
    drive(stream.append("e1", Status.PROVISIONING))
    drive(stream.append("e1", Status.CANCELLED))
    assert drive(stream.get("e1")) is Status.CANCELLED
    assert drive(stream.has_received("e1", Status.CANCELLED)) is False
    assert drive(stream.receive()) == StatusEvent("e1", Status.PROVISIONING)
    assert drive(stream.has_received("e1", Status.CANCELLED)) is False
    drive(stream.receive())
    assert drive(stream.has_received("e1", Status.CANCELLED)) is True
    assert drive.steps(stream.receive()) == []


def test_the_user_is_heard_once_it_asks() -> None:
    user = User("user")
    drive = Driver(user)
    assert drive.steps(user.cancellation("e1")) == []
    drive(user.cancel("e1"))
    drive(user.cancellation("e1"))
    drive(user.answer("e1", Cancellation.CANCELLED))
    assert drive.value is Cancellation.CANCELLED


def test_tokens_are_never_given_twice() -> None:
    tokens = Tokens("tokens")
    drive = Driver(tokens)
    assert len({drive(tokens.generate("e1")) for _ in range(5)}) == 5
