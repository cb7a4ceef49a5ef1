"""Option 4: atomic state changes, a claim by SET NX, and a flag that the dispatcher checks on both sides of creation.

Source: the original analysis, "Option 4: State Machine with Atomic Operations". Readings where the text is silent:
every status change is a compare-and-set from the status it expects, or it is no state machine; a worker that finds the
evaluation no longer queued (nor already provisioning, after a redelivery) drops the task; the claim is never given
back; a dispatcher that finds the flag after creation deletes the Job that it created. A cancellation raises the flag
before anything else.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import (
    REFUSED,
    T0,
    T1,
    T5,
    CancelRequest,
    DispatchRequest,
    Status,
    System,
    Task,
    baseline,
    call,
    cancel_by_comparing,
    has_failed,
    key_of,
)

__all__ = ["STATE_MACHINE", "cancel", "complete", "dispatch", "worker"]

RAISED = "raised"


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task))):
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
    yield system.queue.acknowledge(evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    flag = key_of("cancel_requested", request.evaluation)
    if not (yield system.redis.set_if_absent(key_of("creating", request.evaluation), request.handler)):
        return REFUSED
    if (yield system.redis.get(flag)) == RAISED:
        return REFUSED
    answer = yield from baseline.dispatch(system, request)
    if (yield system.redis.get(flag)) == RAISED:
        yield system.kubernetes.delete_job(request.evaluation)
        return REFUSED
    return answer


def raise_flag(system: System, request: CancelRequest) -> Steps:
    yield system.redis.set(key_of("cancel_requested", request.evaluation), RAISED)


def kill(system: System, request: CancelRequest) -> Steps:
    yield T5(system.kubernetes.delete_job(request.evaluation))


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, kill, first=raise_flag)


def complete(system: System, evaluation: str) -> Steps:
    yield system.kubernetes.finished(evaluation)
    yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.COMPLETED)


STATE_MACHINE: Protocol = replace(
    baseline.BASELINE,
    name="state-machine",
    summary="atomic claims, and a cancel flag that is checked before and after creation",
    source="Option 4: State Machine with Atomic Operations",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    complete=complete,
)
