"""Each property notices what it is for, in hand-made states, and each is broken by a protocol made to break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deadheat.models.cluster import every_job
from deadheat.models.components.kubernetes import Job, JobPhase, KubernetesState
from deadheat.models.components.status import Status, StatusState
from deadheat.models.components.user import Cancellation, UserState
from deadheat.models.protocols import baseline, name_tombstone
from deadheat.models.protocols.baseline import BASELINE
from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP
from deadheat.models.roles import Steps, one
from deadheat.models.system import CancelRequest, DispatchRequest, Protocol, System, Task
from deadheat.models.world import build
from deadheat.scenarios.properties import PROPERTIES, properties_of
from deadheat.sim.explore.python import explore
from deadheat.sim.model import Model, Property


def prop(name: str) -> Property:
    system = build(BASELINE, 1, {}).system
    return next(each for each in properties_of(system) if each.name == name)


def state(
    status: Status = Status.PROVISIONING,
    phase: JobPhase | None = JobPhase.RUNNING,
    cancellation: Cancellation | None = None,
    uid: int = 1,
    since: int = 0,
) -> Mapping[str, Any]:
    jobs = () if phase is None else (("evaluation-e1", Job(uid, phase)),)
    created = 0 if phase is None else uid
    requests = () if cancellation is None else (cancellation,)
    return {
        "status/e1": StatusState(status),
        "kubernetes/e1": KubernetesState(jobs, created),
        "user/e1": UserState(requests, since),
    }


def test_the_properties_are_made_in_the_order_in_which_they_are_listed() -> None:
    assert [each.name for each in properties_of(build(BASELINE, 1, {}).system)] == list(PROPERTIES)


@pytest.mark.parametrize("name", ["no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"])
@pytest.mark.parametrize(
    ("status", "phase", "is_orphan"),
    [
        (Status.CANCELLED, JobPhase.CREATED, True),
        (Status.CANCELLED, JobPhase.RUNNING, True),
        (Status.FAILED, JobPhase.FINISHED, True),
        (Status.CANCELLED, JobPhase.DELETING, False),
        (Status.COMPLETED, JobPhase.FINISHED, False),
        (Status.COMPLETED, JobPhase.RUNNING, True),
        (Status.CANCELLED, None, False),
        (Status.PROVISIONING, JobPhase.RUNNING, False),
    ],
)
def test_an_orphan_exists_is_not_being_deleted_and_has_ended(
    name: str, status: Status, phase: JobPhase | None, is_orphan: bool
) -> None:
    assert bool(prop(name).violation(state(status, phase))) is is_orphan


def test_a_terminal_status_may_not_change_even_into_another_terminal_one() -> None:
    violation = prop("terminal-is-final").violation
    assert violation(state(Status.CANCELLED), state(Status.PROVISIONING))
    assert violation(state(Status.CANCELLED), state(Status.FAILED))
    assert not violation(state(Status.PROVISIONING), state(Status.CANCELLED))
    assert not violation(state(Status.CANCELLED), state(Status.CANCELLED))
    assert not violation(state(Status.CANCELLED), state(Status.QUEUED, since=1))  # it was submitted again


def test_a_second_job_counts_even_when_the_first_is_gone() -> None:
    violation = prop("at-most-one-job").violation
    assert violation(state(uid=2))
    assert not violation(state(uid=1))
    assert not violation(state(phase=None))


def test_a_job_may_be_deleted_once_its_user_asked_for_that() -> None:
    violation = prop("wanted-job-survives").violation
    assert violation(state(), state(phase=JobPhase.DELETING))
    requested = Cancellation.REQUESTED
    assert not violation(state(cancellation=requested), state(phase=JobPhase.DELETING, cancellation=requested))


def test_the_job_of_an_ended_evaluation_may_be_deleted() -> None:
    violation = prop("wanted-job-survives").violation
    assert not violation(state(Status.FAILED), state(Status.FAILED, JobPhase.DELETING))


def test_what_is_submitted_again_is_wanted_again() -> None:
    violation = prop("wanted-job-survives").violation
    again = {"cancellation": Cancellation.CANCELLED, "since": 1}
    assert violation(state(**again), state(phase=JobPhase.DELETING, **again))  # type: ignore[arg-type]


def test_a_job_that_was_created_once_is_enough_for_the_uncancelled() -> None:
    violation = prop("uncancelled-gets-job").violation
    assert violation(state(phase=None))
    assert not violation(state(phase=JobPhase.FINISHED))
    assert not violation(state(phase=None, cancellation=Cancellation.REQUESTED))


def test_nothing_starts_after_the_user_was_told() -> None:
    violation = prop("cancelled-means-stopped").violation
    told = Cancellation.CANCELLED
    created, starting = JobPhase.CREATED, JobPhase.STARTING
    assert violation(state(phase=None, cancellation=told), state(phase=created, cancellation=told))
    assert violation(state(phase=created, cancellation=told), state(phase=starting, cancellation=told))
    again = state(phase=created, cancellation=told, uid=2)
    assert violation(state(phase=None, cancellation=told), again)
    assert not violation(state(phase=starting, cancellation=told), state(phase=JobPhase.RUNNING, cancellation=told))
    assert not violation(state(phase=None), state(phase=created))


def test_a_job_that_stays_suspended_is_none() -> None:
    suspended = {**state(), "kubernetes/e1": KubernetesState((("evaluation-e1", Job(1, suspended=True)),), 1)}
    assert prop("uncancelled-gets-job").violation(suspended)
    assert prop("nothing-stuck").violation(suspended)


def test_a_request_for_cancellation_wants_an_answer() -> None:
    violation = prop("cancel-answered").violation
    assert violation(state(cancellation=Cancellation.REQUESTED))
    assert not violation(state(cancellation=Cancellation.TOO_LATE))
    assert not violation(state())


def test_an_evaluation_without_an_end_and_without_a_job_is_stuck() -> None:
    violation = prop("nothing-stuck").violation
    assert violation(state(phase=None))
    assert violation(state(phase=JobPhase.DELETING))
    assert not violation(state(phase=JobPhase.FINISHED))
    assert not violation(state(Status.FAILED, None))


# Protocols made to break one property, or as few as can be, out of one that breaks none.


def refuse_and_fail(system: System, task: Task) -> Steps:
    yield system.queue.deliver(task.evaluation, task.worker)
    yield system.store.compare_and_set(task.evaluation, Status.QUEUED, Status.FAILED)


def forget_the_task(system: System, task: Task) -> Steps:
    yield system.queue.deliver(task.evaluation, task.worker)


def sweep_without_asking(system: System) -> Steps:
    for job in (yield from every_job(system)):
        yield system.kubernetes.delete_job(job.evaluation, job.name)


def create_twice(system: System, request: DispatchRequest) -> Steps:
    answer = yield from baseline.dispatch(system, request)
    yield system.kubernetes.create_job(request.evaluation)
    return answer


def cancel_then_change_its_mind(system: System, request: CancelRequest) -> Steps:
    yield from name_tombstone.cancel(system, request)
    yield system.store.set(request.evaluation, Status.FAILED)


def cancel_silently(system: System, request: CancelRequest) -> Steps:
    yield system.user.cancellation(request.evaluation, request.number)


def promise_then_cancel(system: System, request: CancelRequest) -> Steps:
    yield system.user.cancellation(request.evaluation, request.number)
    yield system.user.answer(request.evaluation, request.number, Cancellation.CANCELLED)
    yield from name_tombstone.bury(system, request.evaluation)
    yield system.store.set(request.evaluation, Status.CANCELLED)


def write_then_bury(system: System, request: CancelRequest) -> Steps:
    yield system.user.cancellation(request.evaluation, request.number)
    yield system.store.set(request.evaluation, Status.CANCELLED)
    yield from name_tombstone.bury(system, request.evaluation)
    yield system.user.answer(request.evaluation, request.number, Cancellation.CANCELLED)


def write_and_leave_it(system: System, request: CancelRequest) -> Steps:
    yield system.user.cancellation(request.evaluation, request.number)
    yield system.store.set(request.evaluation, Status.CANCELLED)
    yield system.user.answer(request.evaluation, request.number, Cancellation.TOO_LATE)


RUTHLESS_CLEANUP = replace(
    ORPHAN_CLEANUP,
    roles=(one("cleanup", sweep_without_asking, repeats=True),),
)

ALL_ORPHANS = {"no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"}

# property -> a protocol that breaks it, and what else that one cannot but break
BREAKERS: dict[str, tuple[Protocol, set[str]]] = {
    # An orphan that stays was there at some moment, too, and is never cleaned.
    "no-permanent-orphan": (replace(NAME_TOMBSTONE, cancel=write_and_leave_it), ALL_ORPHANS),
    "eventually-cleaned": (replace(NAME_TOMBSTONE, cancel=write_and_leave_it), ALL_ORPHANS),
    "no-transient-orphan": (replace(NAME_TOMBSTONE, cancel=write_then_bury), set()),
    "terminal-is-final": (replace(NAME_TOMBSTONE, cancel=cancel_then_change_its_mind), set()),
    # While the first Job is being deleted for a cancellation, the second create may come after it is gone.
    "at-most-one-job": (replace(NAME_TOMBSTONE, dispatch=create_twice), set()),
    # Without its Job an evaluation is stuck.
    "wanted-job-survives": (NAME_TOMBSTONE.plus(RUTHLESS_CLEANUP), {"nothing-stuck"}),
    "uncancelled-gets-job": (replace(NAME_TOMBSTONE, worker=refuse_and_fail), set()),
    "cancelled-means-stopped": (replace(NAME_TOMBSTONE, cancel=promise_then_cancel), set()),
    "cancel-answered": (replace(NAME_TOMBSTONE, cancel=cancel_silently), set()),
    # No Job for the uncancelled is the only way to be stuck that does not lose one.
    "nothing-stuck": (replace(NAME_TOMBSTONE, worker=forget_the_task), {"uncancelled-gets-job"}),
}


def violated(protocol: Protocol) -> set[str]:
    world = build(protocol, 1, {})
    return set(explore(Model(world.components, world.processes, properties_of(world.system))).counterexamples)


def test_the_protocol_that_the_breakers_are_made_of_breaks_nothing() -> None:
    assert violated(NAME_TOMBSTONE) == set()


@pytest.mark.parametrize("name", PROPERTIES)
def test_each_property_is_broken_by_a_protocol_made_to_break_it_and_hardly_anything_else(name: str) -> None:
    protocol, also = BREAKERS[name]
    assert violated(protocol) == {name} | also
