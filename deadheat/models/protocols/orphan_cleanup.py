"""The interim solution: a periodic job deletes the Jobs of ended evaluations.

Source: seed, "Interim Solution: Orphan Job Cleanup", its Python code. The sweep may start at any time; one sweep ends
before the next begins (a CronJob with `concurrencyPolicy: Forbid`).
"""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.models.status import TERMINAL
from deadheat.models.system import Addition, Steps, System
from deadheat.sim.model import Process

__all__ = ["ORPHAN_CLEANUP", "sweep"]


def sweep(system: System) -> Steps:
    for job in (yield system.kubernetes.list_jobs()):
        if (yield system.status.get(job.evaluation)) in TERMINAL:
            yield system.kubernetes.delete_job(job.name)


def processes(system: System) -> Sequence[Process]:
    return (Process("orphan-cleanup", sweep, (system,), repeats=True),)


ORPHAN_CLEANUP = Addition(
    name="orphan-cleanup",
    summary="a periodic sweep deletes the Jobs of ended evaluations",
    source="Interim Solution, Periodic Cleanup Job",
    processes=processes,
)
