"""The race as it is: nothing protects the time between the worker's call and the Job's creation.

Source: the original analysis, "Race Condition Scenario". Readings where the text is silent: the Job's name is derived
from the evaluation, since the kill must know it; a cancellation of an ended evaluation is answered "already ended" and
changes nothing; the cancel handler goes on whatever the kill is answered; T1 and T6 overwrite whatever the status was;
a worker whose call fails writes "failed"; it acknowledges its message when the call is answered, whatever the answer,
and leaves the status to others from then on.
"""

from __future__ import annotations

from deadheat import Protocol, Steps
from deadheat.library import (
    T0,
    T1,
    T4,
    T5,
    T6,
    T8,
    TERMINAL,
    Cancellation,
    CancelRequest,
    DispatchRequest,
    Status,
    System,
    Task,
    call,
    has_failed,
)

__all__ = ["BASELINE", "cancel", "complete", "dispatch", "worker"]


def worker(system: System, task: Task) -> Steps:
    yield T0(system.queue.deliver(task.evaluation, task.worker))
    yield T1(system.store.set(task.evaluation, Status.PROVISIONING))
    if has_failed((yield from call(system, task))):
        yield system.store.set(task.evaluation, Status.FAILED)
    yield system.queue.acknowledge(task.evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    return (yield T8(system.kubernetes.create_job(request.evaluation)))


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    if (yield T4(system.store.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)
        return
    yield T5(system.kubernetes.delete_job(evaluation))
    yield T6(system.store.set(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, number, Cancellation.CANCELLED)


def complete(system: System, evaluation: str) -> Steps:
    yield system.kubernetes.finished(evaluation)
    if (yield system.store.get(evaluation)) not in TERMINAL:
        yield system.store.set(evaluation, Status.COMPLETED)


BASELINE: Protocol = Protocol(
    name="baseline",
    summary="no protection at all",
    source="Race Condition Scenario",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    complete=complete,
)
