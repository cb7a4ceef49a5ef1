"""Each property notices what it is for, in hand-made states, and each is broken by a protocol made to break it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from deadheat.models.kubernetes import Job, JobPhase, KubernetesState
from deadheat.models.protocols.baseline import BASELINE, cancel
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP
from deadheat.models.protocols.state_machine import STATE_MACHINE
from deadheat.models.status import Status
from deadheat.models.system import DispatchRequest, Protocol, Steps, System
from deadheat.models.user import Cancellation
from deadheat.models.world import build
from deadheat.scenarios.properties import PROPERTIES, properties_of
from deadheat.sim.explore.python import explore
from deadheat.sim.model import Model, Process, Property


def prop(name: str) -> Property:
    system = build(BASELINE, 1, {}).system
    return next(each for each in properties_of(system) if each.name == name)


def state(
    status: Status = Status.PROVISIONING,
    phase: JobPhase | None = JobPhase.RUNNING,
    cancellation: Cancellation = Cancellation.NONE,
    uid: int = 1,
) -> Mapping[str, Any]:
    jobs = () if phase is None else (("evaluation-e1", Job("e1", uid, phase)),)
    return {"status/e1": status, "kubernetes": KubernetesState(jobs), "user/e1": cancellation}


def test_the_properties_are_made_in_the_order_in_which_they_are_listed() -> None:
    assert [each.name for each in properties_of(build(BASELINE, 1, {}).system)] == list(PROPERTIES)


@pytest.mark.parametrize("name", ["no-permanent-orphan", "no-transient-orphan"])
@pytest.mark.parametrize(
    ("status", "phase", "is_orphan"),
    [
        (Status.CANCELLED, JobPhase.CREATED, True),
        (Status.CANCELLED, JobPhase.RUNNING, True),
        (Status.FAILED, JobPhase.FINISHED, True),
        (Status.CANCELLED, JobPhase.DELETING, False),
        (Status.CANCELLED, JobPhase.GONE, False),
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
    assert violation(state(phase=JobPhase.GONE, cancellation=told), again)
    assert not violation(state(phase=starting, cancellation=told), state(phase=JobPhase.RUNNING, cancellation=told))
    assert not violation(state(phase=None), state(phase=created))


# Protocols made to break one property each.


def refuse_everything(system: System, request: DispatchRequest) -> Steps:
    yield system.store.get(request.evaluation)
    return "refused"


def sweep_without_asking(system: System) -> Steps:
    for job in (yield system.kubernetes.list_jobs()):
        yield system.kubernetes.delete_job(job.name)


def create_twice(system: System, request: DispatchRequest) -> Steps:
    answer = yield from STATE_MACHINE.dispatch(system, request)
    yield system.kubernetes.delete_job("evaluation-e1")
    yield system.kubernetes.create_job("evaluation-e1", "e1")
    return answer


def cancel_then_look_away(system: System, evaluation: str) -> Steps:
    yield from cancel(system, evaluation)
    yield system.store.set(evaluation, Status.FAILED)


RUTHLESS_CLEANUP = replace(
    ORPHAN_CLEANUP,
    processes=lambda system: (Process("cleanup", sweep_without_asking, (system,), repeats=True),),
)

BREAKERS: dict[str, Protocol] = {
    "uncancelled-gets-job": replace(STATE_MACHINE, dispatch=refuse_everything),
    "wanted-job-survives": STATE_MACHINE.plus(RUTHLESS_CLEANUP),
    "at-most-one-job": replace(STATE_MACHINE, dispatch=create_twice),
    "terminal-is-final": replace(BASELINE, cancel=cancel_then_look_away, dispatch=refuse_everything),
    "no-permanent-orphan": BASELINE,
    "no-transient-orphan": STATE_MACHINE,
    "cancelled-means-stopped": STATE_MACHINE,
}


@pytest.mark.parametrize("name", PROPERTIES)
def test_each_property_is_broken_by_a_protocol_made_to_break_it(name: str) -> None:
    world = build(BREAKERS[name], 1, {})
    found = explore(Model(world.components, world.processes, properties_of(world.system)))
    assert name in found.counterexamples


def test_a_dispatcher_that_refuses_everything_does_not_pass() -> None:
    world = build(replace(STATE_MACHINE, dispatch=refuse_everything), 1, {})
    found = explore(Model(world.components, world.processes, properties_of(world.system)))
    assert set(found.counterexamples) == {"uncancelled-gets-job"}
