"""The interim solution: a periodic job deletes the Jobs of ended evaluations.

Source: the original analysis, "Interim Solution: Orphan Job Cleanup", its Python code. The sweep may start at any time;
one sweep ends before the next begins (a CronJob with `concurrencyPolicy: Forbid`), but for the fault
`overlapping-sweeps`. It deletes by name, as in that code; `orphan-cleanup-by-uid` is the same with the uid as a
precondition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from deadheat import Addition, Crash, Process, Steps
from deadheat.library import TERMINAL, Faults, System, every_job, faults as kinds

__all__ = ["CLEANUP_CRASHES", "ORPHAN_CLEANUP", "ORPHAN_CLEANUP_BY_UID", "sweep", "sweep_by_uid"]

CLEANUP_CRASHES = (Crash(kinds.CLEANUP_CRASH), Crash(kinds.CLEANUP_LOSS, restarts=False))
"""How a process that cleans up can be killed; nobody notices."""


def sweep(system: System) -> Steps:
    for job in (yield from every_job(system)):
        if (yield system.status.get(job.evaluation)) in TERMINAL:
            yield system.kubernetes.delete_job(job.evaluation, job.name)


def sweep_by_uid(system: System) -> Steps:
    for job in (yield from every_job(system)):
        if (yield system.status.get(job.evaluation)) in TERMINAL:
            yield system.kubernetes.delete_job(job.evaluation, job.name, job.uid)


def sweep_too_early(system: System, one_sweep: Callable[[System], Steps]) -> Steps:
    yield system.chance.occurs(kinds.OVERLAPPING_SWEEPS)
    yield from one_sweep(system)


def processes_of(one_sweep: Callable[[System], Steps]) -> Callable[[System, Faults], Sequence[Process]]:
    def processes(system: System, faults: Faults) -> Sequence[Process]:
        regular = Process("orphan-cleanup", one_sweep, (system,), repeats=True, crashes=CLEANUP_CRASHES)
        if not faults.get(kinds.OVERLAPPING_SWEEPS):
            return (regular,)
        return (regular, Process("orphan-cleanup/2", sweep_too_early, (system, one_sweep), repeats=True))

    return processes


ORPHAN_CLEANUP = Addition(
    name="orphan-cleanup",
    summary="a periodic sweep deletes the Jobs of ended evaluations",
    source="Interim Solution, Periodic Cleanup Job",
    processes=processes_of(sweep),
)

ORPHAN_CLEANUP_BY_UID = Addition(
    name="orphan-cleanup-by-uid",
    summary="the periodic sweep, with the uid of the Job that it saw as a precondition of the delete",
    source="Interim Solution, Periodic Cleanup Job; Kubernetes: API concepts, preconditions",
    processes=processes_of(sweep_by_uid),
)
