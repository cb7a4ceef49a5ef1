"""The Job is owned by an object of its evaluation, and the cancellation deletes the owner.

Source: Kubernetes documentation, "Garbage Collection" and "Owners and Dependents": a dependent whose owner is absent is
deleted, whenever it was created; nothing checks at creation that the owner exists. Readings: the owner is made when
the evaluation is submitted, before its task is queued, and the dispatcher looks it up; status changes are
compare-and-set, as in `state-machine`; a worker whose call fails deletes the owner before it writes "failed".

Weak spots: collection takes its time, so the Job may run for a while; and a delete of the owner that is refused, and
not tried again, is a cancellation that does nothing.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Operation, Protocol, Steps
from deadheat.library import (
    REFUSED,
    T0,
    T1,
    T5,
    T8,
    Answer,
    CancelRequest,
    DispatchRequest,
    GuardedKubernetes,
    Status,
    System,
    Task,
    call,
    cancel_by_comparing,
    has_failed,
    state_machine,
)

__all__ = ["OWNER_TOMBSTONE", "cancel", "dispatch", "worker"]


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task))):
            yield system.guards.delete_owner(evaluation)
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
    yield system.queue.acknowledge(evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    owner = yield system.guards.get_owner(request.evaluation)
    if owner is Answer.NOT_FOUND:
        return REFUSED
    return (yield T8(system.guards.create_owned_job(request.evaluation, owner)))


def kill(system: System, request: CancelRequest) -> Steps:
    yield T5(system.guards.delete_owner(request.evaluation))


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, kill)


def resubmit(system: System, evaluation: str) -> tuple[Operation, ...]:
    return (system.guards.create_owner(evaluation),)


OWNER_TOMBSTONE: Protocol = replace(
    state_machine.STATE_MACHINE,
    name="owner-tombstone",
    summary="the Job's owner object is deleted by the cancellation, and the garbage collector takes the Job",
    source="Kubernetes: Garbage Collection",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    kubernetes=GuardedKubernetes,
    resubmit=resubmit,
)
