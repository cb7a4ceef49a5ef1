"""The race as it is: nothing protects the time between the worker's call and the Job's creation.

Source: seed, "Race Condition Scenario". Readings where the text is silent: the Job's name is derived from the
evaluation, since the kill must know it; a cancellation of an ended evaluation is answered "already ended" and changes
nothing; T1 and T6 overwrite whatever the status was; the worker acknowledges its message when the call is answered,
whatever the answer, and leaves the status to others from then on.
"""

from __future__ import annotations

from deadheat.models.calls import call
from deadheat.models.status import TERMINAL, Status
from deadheat.models.steps import T0, T1, T4, T5, T6, T8
from deadheat.models.system import DispatchRequest, Protocol, Steps, System, job_name
from deadheat.models.user import Cancellation

__all__ = ["BASELINE", "cancel", "dispatch", "worker"]


def worker(system: System, evaluation: str) -> Steps:
    yield T0(system.queue.deliver(evaluation))
    yield T1(system.store.set(evaluation, Status.PROVISIONING))
    yield from call(system, evaluation)
    yield system.queue.acknowledge(evaluation)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    return (yield T8(system.kubernetes.create_job(job_name(request.evaluation), request.evaluation)))


def cancel(system: System, evaluation: str) -> Steps:
    yield system.user.cancellation(evaluation)
    if (yield T4(system.store.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, Cancellation.TOO_LATE)
        return
    yield T5(system.kubernetes.delete_job(job_name(evaluation)))
    yield T6(system.store.set(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, Cancellation.CANCELLED)


BASELINE = Protocol(
    name="baseline",
    summary="no protection at all",
    source="Race Condition Scenario",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
)
