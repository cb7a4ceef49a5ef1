"""What goes by itself on real servers waits for the schedule, and programs of one schedule agree on how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any, cast

import pytest

from deadheat.live.adapters.base import Adapter, BlockedError, poll
from deadheat.live.adapters.celery import CeleryAdapter
from deadheat.live.adapters.http import Caller, UserAdapter
from deadheat.live.adapters.kubernetes import JobTemplate, KubernetesAdapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.together import Adapters, kubernetes_adapter
from deadheat.live.forcing.force import Names
from deadheat.live.place import Place
from deadheat.live.site import Site
from deadheat.live.topology.worker_queue import BrokerQueue, unacknowledged
from deadheat.models.components.kubernetes import Answer, Job, JobPhase, JobReference, Kubernetes
from deadheat.models.components.user import Cancellation, UserState
from deadheat.scenarios.catalogue import find_protocol
from deadheat.sim.operations import Operation, atomically

JOB = "evaluation-e1"


@pytest.fixture
def namespace(place: Place) -> Iterator[str]:
    with place.namespace() as name:
        yield name


def guarded(place: Place, namespace: str) -> GuardedKubernetesAdapter:
    adapter = GuardedKubernetesAdapter(place.cluster, namespace, ["e1"], run=place.run, held=True)
    adapter.submit()
    return adapter


def owner_of(adapter: GuardedKubernetesAdapter) -> int:
    owner = adapter.get_owner("e1")
    assert isinstance(owner, int)
    return owner


def wait_for_the_garbage_collector(place: Place, namespace: str) -> None:
    """Wait until it has noticed that the first owner of the Job is gone."""
    for _ in poll(30.0, "the garbage collector did not look"):
        job = place.cluster.get_job(namespace, JOB)
        assert job is not None
        assert job.metadata is not None
        assert job.metadata.deletion_timestamp is None, "it was ahead of the schedule"
        if len(job.metadata.owner_references or []) == 1:
            return


@pytest.mark.live
def test_a_job_that_is_created_after_its_owner_is_gone_waits_to_be_collected(place: Place, namespace: str) -> None:
    adapter = guarded(place, namespace)
    owner = owner_of(adapter)
    adapter.create_owned_job("e1", owner)
    adapter.delete_owner("e1")
    for wish in ("collected", "gone"):
        assert adapter.progress("e1", wish=wish) == wish
    assert adapter.create_owned_job("e1", owner) is Answer.CREATED
    wait_for_the_garbage_collector(place, namespace)
    observed = adapter.observe()["kubernetes/e1"]
    assert observed.jobs == ((JOB, Job(2, JobPhase.CREATED, owner=1)),)
    assert observed.created == 2
    for wish in (JobPhase.STARTING, JobPhase.RUNNING, "collected", "gone"):
        assert adapter.progress("e1", wish=wish) == wish


@pytest.mark.live
def test_collecting_a_job_spares_the_owner_of_a_new_submission(place: Place, namespace: str) -> None:
    adapter = guarded(place, namespace)
    adapter.create_owned_job("e1", owner_of(adapter))
    adapter.create_owner("e1")
    new = owner_of(adapter)
    assert adapter.progress("e1", wish="collected") == "collected"
    assert adapter.get_owner("e1") == new
    adapter.delete_owner("e1")
    assert place.cluster.get_config_map(namespace, f"{JOB}-owner") is not None, "the new owner is not held any more"


@pytest.fixture
def two(place: Place, namespace: str) -> Iterator[tuple[KubernetesAdapter, ...]]:
    """The adapters of a parent, and of a child that is started after two Jobs were created and one is gone."""
    protocol = find_protocol("fenced-generation+storage-worker")

    def adapter(**named: Any) -> KubernetesAdapter:
        site = Site(place, namespace, ("e1",), **named)
        return kubernetes_adapter(site, protocol, held=True, watched=True, template=JobTemplate())

    parent = adapter(ports={})
    parent.create_job("e1")
    parent.delete_job("e1")
    parent.progress("e1", wish="gone")
    parent.create_job("e1")
    child = adapter(is_owner=False, watch_from=parent.watch_from)
    yield parent, child
    parent.close()
    child.close()


@pytest.mark.live
def test_a_program_is_told_of_what_was_created_before_it_was_started(two: tuple[KubernetesAdapter, ...]) -> None:
    parent, child = two
    assert [child.creation_event("e1").uid for _ in range(2)] == [parent.real_uid("e1", 1), parent.real_uid("e1", 2)]


@pytest.mark.live
def test_an_event_that_is_lost_here_is_told_in_no_other_program(two: tuple[KubernetesAdapter, ...]) -> None:
    parent, child = two
    parent.lose_event_watch_loss("e1")
    assert child.creation_event("e1").uid == parent.real_uid("e1", 2)


@pytest.mark.live
def test_programs_agree_on_what_the_policy_knows(two: tuple[KubernetesAdapter, ...]) -> None:
    parent, child = two
    assert isinstance(parent, GuardedKubernetesAdapter)
    assert isinstance(child, GuardedKubernetesAdapter)
    parent.raise_generation("e1")
    assert child.create_fenced_job("e1", 2) is Answer.FORBIDDEN
    assert parent.progress("e1", wish="policy up to date") == "policy up to date"
    assert child.create_fenced_job("e1", 1) is Answer.FORBIDDEN


@pytest.mark.live
def test_a_stale_list_tells_of_jobs_that_its_program_never_saw(two: tuple[KubernetesAdapter, ...]) -> None:
    parent, child = two
    wish = Names(parent).to_real((JobReference("e1", JOB, 1),))
    assert child.list_jobs_stale_list("e1", wish=wish) == (JobReference("e1", JOB, parent.real_uid("e1", 1)),)


@pytest.mark.live
def test_a_message_times_out_once_its_time_has_passed_and_no_other_does(place: Place) -> None:
    prefix = f"{place.prefix}here:"
    taker, broker = (
        CeleryAdapter(place.redis_url, prefix, ["e1", "e2"]),
        BrokerQueue(place.redis_url, prefix, [], place.redis),
    )
    taker.patience_s = 0.5
    try:
        for evaluation in ("e1", "e2"):
            taker.deliver(evaluation, "worker")
        broker.time_out_celery_redelivery("e1")
        taker.deliver("e1", "another")
        with pytest.raises(BlockedError):
            taker.deliver("e2", "another")
    finally:
        taker.close()
        broker.close()


@pytest.mark.live
def test_kombu_lets_a_late_acknowledgement_take_the_message_from_who_has_it_now(place: Place) -> None:
    # Which the model does not: see docs/live.md, "Topologies". If this ever fails, kombu is as modelled, and that
    # paragraph is to go.
    prefix = f"{place.prefix}late:"
    first, second, broker = (
        CeleryAdapter(place.redis_url, prefix, ["e1"]),
        CeleryAdapter(place.redis_url, prefix, []),
        BrokerQueue(place.redis_url, prefix, [], place.redis),
    )
    first.deliver("e1", "worker/e1")
    broker.time_out_celery_redelivery("e1")
    second.deliver("e1", "worker/e1/2")
    assert len(unacknowledged(place.redis, prefix, "e1")) == 1
    first.acknowledge("e1", "worker/e1")
    assert unacknowledged(place.redis, prefix, "e1") == {}
    for each in (first, second, broker):
        each.close()


def test_what_another_program_does_in_one_step_is_noticed_one_by_one() -> None:
    kubernetes, component = NoticingAdapter("kubernetes"), Kubernetes("kubernetes")
    adapters = Adapters([kubernetes])
    adapters.notice(atomically(component.get_job("e1"), component.create_job("e1")))
    adapters.notice(component.create_job("e2"))
    assert kubernetes.noticed == ["kubernetes/e1.get_job", "kubernetes/e1.create_job", "kubernetes/e2.create_job"]


class NoticingAdapter(Adapter):
    """Keeps what it is to take note of."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.noticed: list[str] = []

    def notice(self, operation: Operation) -> None:
        self.noticed.append(f"{operation.component}.{operation.name}")


def test_a_request_that_was_answered_is_not_sent_again_to_a_handler_that_is_back() -> None:
    answered: Future[Any] = Future()
    answered.set_result(Cancellation.CANCELLED)
    adapter = UserAdapter(cast(Caller, None), None, ["e1"])
    adapter._requests["e1"] = [answered]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(adapter, "_caller", Unwanted())
        adapter.send_again("e1", 1)
    assert adapter.observe() == {"user/e1": UserState((Cancellation.CANCELLED,))}


class Unwanted:
    """A caller that nobody should use."""

    def post(self, *arguments: Any) -> None:
        raise AssertionError("the request was sent again")
