"""The storage worker: it watches Job creations, and deletes those whose evaluation is already cancelled.

Source: the original analysis, "Interim Solution", "Storage Worker Enhancement". Reading where the text is silent: it
looks once, when the creation event arrives; "trigger cleanup" deletes the Job.
"""

from __future__ import annotations

from deadheat import Addition, Steps, one
from deadheat.library import Status, System, next_creation, orphan_cleanup

__all__ = ["STORAGE_WORKER", "listen"]


def listen(system: System) -> Steps:
    job = yield from next_creation(system)
    if (yield system.status.get(job.evaluation)) is Status.CANCELLED:
        yield system.kubernetes.delete_job(job.evaluation, job.name)


STORAGE_WORKER = Addition(
    name="storage-worker",
    summary="a watch deletes new Jobs whose evaluation is already cancelled",
    source="Interim Solution, Storage Worker Enhancement",
    roles=(one("storage-worker", listen, repeats=True, crashes=orphan_cleanup.CLEANUP_CRASHES),),
    watches_jobs=True,
)
