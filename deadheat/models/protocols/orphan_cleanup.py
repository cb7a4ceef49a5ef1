"""The interim solution: a periodic job deletes the Jobs of ended evaluations.

Source: the original analysis, "Interim Solution: Orphan Job Cleanup", its Python code. The sweep may start at any time;
one sweep ends before the next begins (a CronJob with `concurrencyPolicy: Forbid`), but for the fault
`overlapping-sweeps`. It deletes by name, as in that code; `orphan-cleanup-by-uid` is the same with the uid as a
precondition.
"""

from __future__ import annotations

from collections.abc import Callable

from deadheat import Addition, Role, RoleCrash, Steps, crash, one
from deadheat.library import TERMINAL, System, every_job, faults as kinds

__all__ = ["CLEANUP_CRASHES", "ORPHAN_CLEANUP", "ORPHAN_CLEANUP_BY_UID", "sweep", "sweep_by_uid"]

CLEANUP_CRASHES: tuple[RoleCrash[System], ...] = (crash(kinds.CLEANUP_CRASH), crash(kinds.CLEANUP_LOSS, restarts=False))
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


def periodic(one_sweep: Callable[[System], Steps]) -> tuple[Role[System], ...]:
    """Return the roles of a sweep that begins again and again, and of one that begins while another still runs."""
    regular = one("orphan-cleanup", one_sweep, repeats=True, crashes=CLEANUP_CRASHES)
    early: Role[System] = Role(
        "orphan-cleanup/2",
        sweep_too_early,
        given=(one_sweep,),
        repeats=True,
        needs=kinds.OVERLAPPING_SWEEPS,
        like=regular.name,
    )
    return regular, early


ORPHAN_CLEANUP = Addition(
    name="orphan-cleanup",
    summary="a periodic sweep deletes the Jobs of ended evaluations",
    source="Interim Solution, Periodic Cleanup Job",
    roles=periodic(sweep),
)

ORPHAN_CLEANUP_BY_UID = Addition(
    name="orphan-cleanup-by-uid",
    summary="the periodic sweep, with the uid of the Job that it saw as a precondition of the delete",
    source="Interim Solution, Periodic Cleanup Job; Kubernetes: API concepts, preconditions",
    roles=periodic(sweep_by_uid),
)
