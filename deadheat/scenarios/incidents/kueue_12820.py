"""The cleanup takes for an orphan what still runs.

Kueue keeps a Workload for each Job, and finishes a Workload whose Job is gone. It took a Job for gone as soon as
its deletion had begun; but a Job that somebody's finalizer holds is still there then, and its pods may run for as long
as the finalizer stays. So the Workload, and the quota it stands for, was released under a running Job. The fix asks
whether the owner still exists, not whether its deletion has begun.

Sources: kubernetes-sigs/kueue#12820 and the fix, PR #12849 (an earlier attempt at it is PR #13011). Readings: the
Workload is the evaluation's status, and finishing it is a terminal status; the deletion has begun when the user's
cancellation is noted, as a Redis key here (the deletion timestamp), and the finalizer holds until the cancel handler
kills the Job; the user is answered after that. Job creation and cancellation exclude each other, as under the lock of
`creation-lock`, and no Job is created once the deletion has begun: that race is not this incident's. The cleanup looks
now and then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deadheat.models.components.kubernetes import Answer
from deadheat.models.components.redis import key_of
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.protocols import baseline
from deadheat.models.protocols.orphan_cleanup import CLEANUP_CRASHES
from deadheat.models.protocols.status_check import REFUSED
from deadheat.models.roles import Role, Steps, one_each
from deadheat.models.steps import T4, T5, T6
from deadheat.models.system import CancelRequest, DispatchRequest, System
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import TRANSACTIONAL

__all__ = ["KUEUE_12820"]

BEGUN = "begun"


def dispatch(system: System, request: DispatchRequest) -> Steps:
    lock = key_of("lock", request.evaluation)
    yield system.redis.acquire(lock, request.handler)
    response = REFUSED
    if (yield system.redis.get(key_of("deletion", request.evaluation))) != BEGUN:
        response = yield from baseline.dispatch(system, request)
    yield system.redis.delete_if_equal(lock, request.handler)
    return response


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, lock = request.evaluation, key_of("lock", request.evaluation)
    yield system.user.cancellation(evaluation, request.number)
    yield system.redis.acquire(lock, request.handler)
    answer = Cancellation.TOO_LATE
    if (yield T4(system.store.get(evaluation))) not in TERMINAL:
        yield system.redis.set(key_of("deletion", evaluation), BEGUN)
        yield T5(system.kubernetes.delete_job(evaluation))
        answer = Cancellation.CANCELLED
    yield system.redis.delete_if_equal(lock, request.handler)
    yield system.user.answer(evaluation, request.number, answer)


def finish(system: System, evaluation: str) -> Steps:
    status = yield system.store.get(evaluation)
    if status not in TERMINAL:
        yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))


def finish_when_deletion_begun(system: System, evaluation: str) -> Steps:
    if (yield system.redis.get(key_of("deletion", evaluation))) == BEGUN:
        yield from finish(system, evaluation)


def finish_when_gone(system: System, evaluation: str) -> Steps:
    if (yield system.redis.get(key_of("deletion", evaluation))) != BEGUN:
        return
    if (yield system.kubernetes.get_job(evaluation)) is Answer.NOT_FOUND:
        yield from finish(system, evaluation)


def cleanup(look: Callable[[System, str], Steps]) -> Role[System]:
    """Return the role that finishes Workloads, with one way to tell which."""
    return one_each("cleanup", look, repeats=True, crashes=CLEANUP_CRASHES)


AS_IT_WAS = replace(
    TRANSACTIONAL, dispatch=dispatch, cancel=cancel, leases=True, roles=(cleanup(finish_when_deletion_begun),)
)

KUEUE_12820 = Incident(
    name="kueue-12820",
    reference="https://github.com/kubernetes-sigs/kueue/issues/12820",
    account=__doc__ or "",
    remedy="finished only once the Job is gone (PR #12849)",
    protocol=AS_IT_WAS,
    fix=replace(AS_IT_WAS, roles=(cleanup(finish_when_gone),)),
    properties=("no-transient-orphan",),
)
