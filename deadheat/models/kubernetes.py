"""Kubernetes, as far as Jobs go: the API server's batch/v1 Jobs, the Job controller with its pods, and a watch.

Sources: Kubernetes documentation, "Jobs", "Garbage Collection" (foreground deletion takes two steps), "API concepts"
(names, UIDs, preconditions, watches and what they lose, stale lists) and "Resource Quotas" (409 on create).
What guards a creation beyond its name (owners, suspension, tombstones, admission) is in `kubernetes_guards`.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.faults import COMPLETION, K8S_LOST_ANSWER, K8S_REFUSAL, STALE_LIST, WATCH_DUPLICATE, WATCH_LOSS
from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["ERRORS", "Answer", "Job", "JobPhase", "JobReference", "Kubernetes", "KubernetesState", "job_name"]


class Answer(StrEnum):
    """What the API server answers, by its HTTP status; or that no answer came."""

    CREATED = "201 Created"
    OK = "200 OK"
    NOT_FOUND = "404 Not Found"
    ALREADY_EXISTS = "409 AlreadyExists"
    CONFLICT = "409 Conflict"
    FORBIDDEN = "403 Forbidden"
    TOO_MANY_REQUESTS = "429 Too Many Requests"
    SERVER_ERROR = "500 Internal Server Error"
    NO_ANSWER = "no answer"


REFUSALS = (Answer.CONFLICT, Answer.TOO_MANY_REQUESTS, Answer.SERVER_ERROR)

ERRORS = (*REFUSALS, Answer.NO_ANSWER)
"""What a client library raises an exception for, and its caller cannot know what to make of."""


class JobPhase(StrEnum):
    """How far a Job is: no pod yet, pod starting, pod running, pod finished, deletion begun."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    DELETING = "deleting"


NEXT_PHASE = {
    JobPhase.CREATED: JobPhase.STARTING,
    JobPhase.STARTING: JobPhase.RUNNING,
    JobPhase.RUNNING: JobPhase.FINISHED,
}
"""What the Job controller and the kubelet do by themselves."""


class Job(NamedTuple):
    """A Job object. `uid` counts the creations for its evaluation, from 1.

    A suspended Job has no pods; `owner` is the uid of the object that its ownerReference names, if it has one.
    """

    uid: int
    phase: JobPhase = JobPhase.CREATED
    suspended: bool = False
    owner: int | None = None

    @property
    def is_deleted(self) -> bool:
        """Whether its deletion has begun."""
        return self.phase is JobPhase.DELETING


class JobReference(NamedTuple):
    """What a list or a watch tells of a Job: its `eval-id` label, its name and its uid."""

    evaluation: str
    name: str
    uid: int

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid})"


Listing: TypeAlias = tuple[JobReference, ...]


class KubernetesState(NamedTuple):
    """What the cluster holds for one evaluation.

    `jobs` by name; `created` counts all creations, and `created_before` those before it was last submitted; `events`
    are creation events that the watch has not yet delivered; `past` are earlier listings that a stale list may show.
    The rest belongs to `kubernetes_guards`.
    """

    jobs: FrozenMap[Job] = ()
    created: int = 0
    created_before: int = 0
    events: Listing = ()
    past: tuple[Listing, ...] = ()
    owner: int | None = 1
    owners: int = 1
    tombstone: bool = False
    generation: int = 1
    enforced: int = 1

    @property
    def live_jobs(self) -> tuple[tuple[str, Job], ...]:
        """The Jobs, by name, whose deletion has not begun."""
        return tuple((name, job) for name, job in self.jobs if not job.is_deleted)


def job_name(evaluation: str) -> str:
    """Return the deterministic name of the evaluation's Job: how the cancel handler knows what to kill."""
    return f"evaluation-{evaluation}"


class Kubernetes(Component):
    """The Jobs that carry one evaluation's id in their `eval-id` label.

    `watched` says whether anybody watches creations, and `stale_lists` whether lists may come from a cache; if not,
    nothing is kept for that.
    """

    keyed = True
    initial = KubernetesState()

    def __init__(self, name: str, *, watched: bool = False, stale_lists: bool = False) -> None:
        super().__init__(name)
        self.watched = watched
        self.stale_lists = stale_lists

    def describe(self, value: KubernetesState) -> str:
        """Return each Job's phase, and which creation the watch has yet to tell of."""
        jobs = [
            f"{name} {'suspended' if job.suspended and not job.is_deleted else job.phase}"
            + (f" (uid {job.uid})" if job.uid > 1 else "")
            for name, job in value.jobs
        ]
        events = [f"event of {event.name} pending" for event in value.events]
        return "; ".join([*jobs, *events]) or ("no Job any more" if value.created else "no Job")

    @operation
    def create_job(self, value: KubernetesState, evaluation: str, name: str | None = None) -> Steps:
        """POST a Job with the label `eval-id` and a name, if not the usual one: 201, or 409 while the name is taken."""
        return self._create(value, evaluation, name)

    @operation
    def get_job(self, value: KubernetesState, evaluation: str, name: str | None = None) -> Steps:
        """GET a Job: a reference to it, or 404."""
        name = name or job_name(evaluation)
        job = lookup(value.jobs, name)
        return (Step(JobReference(evaluation, name, job.uid) if job else Answer.NOT_FOUND, value),)

    @operation
    def list_jobs(self, value: KubernetesState, evaluation: str) -> Steps:
        """LIST the Jobs with this label; the fault `stale-list` shows an earlier listing."""
        earlier = (Step(listing, value, fault=STALE_LIST) for listing in value.past)
        return [Step(_listing(value, evaluation), value), *earlier]

    @operation
    def delete_job(
        self, value: KubernetesState, evaluation: str, name: str | None = None, uid: int | None = None
    ) -> Steps:
        """DELETE a Job: 200 and its deletion begins, 404, or 409 if it is not the one of the `uid` precondition.

        It is gone only when its pods are.
        """
        name = name or job_name(evaluation)
        job = lookup(value.jobs, name)
        if job is None:
            return self._refusable(value, Step(Answer.NOT_FOUND, value))
        if uid is not None and job.uid != uid:
            return self._refusable(value, Step(Answer.CONFLICT, value))
        deleting = with_item(value.jobs, name, job._replace(phase=JobPhase.DELETING))
        return self._refusable(value, Step(Answer.OK, value._replace(jobs=deleting)))

    @operation
    def progress(self, value: KubernetesState, evaluation: str) -> Steps:
        """Let the controllers do what they do next for one of the Jobs; answer the phase that it enters, or "gone"."""
        return [step for name, job in value.jobs for step in self._progress_of(value, evaluation, name, job)]

    @operation
    def finished(self, value: KubernetesState, evaluation: str) -> Steps:
        """Wait until a Job has finished, and notice it: the fault `completion`."""
        done = any(job.phase is JobPhase.FINISHED for _, job in value.jobs)
        return (Step(None, value, fault=COMPLETION),) if done else BLOCKED

    @operation
    def creation_event(self, value: KubernetesState, evaluation: str) -> Steps:
        """Wait for the watch's next creation event; events come late and in order, and by a fault more than once."""
        if not value.events:
            return BLOCKED
        event, *later = value.events
        return (Step(event, value._replace(events=tuple(later))), Step(event, value, fault=WATCH_DUPLICATE))

    @operation
    def lose_event(self, value: KubernetesState, evaluation: str) -> Steps:
        """Drop the watch's next creation event: the fault `watch-loss`."""
        return (Step(None, value._replace(events=value.events[1:]), fault=WATCH_LOSS),) if value.events else BLOCKED

    @operation
    def begin_submission(self, value: KubernetesState, evaluation: str) -> Steps:
        """Count creations anew: what comes is for another submission of the same evaluation."""
        return (Step(None, value._replace(created_before=value.created)),)

    def _create(
        self,
        value: KubernetesState,
        evaluation: str,
        name: str | None = None,
        *,
        suspended: bool = False,
        owner: int | None = None,
    ) -> Steps:
        """Return the steps of a POST, which may be refused, or its answer lost."""
        name = name or job_name(evaluation)
        if lookup(value.jobs, name) is not None:
            return self._refusable(value, Step(Answer.ALREADY_EXISTS, value))
        uid = value.created + 1
        jobs = with_item(value.jobs, name, Job(uid, suspended=suspended, owner=owner))
        events = (*value.events, JobReference(evaluation, name, uid)) if self.watched else ()
        after = value._replace(jobs=jobs, created=uid, events=events)
        return self._refusable(value, Step(Answer.CREATED, self._remembering(value, evaluation, after)))

    def _refusable(self, value: KubernetesState, applied: Step) -> Steps:
        """Return a write's step, and what its faults make of it: the answer lost, or a refusal instead."""
        refused = (Step(answer, value, fault=K8S_REFUSAL) for answer in REFUSALS)
        return [applied, Step(Answer.NO_ANSWER, applied.value, fault=K8S_LOST_ANSWER), *refused]

    def _progress_of(self, value: KubernetesState, evaluation: str, name: str, job: Job) -> Iterable[Step]:
        if job.is_deleted:
            gone = value._replace(jobs=without(value.jobs, name))
            yield Step("gone", self._remembering(value, evaluation, gone))
        elif job.phase in NEXT_PHASE and not job.suspended:
            phase = NEXT_PHASE[job.phase]
            yield Step(phase, value._replace(jobs=with_item(value.jobs, name, job._replace(phase=phase))))

    def _remembering(self, before: KubernetesState, evaluation: str, after: KubernetesState) -> KubernetesState:
        """Return `after` with the listing of `before` among those that a stale list may show."""
        if not self.stale_lists:
            return after
        past: list[Any] = [*before.past, _listing(before, evaluation)]
        return after._replace(past=tuple(dict.fromkeys(each for each in past if each != _listing(after, evaluation))))


def _listing(value: KubernetesState, evaluation: str) -> Listing:
    return tuple(JobReference(evaluation, name, job.uid) for name, job in value.jobs)
