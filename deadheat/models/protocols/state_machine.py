"""Option 4: atomic state changes, a claim by SET NX, and a flag that the dispatcher checks on both sides of creation.

Source: seed, "Option 4: State Machine with Atomic Operations". Readings where the text is silent: every status change
is a compare-and-set from the status it expects, or it is no state machine; a worker that finds the evaluation no
longer queued (nor already provisioning, after a redelivery) drops the task; the claim is never given back; a
dispatcher that finds the flag after creation deletes the Job that it created. A cancellation raises the flag before
anything else.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.calls import call
from deadheat.models.protocols import baseline
from deadheat.models.protocols.status_check import REFUSED
from deadheat.models.status import TERMINAL, Status
from deadheat.models.steps import T0, T1, T4, T5, T6
from deadheat.models.system import DispatchRequest, Steps, System, job_name
from deadheat.models.user import Cancellation

__all__ = ["STATE_MACHINE", "cancel", "dispatch", "worker"]

RAISED = "raised"


def claim_of(evaluation: str) -> str:
    return f"creating:{evaluation}"


def flag_of(evaluation: str) -> str:
    return f"cancel_requested:{evaluation}"


def worker(system: System, evaluation: str) -> Steps:
    yield T0(system.queue.deliver(evaluation))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        yield from call(system, evaluation)
    yield system.queue.acknowledge(evaluation)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    evaluation = request.evaluation
    if not (yield system.redis.set_if_absent(claim_of(evaluation), request.handler)):
        return REFUSED
    if (yield system.redis.get(flag_of(evaluation))) == RAISED:
        return REFUSED
    answer = yield from baseline.dispatch(system, request)
    if (yield system.redis.get(flag_of(evaluation))) == RAISED:
        yield system.kubernetes.delete_job(job_name(evaluation))
        return REFUSED
    return answer


def cancel(system: System, evaluation: str) -> Steps:
    yield system.user.cancellation(evaluation)
    yield system.redis.set(flag_of(evaluation), RAISED)
    answer = Cancellation.TOO_LATE
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        yield T5(system.kubernetes.delete_job(job_name(evaluation)))
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            answer = Cancellation.CANCELLED
            break
    yield system.user.answer(evaluation, answer)


STATE_MACHINE = replace(
    baseline.BASELINE,
    name="state-machine",
    summary="atomic claims, and a cancel flag that is checked before and after creation",
    source="Option 4: State Machine with Atomic Operations",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
)
