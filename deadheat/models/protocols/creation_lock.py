"""Option 2: a Redis lock around the creation, and around the cancellation.

Source: the original analysis, "Option 2: Creation Lock"; Redis documentation, "Distributed Locks" (owner token, lease,
release only by the owner). Readings where the text is silent: one lock an evaluation; the dispatcher holds it over a
status check and the creation, for a lock that only one side takes protects nothing; the cancel handler holds it from
its own status check to its last write; both wait for it without a limit. The lease is long enough for its holder,
unless the fault `lease-expiry` says otherwise; then the holder works on without noticing.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import (
    T4,
    T5,
    T6,
    TERMINAL,
    Cancellation,
    CancelRequest,
    DispatchRequest,
    Status,
    System,
    baseline,
    key_of,
    status_check,
)

__all__ = ["CREATION_LOCK", "cancel", "dispatch"]


def dispatch(system: System, request: DispatchRequest) -> Steps:
    lock = key_of("lock", request.evaluation)
    yield system.redis.acquire(lock, request.handler)
    response = yield from status_check.dispatch(system, request)
    yield system.redis.delete_if_equal(lock, request.handler)
    return response


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, lock = request.evaluation, key_of("lock", request.evaluation)
    yield system.user.cancellation(evaluation, request.number)
    yield system.redis.acquire(lock, request.handler)
    answer = Cancellation.TOO_LATE
    if (yield T4(system.store.get(evaluation))) not in TERMINAL:
        yield T5(system.kubernetes.delete_job(evaluation))
        yield T6(system.store.set(evaluation, Status.CANCELLED))
        answer = Cancellation.CANCELLED
    yield system.redis.delete_if_equal(lock, request.handler)
    yield system.user.answer(evaluation, request.number, answer)


CREATION_LOCK: Protocol = replace(
    baseline.BASELINE,
    name="creation-lock",
    summary="creation and cancellation exclude each other by a Redis lock",
    source="Option 2: Creation Lock",
    dispatch=dispatch,
    cancel=cancel,
    leases=True,
)
