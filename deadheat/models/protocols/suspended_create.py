"""The Job is created suspended, and resumed only if the evaluation is still wanted then.

Source: Kubernetes documentation, "Jobs", "Suspending a Job": a suspended Job has no pods. Readings: the cancel handler
writes the status first and kills afterwards, so that whatever is created after its kill is looked at after its write;
the dispatcher looks at the status between creation and resumption, and deletes the Job if the evaluation has ended;
status changes are compare-and-set, as in `state-machine`; a worker whose call fails writes "failed" and kills too.

Weak spots: the suspended Job is there for a while, although nothing runs; a dispatcher that dies between creation and
its look leaves it there; and a kill that is refused, and not tried again, spares a Job that was resumed.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import (
    ERRORS,
    REFUSED,
    T0,
    T1,
    T5,
    T8,
    TERMINAL,
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

__all__ = ["SUSPENDED_CREATE", "cancel", "dispatch", "worker"]


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task))):
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
            yield system.kubernetes.delete_job(evaluation)
    yield system.queue.acknowledge(evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    answer = yield T8(system.guards.create_suspended_job(request.evaluation))
    if answer in ERRORS:
        return answer
    if (yield system.status.get(request.evaluation)) in TERMINAL:
        yield system.kubernetes.delete_job(request.evaluation)
        return REFUSED
    return (yield system.guards.resume_job(request.evaluation))


def kill(system: System, request: CancelRequest) -> Steps:
    yield T5(system.kubernetes.delete_job(request.evaluation))


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, once_written=kill)


SUSPENDED_CREATE: Protocol = replace(
    state_machine.STATE_MACHINE,
    name="suspended-create",
    summary="the Job is created suspended, and resumed only if the evaluation is still wanted",
    source="Kubernetes: Jobs, Suspending a Job",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    kubernetes=GuardedKubernetes,
)
