"""What many incidents begin with: the baseline, where every status change is a transaction.

Whether the status is a row in a database or a Kubernetes object with a resource version, a change of it that expects
another status than is there fails. So nothing overwrites a cancellation, and what an incident violates is its own.

A controller moreover works on one object in one place at a time; then creation and cancellation exclude each other,
which is the lock of `creation-lock`. Its lease is the leader's: when it runs out, there are two controllers.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.cancelling import cancel_by_comparing
from deadheat.models.components.redis import key_of
from deadheat.models.protocols import baseline, creation_lock, state_machine
from deadheat.models.roles import Steps
from deadheat.models.system import CancelRequest, System

__all__ = ["ONE_AT_A_TIME", "TRANSACTIONAL", "cancel", "cancel_alone", "lock", "unlock"]


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, state_machine.kill)


def lock(system: System, request: CancelRequest) -> Steps:
    yield system.redis.acquire(key_of("lock", request.evaluation), request.handler)


def unlock(system: System, request: CancelRequest) -> Steps:
    yield system.redis.delete_if_equal(key_of("lock", request.evaluation), request.handler)


def cancel_alone(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, state_machine.kill, first=lock, last=unlock)


TRANSACTIONAL = replace(
    baseline.BASELINE,
    worker=state_machine.worker,
    cancel=cancel,
    complete=state_machine.complete,
)

ONE_AT_A_TIME = replace(TRANSACTIONAL, dispatch=creation_lock.dispatch, cancel=cancel_alone, leases=True)
