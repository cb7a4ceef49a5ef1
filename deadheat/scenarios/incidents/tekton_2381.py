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

from deadheat.models.cancelling import cancel_by_comparing
from deadheat.models.components.kubernetes import ERRORS
from deadheat.models.roles import Steps
from deadheat.models.steps import T5
from deadheat.models.system import CancelRequest, System
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import ONE_AT_A_TIME, lock, unlock

__all__ = ["TEKTON_2381"]


def kill_until_it_works(system: System, request: CancelRequest) -> Steps:
    while (yield T5(system.kubernetes.delete_job(request.evaluation))) in ERRORS:
        pass  # the next reconciliation: nothing was written, so it does the same


def cancel_until_it_works(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, kill_until_it_works, first=lock, last=unlock)


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
