"""The properties that every protocol is checked for, from both sides of the race.

An *orphan* is a Job that exists and is not being deleted, for an evaluation in a terminal state. It is *permanent*
if it is there in a settled state, *transient* if it is there in any state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from deadheat.models.kubernetes import Job, JobPhase, KubernetesState
from deadheat.models.status import TERMINAL
from deadheat.models.system import System, job_name
from deadheat.models.user import Cancellation
from deadheat.models.values import lookup
from deadheat.sim.model import Kind, Property, View

__all__ = ["PROPERTIES", "properties_of"]

OfOne: TypeAlias = Callable[[System, View, str], str | None]
"""A violation in one state, for one evaluation."""

OfTwo: TypeAlias = Callable[[System, View, View, str], str | None]
"""A violation between two states, for one evaluation."""


def _job(view: View, evaluation: str) -> Job | None:
    kubernetes: KubernetesState = view["kubernetes"]
    return lookup(kubernetes.jobs, job_name(evaluation))


def _cancellation(view: View, evaluation: str) -> Cancellation:
    cancellation: Cancellation = view[f"user/{evaluation}"]
    return cancellation


def orphan(system: System, view: View, evaluation: str) -> str | None:
    """An orphan: the Job exists, is not being deleted, and its evaluation has ended."""
    job, status = _job(view, evaluation), system.status.status_in(view, evaluation)
    if job is None or job.is_deleted or status not in TERMINAL:
        return None
    return f"Job {job_name(evaluation)} (uid {job.uid}) is {job.phase}, while evaluation {evaluation} is {status}"


def revived(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A terminal status that another status replaces."""
    old, new = (system.status.status_in(view, evaluation) for view in (before, after))
    if old not in TERMINAL or new is old:
        return None
    return f"the status of evaluation {evaluation} went from {old} to {new}"


def second_job(system: System, view: View, evaluation: str) -> str | None:
    """A second Job for the same evaluation, beside the first or after it."""
    job = _job(view, evaluation)
    if job is None or job.uid < 2:
        return None
    return f"evaluation {evaluation} was given {job.uid} Jobs"


def wanted_job_deleted(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A deletion of the Job of an evaluation whose cancellation nobody has requested."""
    old, new = _job(before, evaluation), _job(after, evaluation)
    if old is None or new is None or old.is_deleted or not new.is_deleted:
        return None
    if _cancellation(before, evaluation) is not Cancellation.NONE:
        return None
    return f"Job {job_name(evaluation)} was deleted, although nobody cancelled evaluation {evaluation}"


def without_job(system: System, view: View, evaluation: str) -> str | None:
    """No Job was ever created for an evaluation whose cancellation nobody has requested."""
    if _cancellation(view, evaluation) is not Cancellation.NONE or _job(view, evaluation) is not None:
        return None
    return f"nobody cancelled evaluation {evaluation}, and it never gets a Job"


def started_after_answer(system: System, before: View, after: View, evaluation: str) -> str | None:
    """A Job created, or its pod started, after the user was told that the evaluation is cancelled."""
    if _cancellation(before, evaluation) is not Cancellation.CANCELLED:
        return None
    old, new = _job(before, evaluation), _job(after, evaluation)
    if new is None or new == old:
        return None
    if old is None or new.uid != old.uid:
        return f"Job {job_name(evaluation)} was created after the user was told that {evaluation} is cancelled"
    if new.phase is JobPhase.STARTING:
        return f"the pod of {job_name(evaluation)} starts after the user was told that {evaluation} is cancelled"
    return None


def _any_of_one(system: System, violation: OfOne) -> Callable[[View], str | None]:
    def violated(view: View) -> str | None:
        found = (violation(system, view, each) for each in system.evaluations)
        return next((each for each in found if each is not None), None)

    return violated


def _any_of_two(system: System, violation: OfTwo) -> Callable[[View, View], str | None]:
    def violated(before: View, after: View) -> str | None:
        found = (violation(system, before, after, each) for each in system.evaluations)
        return next((each for each in found if each is not None), None)

    return violated


PROPERTIES: dict[str, str] = {
    "no-permanent-orphan": "once everything has settled, no Job is left for an ended evaluation",
    "no-transient-orphan": "at no moment is there a Job for an ended evaluation",
    "terminal-is-final": "an evaluation that has ended never changes its status again",
    "at-most-one-job": "no evaluation is ever given two Jobs, neither at once nor one after the other",
    "wanted-job-survives": "a Job is never deleted while nobody has cancelled its evaluation",
    "uncancelled-gets-job": "once everything has settled, every evaluation that nobody cancelled has had its Job",
    "cancelled-means-stopped": "no Job is created or starts after the user was told that it is cancelled",
}
"""The properties, in the order in which they are shown, each with its meaning."""


def properties_of(system: System) -> tuple[Property, ...]:
    """Return all properties for a system, in the order of `PROPERTIES`."""
    status = system.status.components(system.evaluations)
    users = tuple(f"user/{each}" for each in system.evaluations)
    jobs = ("kubernetes",)

    def make(name: str, kind: Kind, reads: tuple[str, ...], violation: Callable[..., str | None]) -> Property:
        return Property(name, PROPERTIES[name], kind, reads, violation)

    return (
        make("no-permanent-orphan", Kind.SETTLED, status + jobs, _any_of_one(system, orphan)),
        make("no-transient-orphan", Kind.ALWAYS, status + jobs, _any_of_one(system, orphan)),
        make("terminal-is-final", Kind.STEP, status, _any_of_two(system, revived)),
        make("at-most-one-job", Kind.ALWAYS, jobs, _any_of_one(system, second_job)),
        make("wanted-job-survives", Kind.STEP, users + jobs, _any_of_two(system, wanted_job_deleted)),
        make("uncancelled-gets-job", Kind.SETTLED, users + jobs, _any_of_one(system, without_job)),
        make("cancelled-means-stopped", Kind.STEP, users + jobs, _any_of_two(system, started_after_answer)),
    )
