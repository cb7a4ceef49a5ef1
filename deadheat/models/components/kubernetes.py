"""Kubernetes, as far as Jobs go: the API server's batch/v1 Jobs, the Job controller with its pods, and a watch.

Sources: Kubernetes documentation, "Jobs", "Garbage Collection" (foreground deletion takes two steps), "API concepts"
(names, UIDs, preconditions, watches and what they lose, stale lists) and "Resource Quotas" (409 on create).

A delete is one with `propagationPolicy: Foreground`: the Job keeps its name, in deletion, until its pods are gone. With
`Background` it gives the name back at once; that is a run of this model too, one in which "gone" comes right after.
Without a policy the API server does neither to a batch/v1 Job: it deletes the Job and *keeps its pods running*
(`Orphan`, the default "for back compatibility" of its storage strategy). No protocol here deletes like that.

What guards a creation beyond its name (owners, suspension, tombstones, admission) is in `kubernetes_guards`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple, Self, TypeAlias

from deadheat.models.faults import (
    COMPLETION,
    FAULTS,
    K8S_LOST_ANSWER,
    K8S_REFUSAL,
    STALE_LIST,
    WATCH_DUPLICATE,
    WATCH_LOSS,
)
from deadheat.models.values import FrozenMap, lookup, with_item, without
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.traits import by_itself, hands_work, looks, weaker

__all__ = [
    "ERRORS",
    "Answer",
    "Job",
    "JobPhase",
    "JobReference",
    "Kubernetes",
    "KubernetesState",
    "found_under",
    "job_name",
    "reference_to",
]


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
    """A Job object. `uid` counts what was created under its evaluation's names, from 1.

    A suspended Job has no pods; `owner` is the uid of the object that its ownerReference names, if it has one. One
    that is not `labelled` has no label `eval-id`: lists and watches do not show it, but whoever asks by name meets it.
    """

    uid: int
    phase: JobPhase = JobPhase.CREATED
    suspended: bool = False
    owner: int | None = None
    labelled: bool = True

    @property
    def is_deleted(self) -> bool:
        """Whether its deletion has begun."""
        return self.phase is JobPhase.DELETING

    @property
    def is_tombstone(self) -> bool:
        """Whether it only takes a name: it is suspended, and not labelled. Resumed, it runs like any other."""
        return self.suspended and not self.labelled


class JobReference(NamedTuple):
    """What a list, a watch or a read tells of a Job: its `eval-id` label ("" without one), its name and its uid."""

    evaluation: str
    name: str
    uid: int

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid})"


Listing: TypeAlias = tuple[JobReference, ...]


class KubernetesState(NamedTuple):
    """What the cluster holds for one evaluation.

    `jobs` are all Job objects by name, tombstones too; `created` counts the creations of those that are none, and
    `created_before` those before it was last submitted; `events` are creation events that the watch has not yet
    delivered; `past` are earlier listings that a stale list may show. The rest belongs to `kubernetes_guards`.
    """

    jobs: FrozenMap[Job] = ()
    created: int = 0
    created_before: int = 0
    events: Listing = ()
    past: tuple[Listing, ...] = ()
    owner: int | None = 1
    owners: int = 1
    tombstones: int = 0
    generation: int = 1
    enforced: int = 1

    @property
    def live_jobs(self) -> tuple[tuple[str, Job], ...]:
        """The Jobs, by name, whose deletion has not begun, but for tombstones."""
        return tuple((name, job) for name, job in self.jobs if not job.is_deleted and not job.is_tombstone)


def job_name(evaluation: str) -> str:
    """Return the deterministic name of the evaluation's Job: how the cancel handler knows what to kill."""
    return f"evaluation-{evaluation}"


class Kubernetes(Component):
    """The Jobs of one evaluation: those with its id in their `eval-id` label, and what else has one of its names.

    Whatever an operation does by name goes through `found_under` or `_create`, so that it meets whatever has the name.

    `watched` says whether anybody watches creations, and `stale_lists` whether lists may come from a cache; if not,
    nothing is kept for that.
    """

    keyed = True
    initial = KubernetesState()
    faults = tuple(
        FAULTS[kind] for kind in (K8S_LOST_ANSWER, K8S_REFUSAL, WATCH_LOSS, WATCH_DUPLICATE, STALE_LIST, COMPLETION)
    )

    def __init__(self, name: str, *, watched: bool = False, stale_lists: bool = False) -> None:
        super().__init__(name)
        self.watched = watched
        self.stale_lists = stale_lists

    def under(self, budgets: Mapping[str, int]) -> Self:
        """Return a cluster that remembers what lists may show too late, if they may."""
        return self.altered(stale_lists=bool(budgets.get(STALE_LIST)))

    def happening(self, budgets: Mapping[str, int]) -> Iterator[operation[...]]:
        """Yield what happens by itself; no event of a watch can be lost where nobody watches."""
        yield from (each for each in super().happening(budgets) if self.watched or each.name != "lose_event")

    def describe(self, value: KubernetesState) -> str:
        """Return each Job's phase, and which creation the watch has yet to tell of."""
        jobs = [_described(name, job) for name, job in value.jobs]
        events = [f"event of {event.name} pending" for event in value.events]
        return "; ".join([*jobs, *events]) or ("no Job any more" if value.created else "no Job")

    @operation
    def create_job(self, value: KubernetesState, evaluation: str, name: str | None = None) -> Steps:
        """POST a Job with the label `eval-id` and a name, if not the usual one: 201, or 409 while the name is taken."""
        return self._create(value, evaluation, name)

    @looks
    @operation
    def get_job(self, value: KubernetesState, evaluation: str, name: str | None = None) -> Steps:
        """GET a Job: a reference to it, or 404."""
        name, job = found_under(value, evaluation, name)
        return (Step(reference_to(evaluation, name, job) if job else Answer.NOT_FOUND, value),)

    @looks
    @operation
    def list_jobs(self, value: KubernetesState, evaluation: str) -> Steps:
        """LIST the Jobs with this label; the fault `stale-list` shows an earlier listing."""
        earlier = (Step(listing, value, fault=STALE_LIST) for listing in value.past)
        return [Step(_listing(value, evaluation), value), *earlier]

    @weaker("deletes without the uid as a precondition", without="uid")
    @operation
    def delete_job(
        self, value: KubernetesState, evaluation: str, name: str | None = None, uid: int | None = None
    ) -> Steps:
        """DELETE a Job: 200 and its deletion begins, 404, or 409 if it is not the one of the `uid` precondition.

        It is gone only when its pods are. Whatever has the name is deleted, also a tombstone.
        """
        name, job = found_under(value, evaluation, name)
        if job is None:
            return self._refusable(value, Step(Answer.NOT_FOUND, value))
        if uid is not None and job.uid != uid:
            return self._refusable(value, Step(Answer.CONFLICT, value))
        deleting = with_item(value.jobs, name, job._replace(phase=JobPhase.DELETING))
        return self._refusable(value, Step(Answer.OK, value._replace(jobs=deleting)))

    @by_itself("controllers")
    @operation
    def progress(self, value: KubernetesState, evaluation: str) -> Steps:
        """Let the controllers do what they do next for one of the Jobs; answer the phase that it enters, or "gone"."""
        return [step for name, job in value.jobs for step in self._progress_of(value, evaluation, name, job)]

    @hands_work
    @operation
    def finished(self, value: KubernetesState, evaluation: str) -> Steps:
        """Wait until a Job has finished, and notice it: the fault `completion`."""
        done = any(job.phase is JobPhase.FINISHED and job.labelled for _, job in value.jobs)
        return (Step(None, value, fault=COMPLETION),) if done else BLOCKED

    @hands_work
    @operation
    def creation_event(self, value: KubernetesState, evaluation: str) -> Steps:
        """Wait for the watch's next creation event; events come late and in order, and by a fault more than once."""
        if not value.events:
            return BLOCKED
        event, *later = value.events
        return (Step(event, value._replace(events=tuple(later))), Step(event, value, fault=WATCH_DUPLICATE))

    @by_itself("watch", owed=False, fault=WATCH_LOSS)
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
        labelled: bool = True,
    ) -> Steps:
        """Return the steps of a POST, which may be refused, or its answer lost."""
        name, taken = found_under(value, evaluation, name)
        if taken is not None:
            return self._refusable(value, Step(Answer.ALREADY_EXISTS, value))
        job = Job(value.created + value.tombstones + 1, suspended=suspended, owner=owner, labelled=labelled)
        after = value._replace(jobs=with_item(value.jobs, name, job))
        if not labelled:
            return self._refusable(value, Step(Answer.CREATED, after._replace(tombstones=value.tombstones + 1)))
        events = (*value.events, reference_to(evaluation, name, job)) if self.watched else ()
        after = after._replace(created=value.created + 1, events=events)
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


def found_under(value: KubernetesState, evaluation: str, name: str | None = None) -> tuple[str, Job | None]:
    """Return a name, the evaluation's usual one if none is given, and whatever Job object has it."""
    name = name or job_name(evaluation)
    return name, lookup(value.jobs, name)


def reference_to(evaluation: str, name: str, job: Job) -> JobReference:
    """Return what a read of this Job answers."""
    return JobReference(evaluation if job.labelled else "", name, job.uid)


def _listing(value: KubernetesState, evaluation: str) -> Listing:
    return tuple(reference_to(evaluation, name, job) for name, job in value.jobs if job.labelled)


def _described(name: str, job: Job) -> str:
    phase = "suspended" if job.suspended and not job.is_deleted else str(job.phase)
    if job.is_tombstone:
        phase = "tombstone in deletion" if job.is_deleted else "tombstone"
    return f"{name} {phase}" + (f" (uid {job.uid})" if job.uid > 1 else "")
