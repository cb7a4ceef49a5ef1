"""What many incidents begin with: the baseline, where every status change is a transaction.

Whether the status is a row in a database or a Kubernetes object with a resource version, a change of it that expects
another status than is there fails. So nothing overwrites a cancellation, and what an incident violates is its own.

A controller moreover works on one object in one place at a time; then creation and cancellation exclude each other,
which is the lock of `creation-lock`. Its lease is the leader's: when it runs out, there are two controllers.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.components.redis import key_of
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.protocols import baseline, creation_lock, state_machine
from deadheat.models.roles import Steps
from deadheat.models.steps import T4, T5, T6
from deadheat.models.system import CancelRequest, System

__all__ = ["ONE_AT_A_TIME", "TRANSACTIONAL", "cancel", "cancel_alone"]


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation = request.evaluation
    yield system.user.cancellation(evaluation, request.number)
    answer = Cancellation.TOO_LATE
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        yield T5(system.kubernetes.delete_job(evaluation))
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            answer = Cancellation.CANCELLED
            break
    yield system.user.answer(evaluation, request.number, answer)


def cancel_alone(system: System, request: CancelRequest) -> Steps:
    evaluation, lock = request.evaluation, key_of("lock", request.evaluation)
    yield system.user.cancellation(evaluation, request.number)
    yield system.redis.acquire(lock, request.handler)
    answer = Cancellation.TOO_LATE
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        yield T5(system.kubernetes.delete_job(evaluation))
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            answer = Cancellation.CANCELLED
            break
    yield system.redis.delete_if_equal(lock, request.handler)
    yield system.user.answer(evaluation, request.number, answer)


TRANSACTIONAL = replace(
    baseline.BASELINE,
    worker=state_machine.worker,
    cancel=cancel,
    complete=state_machine.complete,
)

ONE_AT_A_TIME = replace(TRANSACTIONAL, dispatch=creation_lock.dispatch, cancel=cancel_alone, leases=True)
