"""Option 5: the dispatcher first reserves, and creates the Job when the worker confirms the reservation.

Source: the original analysis, "Option 5: Two-Phase Commit". Readings where the text is silent: the reservation is a
Redis key with a time to live, so that one nobody confirms expires; confirming takes the reservation, in one atomic
step, before the Job is created; the cancel handler aborts by deleting the reservation before it tries the kill; when
there is none to abort (not yet made, or already confirmed) it goes on as in the baseline. Both calls are T2 and T7.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import (
    REFUSED,
    T0,
    T1,
    T4,
    T5,
    T6,
    TERMINAL,
    Cancellation,
    CancelRequest,
    DispatchRequest,
    Status,
    System,
    Task,
    baseline,
    call,
    has_failed,
    key_of,
)

__all__ = ["TWO_PHASE", "cancel", "dispatch", "worker"]

RESERVE = "reserve"


def worker(system: System, task: Task) -> Steps:
    yield T0(system.queue.deliver(task.evaluation, task.worker))
    yield T1(system.store.set(task.evaluation, Status.PROVISIONING))
    reservation = yield from call(system, task, RESERVE)
    if has_failed(reservation) or has_failed((yield from call(system, task, reservation))):
        yield system.store.set(task.evaluation, Status.FAILED)
    yield system.queue.acknowledge(task.evaluation, task.worker)


def dispatch(system: System, request: DispatchRequest) -> Steps:
    key = key_of("reservation", request.evaluation)
    if request.content == RESERVE:
        reservation = yield system.tokens.generate(request.evaluation)
        yield system.redis.set(key, reservation, holder=request.caller)
        return reservation
    if not (yield system.redis.delete_if_equal(key, request.content)):
        return REFUSED
    return (yield from baseline.dispatch(system, request))


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    if (yield T4(system.store.get(evaluation))) in TERMINAL:
        yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)
        return
    yield system.redis.delete(key_of("reservation", evaluation))
    yield T5(system.kubernetes.delete_job(evaluation))
    yield T6(system.store.set(evaluation, Status.CANCELLED))
    yield system.user.answer(evaluation, number, Cancellation.CANCELLED)


TWO_PHASE: Protocol = replace(
    baseline.BASELINE,
    name="two-phase",
    summary="a reservation that the worker confirms, and a cancellation may abort in between",
    source="Option 5: Two-Phase Commit",
    worker=worker,
    dispatch=dispatch,
    cancel=cancel,
    leases=True,
    calls=2,
)
