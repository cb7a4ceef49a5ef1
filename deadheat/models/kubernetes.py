"""Kubernetes, as far as Jobs go: the API server's batch/v1 Jobs, the Job controller with its pods, and a watch.

Sources: Kubernetes documentation, "Jobs", "Garbage Collection" and "API concepts" (object names and UIDs, watch).
Not modelled: stale list reads, refusals, lost answers, lost watch events.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from deadheat.models.values import FrozenMap, lookup, with_item
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["Answer", "Job", "JobPhase", "JobReference", "Kubernetes", "KubernetesState"]


class Answer(StrEnum):
    """What the API server answers, by its HTTP status."""

    CREATED = "201 Created"
    OK = "200 OK"
    NOT_FOUND = "404 Not Found"
    ALREADY_EXISTS = "409 AlreadyExists"


class JobPhase(StrEnum):
    """How far a Job is: no pod yet, pod starting, pod running, pod finished, deletion begun, gone."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    DELETING = "deleting"
    GONE = "gone"


NEXT_PHASE = {
    JobPhase.CREATED: JobPhase.STARTING,
    JobPhase.STARTING: JobPhase.RUNNING,
    JobPhase.RUNNING: JobPhase.FINISHED,
    JobPhase.DELETING: JobPhase.GONE,
}
"""What the Job controller, the kubelet and the garbage collector do by themselves."""


class Job(NamedTuple):
    """A Job object, or the memory that there was one. `uid` counts the creations under its name, from 1."""

    evaluation: str
    uid: int
    phase: JobPhase

    @property
    def exists(self) -> bool:
        """Whether the API server has the object, be it in deletion."""
        return self.phase is not JobPhase.GONE

    @property
    def is_deleted(self) -> bool:
        """Whether it is in deletion, or gone."""
        return self.phase in (JobPhase.DELETING, JobPhase.GONE)


class JobReference(NamedTuple):
    """What a list or a watch tells of a Job: its name, its uid, and its `eval-id` label."""

    name: str
    uid: int
    evaluation: str


class KubernetesState(NamedTuple):
    """All Jobs by name, and the creation events that the watch has not yet delivered, oldest first."""

    jobs: FrozenMap[Job] = ()
    events: tuple[JobReference, ...] = ()


class Kubernetes(Component):
    """The cluster. `watched` says whether anybody watches Job creations; if not, no events are kept."""

    initial = KubernetesState()

    def __init__(self, name: str, *, watched: bool = False) -> None:
        super().__init__(name)
        self.watched = watched

    def describe(self, value: KubernetesState) -> str:
        """Return each Job's phase, and which creation the watch has yet to tell of."""
        jobs = [f"{name} {job.phase}" + (f" (uid {job.uid})" if job.uid > 1 else "") for name, job in value.jobs]
        events = [f"event of {event.name} pending" for event in value.events]
        return "; ".join(jobs + events)

    @operation
    def create_job(self, value: KubernetesState, name: str, evaluation: str) -> Steps:
        """POST a Job with this name and the label `eval-id`: 201, or 409 while the name is taken."""
        present = lookup(value.jobs, name)
        if present is not None and present.exists:
            return (Step(Answer.ALREADY_EXISTS, value),)
        uid = 1 if present is None else present.uid + 1
        jobs = with_item(value.jobs, name, Job(evaluation, uid, JobPhase.CREATED))
        events = (*value.events, JobReference(name, uid, evaluation)) if self.watched else ()
        return (Step(Answer.CREATED, KubernetesState(jobs, events)),)

    @operation
    def get_job(self, value: KubernetesState, name: str) -> Steps:
        """GET a Job: its phase, or 404."""
        job = lookup(value.jobs, name)
        return (Step(job.phase if job and job.exists else Answer.NOT_FOUND, value),)

    @operation
    def list_jobs(self, value: KubernetesState) -> Steps:
        """LIST the Jobs that carry the label `eval-id`: a consistent snapshot, as references."""
        listed = tuple(JobReference(name, job.uid, job.evaluation) for name, job in value.jobs if job.exists)
        return (Step(listed, value),)

    @operation
    def delete_job(self, value: KubernetesState, name: str) -> Steps:
        """DELETE a Job by name: 200 and its deletion begins, or 404. It is gone only when its pods are."""
        job = lookup(value.jobs, name)
        if job is None or not job.exists:
            return (Step(Answer.NOT_FOUND, value),)
        return (
            Step(Answer.OK, value._replace(jobs=with_item(value.jobs, name, job._replace(phase=JobPhase.DELETING)))),
        )

    @operation
    def progress(self, value: KubernetesState, name: str) -> Steps:
        """Let the controllers do what they do next for a Job; answer the phase that it enters."""
        job = lookup(value.jobs, name)
        if job is None or job.phase not in NEXT_PHASE:
            return BLOCKED
        phase = NEXT_PHASE[job.phase]
        return (Step(phase, value._replace(jobs=with_item(value.jobs, name, job._replace(phase=phase)))),)

    @operation
    def creation_event(self, value: KubernetesState) -> Steps:
        """Wait for the next creation event of the watch; events come late, in order, each once."""
        if not value.events:
            return BLOCKED
        return (Step(value.events[0], value._replace(events=value.events[1:])),)
