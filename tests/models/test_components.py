"""The components, operation by operation."""

from __future__ import annotations

import pytest

from deadheat.models.components.celery import WAITING, CeleryQueue, Message, QueueState
from deadheat.models.components.chance import Chance
from deadheat.models.components.http import Accepted, GaveUp, HttpChannel, Phase, TimedOut
from deadheat.models.components.kubernetes import Answer, JobPhase, JobReference, Kubernetes
from deadheat.models.components.kubernetes_guards import BURIED, GuardedKubernetes
from deadheat.models.components.redis import Redis, key_of
from deadheat.models.components.status import Status, StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.components.tokens import Tokens
from deadheat.models.components.user import Cancellation, User, UserState
from deadheat.models.faults import FAULTS
from deadheat.sim.components import Step
from deadheat.sim.errors import ModelError
from deadheat.sim.operations import Operation
from tests.models.driver import Driver

KEY, LOCK = key_of("key", "e1"), key_of("lock", "e1")
NAME = "evaluation-e1"


def test_an_operation_goes_to_the_instance_of_its_key() -> None:
    assert StatusStore("status").get("e1") == Operation("status/e1", "get", ("e1",))
    assert Chance("chance").occurs("rain") == Operation("chance", "occurs", ("rain",))
    named = StatusStore("status").set("e1", status=Status.FAILED)
    assert named == Operation("status/e1", "set", ("e1", Status.FAILED))


def test_a_redis_key_goes_to_the_instance_of_its_hash_tag() -> None:
    redis = Redis("redis")
    assert redis.get(LOCK).component == redis.expire("e1").component == "redis/e1"
    with pytest.raises(ModelError, match="'lock:e1' has no hash tag"):
        redis.get("lock:e1")


def test_default_arguments_are_part_of_the_operation() -> None:
    redis = Redis("redis")
    assert redis.set(KEY, "v") == redis.set(KEY, "v", None) == redis.set(KEY, "v", holder=None)


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


def test_a_read_from_a_replica_may_be_one_write_late() -> None:
    store = StatusStore("status", replicas=True)
    drive = Driver(store)
    drive(store.set("e1", Status.CANCELLED))
    assert drive(store.get("e1")) is Status.CANCELLED
    assert drive.fault(store.get("e1"), "stale-status") is Status.QUEUED
    assert [each.fault for each in StatusStore("status").apply(drive.value._replace(before=None), store.get("e1"))] == [
        None
    ]


def test_a_celery_message_is_delivered_once_until_its_worker_is_lost() -> None:
    queue = CeleryQueue("queue")
    drive = Driver(queue)
    drive(queue.deliver("e1", "w"))
    assert drive.steps(queue.deliver("e1", "w")) == []
    drive(queue.requeue("e1", "w"))
    drive(queue.deliver("e1", "w"))
    drive(queue.acknowledge("e1", "w"))
    drive(queue.requeue("e1", "w"))
    assert drive.value == QueueState(())
    assert drive.steps(queue.deliver("e1", "w")) == []


def test_a_lost_worker_is_replaced_whether_it_had_the_message_or_not() -> None:
    queue = CeleryQueue("queue")
    for has_it in (True, False):
        drive = Driver(queue)
        if has_it:
            drive(queue.deliver("e1", "w"))
        drive(queue.lose("e1", "w"))
        drive(queue.needs_another("e1", 1))
        drive(queue.deliver("e1", "v"))


def test_a_message_that_is_delivered_again_is_not_acknowledged_by_its_first_worker() -> None:
    queue = CeleryQueue("queue")
    drive = Driver(queue)
    drive(queue.deliver("e1", "w"))
    drive.fault(queue.time_out("e1"), "celery-redelivery")
    drive(queue.deliver("e1", "v"))
    drive(queue.acknowledge("e1", "w"))
    assert drive.value.messages == (Message("v"),)
    drive(queue.publish("e1"))
    assert drive.value.messages == (Message("v"), WAITING)


def test_another_worker_stands_by_until_it_is_needed() -> None:
    queue = CeleryQueue("queue")
    drive = Driver(queue)
    drive(queue.deliver("e1", "w"))
    assert drive.steps(queue.needs_another("e1", 1)) == []
    drive.fault(queue.time_out("e1"), "celery-redelivery")
    drive(queue.needs_another("e1", 1))
    assert drive.steps(queue.needs_another("e1", 2)) == []


def test_an_http_call_is_four_steps() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    assert drive.steps(http.accept("e1", 1)) == []
    assert drive(http.send("e1", "w", "please")) == 1
    assert drive.outcomes(http.response("e1", 1)) == []
    assert drive(http.accept("e1", 1)) == Accepted("w", "please")
    assert drive.steps(http.accept("e1", 1)) == []
    drive(http.reply("e1", 1, "done"))
    assert drive(http.response("e1", 1)) == "done"


def test_a_caller_that_tries_again_hears_only_the_newest_reply_while_both_deliveries_are_handled() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    drive(http.send("e1", "w", "please"))
    drive(http.accept("e1", 1))
    assert drive.fault(http.response("e1", 1), "http-retry") == TimedOut()
    assert drive(http.send("e1", "w", "please")) == 2
    assert drive(http.accept("e1", 2)) == Accepted("w", "please")
    drive(http.reply("e1", 1, "first"))
    assert drive.value[0].phase is Phase.CLOSED
    drive(http.reply("e1", 2, "second"))
    assert drive(http.response("e1", 2)) == "second"


def test_a_caller_that_gives_up_leaves_the_handler_at_work() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    drive(http.send("e1", "w", "please"))
    assert drive.fault(http.response("e1", 1), "http-timeout") == GaveUp()
    assert drive(http.accept("e1", 1)) == Accepted("w", "please")


def test_a_reply_that_was_sent_survives_its_handler() -> None:
    http = HttpChannel("http")
    for consequence in (http.reset("e1", 1), http.refuse("e1", 1)):
        drive = Driver(http)
        drive(http.send("e1", "w", "please"))
        drive(http.accept("e1", 1))
        drive(http.reply("e1", 1, "done"))
        drive(consequence)
        assert drive(http.response("e1", 1)) == "done"


@pytest.mark.parametrize("lost", ["request", "reply"])
def test_whoever_waits_for_what_was_lost_times_out(lost: str) -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    if lost == "request":
        drive.fault(http.send("e1", "w", "please"), "http-loss")
        assert drive.steps(http.accept("e1", 1)) == []
    else:
        drive(http.send("e1", "w", "please"))
        drive(http.accept("e1", 1))
        drive.fault(http.reply("e1", 1, "done"), "http-loss")
    assert drive(http.response("e1", 1)) == TimedOut()


def test_a_handler_that_dies_breaks_the_connection() -> None:
    http = HttpChannel("http")
    for consequence, outcome in ((http.reset("e1", 1), TimedOut()), (http.refuse("e1", 1), GaveUp())):
        drive = Driver(http)
        drive(http.send("e1", "w", "please"))
        drive(http.accept("e1", 1))
        drive(consequence)
        assert drive(http.response("e1", 1)) == outcome


def test_a_reply_already_on_its_way_is_lost_when_its_caller_hangs_up() -> None:
    http = HttpChannel("http")
    drive = Driver(http)
    for caller in ("w", "v"):
        number = drive(http.send("e1", caller, "please"))
        drive(http.accept("e1", number))
        drive(http.reply("e1", number, "done"))
    drive(http.hang_up("e1", "w"))
    assert [each.phase for each in drive.value] == [Phase.CLOSED, Phase.REPLIED]


def test_redis_sets_only_what_is_absent_and_deletes_only_what_is_equal() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    assert drive(redis.set_if_absent(KEY, "mine")) is True
    assert drive(redis.set_if_absent(KEY, "yours")) is False
    assert drive(redis.delete_if_equal(KEY, "yours")) is False
    assert drive(redis.get(KEY)) == "mine"
    assert drive(redis.delete_if_equal(KEY, "mine")) is True
    assert drive(redis.get(KEY)) is None
    assert drive(redis.delete(KEY)) is False
    drive(redis.set(KEY, "new"))
    assert drive(redis.delete(KEY)) is True


def test_a_lock_blocks_until_it_is_released() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.acquire(LOCK, "a"))
    assert drive.steps(redis.acquire(LOCK, "b")) == []
    drive(redis.delete_if_equal(LOCK, "a"))
    drive(redis.acquire(LOCK, "b"))
    assert drive(redis.get(LOCK)) == "b"


def test_a_lease_runs_out_by_a_fault_while_it_is_held_and_freely_once_its_holder_is_gone() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.set(KEY, "v"))
    drive(redis.acquire(LOCK, "a"))
    assert drive.fault(redis.expire("e1"), "lease-expiry") == LOCK
    assert drive.steps(redis.expire("e1")) == []
    drive(redis.acquire(LOCK, "a"))
    drive(redis.forsake("e1", "a"))
    assert drive(redis.expire("e1")) == LOCK
    assert drive(redis.get(KEY)) == "v"


def test_time_runs_for_what_a_process_leaves_behind_when_it_has_done_its_work() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    assert drive.steps(redis.let_go("e1", "w")) == []  # it holds nothing
    drive(redis.set(LOCK, "token", "w"))
    assert drive.outcomes(redis.expire("e1")) == []
    drive(redis.let_go("e1", "w"))
    assert drive.outcomes(redis.expire("e1")) == [LOCK]
    drive(redis.set(LOCK, "late", "w"))  # on its behalf, by somebody who does not know that it is gone
    assert drive(redis.expire("e1")) == LOCK
    assert drive(redis.get(LOCK)) is None


@pytest.mark.parametrize("ending", ["delete", "delete_if_equal", "replace", "forsake", "lose", "let_go"])
def test_a_key_that_a_failover_brings_back_after_its_holder_let_go_expires_as_it_is_owed(ending: str) -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.acquire(LOCK, "a"))
    drive.fault(redis.lag("e1"), "redis-failover")
    endings = {
        "delete": redis.delete(LOCK),
        "delete_if_equal": redis.delete_if_equal(LOCK, "a"),
        "replace": redis.set(LOCK, "b", "b"),
        "forsake": redis.forsake("e1", "a"),
        "lose": redis.forsake("e1", "a", for_good=True),
        "let_go": redis.let_go("e1", "a"),
    }
    drive(endings[ending])
    drive(redis.fail_over("e1"))
    assert drive(redis.get(LOCK)) == "a"
    assert drive(redis.expire("e1")) == LOCK


def test_a_key_that_a_failover_brings_back_while_its_holder_is_at_work_expires_by_a_fault_alone() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.acquire(LOCK, "a"))
    drive.fault(redis.lag("e1"), "redis-failover")
    drive(redis.fail_over("e1"))
    assert drive.outcomes(redis.expire("e1")) == []


def test_what_has_expired_on_the_master_has_expired_on_the_replica() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.acquire(LOCK, "a"))
    drive(redis.set(KEY, "stays"))
    drive.fault(redis.lag("e1"), "redis-failover")
    drive.fault(redis.expire("e1"), "lease-expiry")
    drive(redis.fail_over("e1"))
    assert (drive(redis.get(LOCK)), drive(redis.get(KEY))) == (None, "stays")


def test_a_time_to_live_that_no_clock_runs_for_is_refused() -> None:
    drive = Driver(Redis("redis", leases=False))
    drive(Redis("redis").set(KEY, "v"))
    with pytest.raises(ModelError, match="say so with leases=True in the protocol"):
        drive(Redis("redis").set(KEY, "v", "w"))


def test_a_failover_loses_what_was_written_since_the_replica_lagged_and_nothing_else() -> None:
    redis = Redis("redis")
    drive = Driver(redis)
    drive(redis.set(KEY, "old"))
    drive.fault(redis.lag("e1"), "redis-failover")
    drive(redis.set(KEY, "new"))
    drive(redis.set(LOCK, "new"))
    assert drive(redis.get(KEY)) == "new"
    drive(redis.fail_over("e1"))
    assert (drive(redis.get(KEY)), drive(redis.get(LOCK))) == ("old", None)


def test_a_job_name_is_taken_until_the_job_is_gone() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    assert drive(cluster.get_job("e1")) is Answer.NOT_FOUND
    assert drive(cluster.delete_job("e1")) is Answer.NOT_FOUND
    assert drive(cluster.create_job("e1")) is Answer.CREATED
    assert drive(cluster.create_job("e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.create_job("e1", "another")) is Answer.CREATED
    assert drive(cluster.delete_job("e1")) is Answer.OK
    assert drive(cluster.create_job("e1")) is Answer.ALREADY_EXISTS
    assert "gone" in drive.outcomes(cluster.progress("e1"))
    drive.value = next(each.value for each in drive.steps(cluster.progress("e1")) if each.outcome == "gone")
    assert drive(cluster.delete_job("e1")) is Answer.NOT_FOUND
    assert drive(cluster.create_job("e1")) is Answer.CREATED
    assert drive(cluster.list_jobs("e1")) == (JobReference("e1", "another", 2), JobReference("e1", NAME, 3))


def test_a_delete_with_a_uid_spares_a_newer_job_of_the_same_name() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    drive(cluster.create_job("e1"))
    assert drive(cluster.delete_job("e1", uid=7)) is Answer.CONFLICT
    assert drive(cluster.get_job("e1")) == JobReference("e1", NAME, 1)
    assert drive(cluster.delete_job("e1", uid=1)) is Answer.OK


def test_a_job_runs_through_its_phases_and_no_further() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    assert drive.steps(cluster.progress("e1")) == []
    drive(cluster.create_job("e1"))
    assert drive.steps(cluster.finished("e1")) == []
    phases = [drive(cluster.progress("e1")) for _ in range(3)]
    assert phases == [JobPhase.STARTING, JobPhase.RUNNING, JobPhase.FINISHED]
    assert drive.steps(cluster.progress("e1")) == []
    drive.fault(cluster.finished("e1"), "completion")


@pytest.mark.parametrize("write", ["create_job", "delete_job"])
def test_a_write_may_be_refused_or_its_answer_lost(write: str) -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    if write == "delete_job":
        drive(cluster.create_job("e1"))
    before = drive.value
    steps = drive.steps(getattr(cluster, write)("e1"))
    applied = next(each for each in steps if each.fault is None)
    refused = {each.outcome for each in steps if each.fault == "k8s-refusal" and each.value == before}
    assert refused == {Answer.CONFLICT, Answer.TOO_MANY_REQUESTS, Answer.SERVER_ERROR}
    assert [each for each in steps if each.fault == "k8s-lost-answer"] == [
        Step(Answer.NO_ANSWER, applied.value, "k8s-lost-answer")
    ]


def test_a_stale_list_shows_what_was_there_before() -> None:
    cluster = Kubernetes("kubernetes", stale_lists=True)
    drive = Driver(cluster)
    drive(cluster.create_job("e1"))
    drive(cluster.delete_job("e1"))
    drive(cluster.progress("e1"))
    stale = [each.outcome for each in drive.steps(cluster.list_jobs("e1")) if each.fault == "stale-list"]
    assert drive(cluster.list_jobs("e1")) == ()
    assert stale == [(JobReference("e1", NAME, 1),)]


def test_a_watch_tells_each_creation_once_and_in_order_unless_it_fails() -> None:
    cluster = Kubernetes("kubernetes", watched=True)
    drive = Driver(cluster)
    assert drive.steps(cluster.creation_event("e1")) == []
    drive(cluster.create_job("e1", "a"))
    drive(cluster.create_job("e1", "b"))
    drive(cluster.create_job("e1", "c"))
    assert drive.fault(cluster.creation_event("e1"), "watch-duplicate") == JobReference("e1", "a", 1)
    assert drive(cluster.creation_event("e1")) == JobReference("e1", "a", 1)
    drive.fault(cluster.lose_event("e1"), "watch-loss")
    drive(cluster.delete_job("e1", "c"))
    assert drive(cluster.creation_event("e1")) == JobReference("e1", "c", 3)
    assert drive.steps(cluster.creation_event("e1")) == []
    assert drive.steps(cluster.lose_event("e1")) == []


def test_nobody_watches_unless_asked() -> None:
    cluster = Kubernetes("kubernetes")
    drive = Driver(cluster)
    drive(cluster.create_job("e1"))
    assert drive.steps(cluster.creation_event("e1")) == []


def test_a_job_whose_owner_is_gone_is_collected_whenever_it_was_created() -> None:
    cluster = GuardedKubernetes("kubernetes")
    drive = Driver(cluster)
    owner = drive(cluster.get_owner("e1"))
    drive(cluster.create_owned_job("e1", owner))
    assert drive.outcomes(cluster.progress("e1")) == [JobPhase.STARTING]
    assert drive(cluster.delete_owner("e1")) is Answer.OK
    assert drive(cluster.get_owner("e1")) is Answer.NOT_FOUND
    assert drive.outcomes(cluster.progress("e1")) == [JobPhase.STARTING, "collected"]
    drive(cluster.create_owner("e1"))  # another owner, with another uid, does not save it
    assert "collected" in drive.outcomes(cluster.progress("e1"))


def test_a_suspended_job_has_no_pods_until_it_is_resumed() -> None:
    cluster = GuardedKubernetes("kubernetes")
    drive = Driver(cluster)
    assert drive(cluster.resume_job("e1")) is Answer.NOT_FOUND
    drive(cluster.create_suspended_job("e1"))
    assert drive.steps(cluster.progress("e1")) == []
    assert drive(cluster.resume_job("e1")) is Answer.OK
    assert drive(cluster.progress("e1")) is JobPhase.STARTING


def test_a_tombstone_and_a_job_cannot_have_the_same_name() -> None:
    cluster = GuardedKubernetes("kubernetes")
    drive = Driver(cluster)
    drive(cluster.create_job("e1"))
    assert drive(cluster.create_tombstone("e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.get_by_name("e1")) == JobReference("e1", NAME, 1)
    drive(cluster.delete_job("e1"))
    assert drive(cluster.create_tombstone("e1")) is Answer.ALREADY_EXISTS
    drive(cluster.progress("e1"))
    assert drive(cluster.create_tombstone("e1")) is Answer.CREATED
    assert drive(cluster.create_job("e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.list_jobs("e1")) == ()
    drive(cluster.remove_tombstone("e1"))
    assert drive(cluster.get_by_name("e1")) is Answer.NOT_FOUND
    assert drive(cluster.create_job("e1")) is Answer.CREATED
    drive(cluster.remove_tombstone("e1"))  # what is no tombstone is spared
    assert drive(cluster.get_job("e1")) == JobReference("e1", NAME, 3)


def test_whatever_is_done_by_name_meets_the_tombstone_that_has_the_name() -> None:
    cluster = GuardedKubernetes("kubernetes", watched=True)
    drive = Driver(cluster)
    drive(cluster.create_tombstone("e1"))
    assert drive(cluster.get_by_name("e1")) == BURIED
    assert drive(cluster.get_job("e1")) == JobReference("", NAME, 1)
    for create in (cluster.create_job, cluster.create_suspended_job, cluster.create_tombstone):
        assert drive(create("e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.create_owned_job("e1", 1)) is Answer.ALREADY_EXISTS
    assert drive(cluster.create_fenced_job("e1", 1)) is Answer.ALREADY_EXISTS
    assert drive(cluster.delete_job("e1", uid=2)) is Answer.CONFLICT
    assert drive.steps(cluster.progress("e1")) == []
    assert drive(cluster.delete_job("e1")) is Answer.OK
    assert drive(cluster.get_by_name("e1")) == JobReference("", NAME, 1)  # it keeps the name no more
    assert drive(cluster.create_job("e1")) is Answer.ALREADY_EXISTS
    assert drive(cluster.progress("e1")) == "gone"
    assert drive(cluster.create_job("e1")) is Answer.CREATED


def test_a_tombstone_is_no_job_of_the_evaluation_to_lists_watches_and_counts() -> None:
    cluster = GuardedKubernetes("kubernetes", watched=True)
    drive = Driver(cluster)
    drive(cluster.create_tombstone("e1"))
    assert drive(cluster.list_jobs("e1")) == ()
    assert drive.steps(cluster.creation_event("e1")) == []
    assert (drive.value.created, drive.value.live_jobs) == (0, ())


def test_a_tombstone_that_is_resumed_runs_like_any_other_job() -> None:
    cluster = GuardedKubernetes("kubernetes")
    drive = Driver(cluster)
    drive(cluster.create_tombstone("e1"))
    assert drive(cluster.resume_job("e1")) is Answer.OK
    assert drive(cluster.get_by_name("e1")) == JobReference("", NAME, 1)
    assert [name for name, _ in drive.value.live_jobs] == [NAME]
    assert drive(cluster.progress("e1")) is JobPhase.STARTING


def test_a_policy_admits_the_generation_that_its_cache_knows() -> None:
    cluster = GuardedKubernetes("kubernetes")
    drive = Driver(cluster)
    old = drive(cluster.get_generation("e1"))
    drive(cluster.raise_generation("e1"))
    assert Answer.CREATED in drive.outcomes(cluster.create_fenced_job("e1", old))  # the cache lags
    assert drive(cluster.progress("e1")) == "policy up to date"
    assert drive(cluster.create_fenced_job("e1", old)) is Answer.FORBIDDEN


def test_a_subscription_lags_behind_the_log() -> None:
    stream = EventStream("status")
    drive = Driver(stream)
    assert drive(stream.get("e1")) is Status.QUEUED
    drive(stream.append("e1", Status.PROVISIONING))
    drive(stream.append("e1", Status.CANCELLED))
    assert drive(stream.get("e1")) is Status.CANCELLED
    assert drive(stream.has_received("e1", Status.CANCELLED)) is False
    assert drive(stream.receive("e1")) is Status.PROVISIONING
    assert drive(stream.has_received("e1", Status.CANCELLED)) is False
    drive(stream.receive("e1"))
    assert drive(stream.has_received("e1", Status.CANCELLED)) is True
    assert drive.steps(stream.receive("e1")) == []


def test_the_user_is_heard_once_it_asks() -> None:
    user = User("user")
    drive = Driver(user)
    assert drive.steps(user.cancellation("e1", 1)) == []
    drive(user.cancel("e1"))
    drive(user.cancellation("e1", 1))
    drive.fault(user.cancel("e1"), "repeated-cancel")
    drive(user.answer("e1", 1, Cancellation.CANCELLED))
    assert drive.steps(user.cancellation("e1", 1)) == []
    drive(user.cancellation("e1", 2))
    assert drive.value == UserState((Cancellation.CANCELLED, Cancellation.REQUESTED))
    assert drive.value.was_told_cancelled


def test_a_user_submits_again_only_what_is_cancelled_and_then_wants_it() -> None:
    user = User("user")
    drive = Driver(user)
    assert drive.value.wants_it
    drive(user.cancel("e1"))
    assert not drive.value.wants_it
    assert drive.steps(user.resubmit("e1")) == []
    drive(user.answer("e1", 1, Cancellation.CANCELLED))
    drive.fault(user.resubmit("e1"), "resubmission")
    assert drive.value.wants_it
    assert not drive.value.was_told_cancelled


def test_what_is_submitted_again_has_its_newest_event_and_its_subscriber_forgets() -> None:
    stream = EventStream("status")
    drive = Driver(stream)
    drive(stream.append("e1", Status.CANCELLED))
    drive(stream.receive("e1"))
    drive(stream.append("e1", Status.FAILED))
    drive(stream.reset("e1"))
    assert drive(stream.get("e1")) is Status.QUEUED
    assert drive(stream.has_received("e1", Status.CANCELLED)) is True  # it has not heard of it yet
    assert drive(stream.receive("e1")) is Status.FAILED  # what came before it comes first
    assert drive(stream.receive("e1")) is Status.QUEUED
    assert drive(stream.has_received("e1", Status.CANCELLED)) is False
    assert drive(stream.has_received("e1", Status.FAILED)) is False


def test_every_fault_has_a_meaning_and_a_source() -> None:
    assert all(fault.meaning and fault.source and kind == fault.kind for kind, fault in FAULTS.items())


def test_tokens_are_never_given_twice() -> None:
    tokens = Tokens("tokens")
    drive = Driver(tokens)
    assert len({drive(tokens.generate("e1")) for _ in range(5)}) == 5
