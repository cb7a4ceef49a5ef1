"""The properties that every protocol is checked for, from both sides of the race.

An *orphan* is a Job that exists and is not being deleted, for an evaluation in a terminal state; but the finished Job
of a completed evaluation is its record, not an orphan. An orphan is *permanent* if it is there in a settled state,
*transient* if it is there in any state, and *eventually cleaned* if on every fair run it goes.

Kubernetes can have a Job of any name for an evaluation; a property about evaluations has a part for each of them, and
is violated if it is for any one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from deadheat.models.components.kubernetes import JobPhase, KubernetesState
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import UserState
from deadheat.models.system import System
from deadheat.sim.model import Kind, Part, Property, View

__all__ = ["PROPERTIES", "properties_of"]

OfOne: TypeAlias = Callable[[System, View, str], str | None]
"""A violation in one state, for one evaluation."""

OfTwo: TypeAlias = Callable[[System, View, View, str], str | None]
"""A violation between two states, for one evaluation."""


def _cluster(view: View, evaluation: str) -> KubernetesState:
    cluster: KubernetesState = view[f"kubernetes/{evaluation}"]
    return cluster


def _user(view: View, evaluation: str) -> UserState:
    user: UserState = view[f"user/{evaluation}"]
    return user


def orphan(system: System, view: View, evaluation: str) -> str | None:
    """An orphan: a Job exists, is not being deleted, and its evaluation has ended otherwise than by its finishing."""
    status = system.status.status_in(view, evaluation)
    if status not in TERMINAL:
        return None
    for name, job in _cluster(view, evaluation).live_jobs:
        if not (status is Status.COMPLETED and job.phase is JobPhase.FINISHED):
            phase = "suspended" if job.suspended else job.phase
            return f"Job {name} (uid {job.uid}) is {phase}, while evaluation {evaluation} is {status}"
    return None


def revived(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A terminal status that another status replaces, other than by a new submission."""
    old, new = (system.status.status_in(view, evaluation) for view in (before, after))
    if old not in TERMINAL or new is old or _user(before, evaluation).since != _user(after, evaluation).since:
        return None
    return f"the status of evaluation {evaluation} went from {old} to {new}"


def second_job(system: System, view: View, evaluation: str) -> str | None:
    """A second Job for the same submission of an evaluation, beside the first or after it."""
    cluster = _cluster(view, evaluation)
    jobs = cluster.created - cluster.created_before
    return f"evaluation {evaluation} was given {jobs} Jobs" if jobs > 1 else None


def wanted_job_deleted(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A deletion of the Job of an evaluation that has not ended, and whose cancellation nobody has requested."""
    if system.status.status_in(before, evaluation) in TERMINAL or not _user(before, evaluation).wants_it:
        return None
    deleted = {name for name, _ in _cluster(before, evaluation).live_jobs}
    deleted -= {name for name, _ in _cluster(after, evaluation).live_jobs}
    if not deleted:
        return None
    return f"Job {min(deleted)} was deleted, although evaluation {evaluation} had not ended and nobody cancelled it"


def without_job(system: System, view: View, evaluation: str) -> str | None:
    """No Job that could run was ever there for what was last submitted, although nobody asked for its cancellation."""
    cluster = _cluster(view, evaluation)
    if not _user(view, evaluation).wants_it or _can_run(cluster):
        return None
    if cluster.created > cluster.created_before and not cluster.live_jobs:
        return None
    return f"nobody cancelled evaluation {evaluation}, and it never gets a Job"


def started_after_answer(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A Job created, or its pod started, after the user was told that the evaluation is cancelled."""
    if not _user(before, evaluation).was_told_cancelled:
        return None
    old = dict(_cluster(before, evaluation).jobs)
    for name, job in _cluster(after, evaluation).jobs:
        if job.is_tombstone:
            continue
        if name not in old:
            return f"Job {name} was created after the user was told that {evaluation} is cancelled"
        if job.phase is JobPhase.STARTING and old[name].phase is JobPhase.CREATED:
            return f"the pod of {name} starts after the user was told that {evaluation} is cancelled"
    return None


def unanswered(system: System, view: View, evaluation: str) -> str | None:
    """A request for cancellation that has no answer yet."""
    return f"the cancellation of {evaluation} is not answered" if _user(view, evaluation).waits else None


def stuck(system: System, view: View, evaluation: str) -> str | None:
    """An evaluation that has not ended, and has no Job that could end it: none, or none that is not suspended."""
    status = system.status.status_in(view, evaluation)
    if status in TERMINAL or _can_run(_cluster(view, evaluation)):
        return None
    return f"evaluation {evaluation} is {status} and has no Job that could run"


def _can_run(cluster: KubernetesState) -> bool:
    return any(not job.suspended for _, job in cluster.live_jobs)


def _part(system: System, reads: tuple[str, ...], violation: Callable[..., str | None], evaluation: str) -> Part:
    """Return the part of a property that speaks of one evaluation, and reads its components alone."""

    def violated(*views: View) -> str | None:
        return violation(system, *views, evaluation)

    return Part(tuple(f"{component}/{evaluation}" for component in reads), violated)


PROPERTIES: dict[str, str] = {
    "no-permanent-orphan": "once everything has settled, no Job is left for an ended evaluation",
    "no-transient-orphan": "at no moment is there a Job for an ended evaluation",
    "terminal-is-final": "an evaluation that has ended never changes its status again",
    "at-most-one-job": "no evaluation is ever given two Jobs, neither at once nor one after the other",
    "wanted-job-survives": "a Job is never deleted while its evaluation goes on and nobody has cancelled it",
    "uncancelled-gets-job": "once everything has settled, every evaluation that nobody cancelled has had its Job",
    "cancelled-means-stopped": "no Job is created or starts after the user was told that it is cancelled",
    "eventually-cleaned": "a Job of an ended evaluation does not stay for ever, on any fair run",
    "cancel-answered": "every request for cancellation is answered, on every fair run",
    "nothing-stuck": "every evaluation ends or has a Job in the end, on every fair run",
}
"""The properties, in the order in which they are shown, each with its meaning."""


def properties_of(system: System) -> tuple[Property, ...]:
    """Return all properties for a system, in the order of `PROPERTIES`."""
    status, users, jobs = (system.status.name,), ("user",), ("kubernetes",)

    def make(name: str, kind: Kind, reads: tuple[str, ...], violation: OfOne | OfTwo) -> Property:
        parts = (_part(system, reads, violation, each) for each in system.evaluations)
        return Property.of_parts(name, PROPERTIES[name], kind, parts)

    return (
        make("no-permanent-orphan", Kind.SETTLED, status + jobs, orphan),
        make("no-transient-orphan", Kind.ALWAYS, status + jobs, orphan),
        make("terminal-is-final", Kind.STEP, status + users, revived),
        make("at-most-one-job", Kind.ALWAYS, jobs, second_job),
        make("wanted-job-survives", Kind.STEP, status + users + jobs, wanted_job_deleted),
        make("uncancelled-gets-job", Kind.SETTLED, users + jobs, without_job),
        make("cancelled-means-stopped", Kind.STEP, users + jobs, started_after_answer),
        make("eventually-cleaned", Kind.EVENTUALLY, status + jobs, orphan),
        make("cancel-answered", Kind.EVENTUALLY, users, unanswered),
        make("nothing-stuck", Kind.EVENTUALLY, status + jobs, stuck),
    )
