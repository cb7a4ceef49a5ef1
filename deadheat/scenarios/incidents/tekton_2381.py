"""A PipelineRun is marked as cancelled although its TaskRuns could not be.

Tekton's reconciler answers a cancellation by patching each TaskRun of the PipelineRun, and then marks the PipelineRun
as cancelled whatever the patches were answered. When one is refused, in the reported case because the TaskRun had
changed meanwhile (409 Conflict), the PipelineRun is done in everybody's eyes, is never looked at again, and its
TaskRun runs on. The fix leaves the PipelineRun as it is and returns an error, so that the next reconciliation tries
again.

Sources: tektoncd/pipeline#2381 (with the conflicts in #2337); the fix is PR #2434. Readings: one reconciler at a time
works on a PipelineRun, creating or cancelling (`transactional.ONE_AT_A_TIME`); to cancel a TaskRun is to delete the
Job; "tries again" is a loop that keeps the lock.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.components.kubernetes import ERRORS
from deadheat.models.components.redis import key_of
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.roles import Steps
from deadheat.models.steps import T4, T5, T6
from deadheat.models.system import CancelRequest, System
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import ONE_AT_A_TIME

__all__ = ["TEKTON_2381"]


def cancel_until_it_works(system: System, request: CancelRequest) -> Steps:
    evaluation, lock = request.evaluation, key_of("lock", request.evaluation)
    yield system.user.cancellation(evaluation, request.number)
    yield system.redis.acquire(lock, request.handler)
    answer = Cancellation.TOO_LATE
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        while (yield T5(system.kubernetes.delete_job(evaluation))) in ERRORS:
            pass  # the next reconciliation: nothing was written, so it does the same
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            answer = Cancellation.CANCELLED
            break
    yield system.redis.delete_if_equal(lock, request.handler)
    yield system.user.answer(evaluation, request.number, answer)


TEKTON_2381 = Incident(
    name="tekton-2381",
    reference="https://github.com/tektoncd/pipeline/issues/2381",
    account=__doc__ or "",
    remedy="marked as cancelled only when the kill worked, else tried again (PR #2434)",
    protocol=ONE_AT_A_TIME,
    fix=replace(ONE_AT_A_TIME, cancel=cancel_until_it_works),
    faults=(("k8s-refusal", 1),),
    properties=("no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"),
)
