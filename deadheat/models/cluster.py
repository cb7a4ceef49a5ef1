"""What is asked of the whole cluster, whoever's evaluation it is: every Job, and the next creation."""

from __future__ import annotations

from deadheat.models.roles import Steps
from deadheat.models.system import System
from deadheat.sim.operations import any_of, atomically

__all__ = ["every_job", "next_creation"]


def every_job(system: System) -> Steps:
    """LIST all Jobs that have the label `eval-id`, as one consistent snapshot; return their references."""
    listings = yield atomically(*(system.kubernetes.list_jobs(each) for each in system.evaluations))
    return tuple(job for listing in listings for job in listing)


def next_creation(system: System) -> Steps:
    """Wait for the watch's next creation event; return the reference of the Job that was created."""
    chosen = yield any_of(*(system.kubernetes.creation_event(each) for each in system.evaluations))
    return chosen.outcome
