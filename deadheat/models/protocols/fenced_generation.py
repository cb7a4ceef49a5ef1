"""An admission policy admits a Job only with the evaluation's present generation, and the cancellation raises that.

Source: Kubernetes documentation, "Validating Admission Policy": a policy compares the object with a parameter object,
which it reads through a cache, and decides before the object is stored. Readings: the worker reads the generation
before its status change and sends it along; the cancel handler raises it before it tries the kill; status changes are
compare-and-set, as in `state-machine`; a worker whose call fails raises the generation before it writes "failed".

Weak spot: the policy's cache may still hold the old generation when the late request arrives; nothing tells when it
is up to date.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import (
    T0,
    T1,
    T5,
    T8,
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

__all__ = ["FENCED_GENERATION", "cancel", "dispatch", "worker"]


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    generation = yield system.guards.get_generation(evaluation)
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task, generation))):
            yield system.guards.raise_generation(evaluation)
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
    yield system.queue.acknowledge(evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    return (yield T8(system.guards.create_fenced_job(request.evaluation, request.content)))


def kill(system: System, request: CancelRequest) -> Steps:
    yield system.guards.raise_generation(request.evaluation)
    yield T5(system.kubernetes.delete_job(request.evaluation))


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, kill)


FENCED_GENERATION: Protocol = replace(
    state_machine.STATE_MACHINE,
    name="fenced-generation",
    summary="an admission policy admits only the present generation, which the cancellation raises",
    source="Kubernetes: Validating Admission Policy",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    kubernetes=GuardedKubernetes,
)
