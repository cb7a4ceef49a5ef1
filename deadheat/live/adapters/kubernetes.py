"""Kubernetes for real: Jobs on an API server, held at each of their phases until the schedule says go on.

What goes by itself in a cluster is held by the cluster's own means, so that a schedule can say when it happens:

- the Job controller makes no pod while `parallelism` is 0; the step to *starting* raises it to 1, and waits for the
  real controller's pod;
- no kubelet takes a pod whose `nodeSelector` no node fulfils; the steps to *running* and *finished* patch the pod's
  status, as a kubelet would, and the step to *finished* waits for the real controller to complete the Job;
- a deleted Job stays in deletion while it has a finalizer; the step to *gone* removes it, and waits for the real
  garbage collector.

With `held=False` (a free run) nothing is held, and the cluster goes at its own pace.

An answer that is lost was given: the operation is done, and its answer dropped here. A refusal, and a list from a stale
cache, are put in here, and the server is not asked: a real one cannot be made to refuse at a given moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, BlockedError, poll, steered
from deadheat.live.cluster import Cluster
from deadheat.live.forcing.counts import Counts, OwnCounts
from deadheat.live.job_reference import EVALUATION_LABEL, HOLD, RUN_LABEL, reference_of, uid_number, uid_text
from deadheat.live.job_watch import JobWatch
from deadheat.models.components.kubernetes import Answer, Job, JobPhase, JobReference, KubernetesState, job_name
from deadheat.models.faults import K8S_LOST_ANSWER, K8S_REFUSAL
from deadheat.sim.operations import Operation

if TYPE_CHECKING:
    from kubernetes.client import V1Job

__all__ = ["CONTROLLER_PATIENCE_S", "GONE", "JobTemplate", "KubernetesAdapter"]

SUSPENDED = "deadheat.dev/suspended"
"""The annotation of a Job that is suspended: by `parallelism: 0`, since `suspend` needs Kubernetes 1.21."""

OWNER = "deadheat.dev/owner"
"""The annotation of a Job with the uid of its first owner, which the garbage collector may take off it."""

GONE = "gone"

CONTROLLER_PATIENCE_S = 30.0
"""Controllers of a control plane that has just been started, on a busy machine, take their time to begin."""


@dataclass(frozen=True, slots=True)
class JobTemplate:
    """What an evaluation's Job runs: something harmless, unless the user says otherwise."""

    image: str = "busybox:1.36"
    command: tuple[str, ...] = ("sleep", "600")


class KubernetesAdapter(Adapter):
    """The Jobs of one namespace. `numbers` tells, of each uid that was seen, which one the model calls so.

    `counts` are what other programs on the same namespace must agree with; `watch_from` is the resource version from
    which on its watch tells of creations, the present one if it is not given.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        evaluations: Iterable[str],
        *,
        run: str,
        held: bool,
        watched: bool = False,
        watch_from: str | None = None,
        counts: Counts | None = None,
        template: JobTemplate = JobTemplate(),
    ) -> None:
        super().__init__("kubernetes")
        self.cluster = cluster
        self.namespace = namespace
        self.numbers: dict[int, int] = {}
        self._created: dict[str, list[int]] = {each: [] for each in evaluations}
        self._unlabelled: set[int] = set()
        self._created_before: dict[str, int] = {}
        self._events: dict[str, list[JobReference]] = {each: [] for each in self._created}
        self._counts = counts or OwnCounts()
        self._run = run
        self._held = held
        self._template = template
        self._watch = JobWatch(cluster, namespace, EVALUATION_LABEL, watch_from) if watched else None
        self.watch_from = self._watch.resource_version if self._watch is not None else None

    def perform(self, operation: Operation, fault: str | None = None, wish: Any = None) -> Any:
        """Do an operation; any of them may be refused, and any answer lost."""
        if fault == K8S_REFUSAL:
            return wish
        if fault == K8S_LOST_ANSWER:
            super().perform(operation)
            return Answer.NO_ANSWER
        return super().perform(operation, fault, wish)

    def has_form(self, operation: Operation, fault: str) -> bool:
        """Return whether an operation with this fault has a live form."""
        return fault in (K8S_REFUSAL, K8S_LOST_ANSWER) or super().has_form(operation, fault)

    def create_job(self, evaluation: str, name: str | None = None) -> Answer:
        """POST."""
        return self._create(evaluation, self._manifest(evaluation, name))

    def get_job(self, evaluation: str, name: str | None = None) -> JobReference | Answer:
        """GET."""
        job = self.cluster.get_job(self.namespace, name or job_name(evaluation))
        return Answer.NOT_FOUND if job is None else self._note(reference_of(job), evaluation)

    def list_jobs(self, evaluation: str) -> tuple[JobReference, ...]:
        """LIST by the label."""
        return self.list_at_once([evaluation])[0]

    def list_at_once(self, evaluations: Iterable[str]) -> tuple[tuple[JobReference, ...], ...]:
        """LIST the Jobs of several evaluations, as one consistent snapshot."""
        jobs, _ = self.cluster.list_jobs(self.namespace, EVALUATION_LABEL)
        listed = sorted(self._note(reference_of(job)) for job in jobs)
        return tuple(tuple(each for each in listed if each.evaluation == evaluation) for evaluation in evaluations)

    @steered
    def list_jobs_stale_list(self, evaluation: str, wish: tuple[JobReference, ...]) -> tuple[JobReference, ...]:
        """Answer what an informer's cache would: an earlier moment's Jobs."""
        del evaluation
        return wish

    def delete_job(self, evaluation: str, name: str | None = None, uid: int | None = None) -> Answer:
        """DELETE, in the foreground: the Job is gone when its pods are.

        The policy is always given, for without one the API server keeps the pods of a batch/v1 Job running.
        """
        from kubernetes.client.exceptions import ConflictException, NotFoundException

        try:
            self.cluster.delete_job(self.namespace, name or job_name(evaluation), uid_text(uid) if uid else None)
        except NotFoundException:
            return Answer.NOT_FOUND
        except ConflictException:
            return Answer.CONFLICT
        return Answer.OK

    @steered
    def progress(self, evaluation: str, wish: JobPhase | str) -> JobPhase | str:
        """Let a Job of the evaluation go on as is wished (see the module's text), and wait until it has."""
        steps: dict[str, tuple[str, Callable[[str], None]]] = {
            JobPhase.STARTING: (JobPhase.CREATED, self._let_start),
            JobPhase.RUNNING: (JobPhase.STARTING, self._let_run),
            JobPhase.FINISHED: (JobPhase.RUNNING, self._let_finish),
            GONE: (JobPhase.DELETING, self._let_go),
        }
        before, let = steps[wish]
        for name, job in self._jobs_of(evaluation):
            if job.phase == before and not (job.suspended and job.phase is JobPhase.CREATED):
                if self._held:
                    let(name)
                return self._wait_for_change(name, job.phase)
        return "nothing to do"  # which is no outcome of the model

    def finished_completion(self, evaluation: str) -> None:
        """Wait until a Job has finished."""
        for _ in poll(self.patience_s, f"no Job of evaluation {evaluation} finished"):
            if any(job.phase is JobPhase.FINISHED and job.labelled for _, job in self._jobs_of(evaluation)):
                return

    def creation_event(self, evaluation: str) -> JobReference:
        """Wait for the next creation of the evaluation's Jobs that the watch tells of."""
        event = self._next_event(evaluation)
        self._counts.put(_told(evaluation), self._counts.of(_told(evaluation)) + 1)
        return event

    def any_creation_event(self) -> JobReference:
        """Wait for the next creation that the watch tells of, whoever's it is."""
        assert self._watch is not None
        return self._note(self._watch.next(self.patience_s))

    def creation_event_watch_duplicate(self, evaluation: str) -> JobReference:
        """Be told of a creation that the watch will tell of once more."""
        return self._next_event(evaluation)

    def lose_event_watch_loss(self, evaluation: str) -> None:
        """Drop the next creation that the watch tells of."""
        self.creation_event(evaluation)

    def real_uid(self, evaluation: str, number: int) -> int:
        """Return the uid of the Job that the model gives this number."""
        return self._created[evaluation][number - 1]

    def begin_submission(self, evaluation: str) -> None:
        """Count creations anew."""
        self._created_before[evaluation] = self._count(evaluation)

    def notice(self, operation: Operation) -> None:
        """Look at the Jobs after each creation, so that uids are known here in the order of creation."""
        if operation.name.startswith("create_"):
            self._look()

    def observe(self) -> dict[str, Any]:
        """Return the Jobs of each evaluation, with how far they are, and how many were created."""
        self._look()
        return {f"{self.name}/{each}": self._observed(each) for each in self._created}

    def comparable(self, value: KubernetesState) -> Any:
        """Return the Jobs, and how many there were; what watches and lists may still show is in their answers."""
        return value.jobs, value.created, value.created_before, value.tombstones

    def close(self) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.close()

    def _observed(self, evaluation: str) -> KubernetesState:
        jobs, created = tuple(self._jobs_of(evaluation)), self._count(evaluation)
        return KubernetesState(jobs, created, self._created_before.get(evaluation, 0))

    def _look(self) -> None:
        """Look at all Jobs, so that the uids of new ones are known here."""
        self.list_at_once(())

    def _count(self, evaluation: str) -> int:
        """Return how many Jobs with the label were created."""
        return sum(uid not in self._unlabelled for uid in self._created[evaluation])

    def _create(self, evaluation: str, manifest: dict[str, Any]) -> Answer:
        from kubernetes.client.exceptions import ConflictException

        try:
            created = self.cluster.create_job(self.namespace, manifest)
        except ConflictException:
            return Answer.ALREADY_EXISTS
        self._note(reference_of(created), evaluation)
        return Answer.CREATED

    def _note(self, reference: JobReference, evaluation: str | None = None) -> JobReference:
        """Give a uid its number, by the order of creations for its evaluation, which it may not have as a label."""
        created = self._created.setdefault(evaluation or reference.evaluation, [])
        if reference.uid not in self.numbers:
            created.append(reference.uid)
            self.numbers[reference.uid] = len(created)
            if not reference.evaluation:
                self._unlabelled.add(reference.uid)
        return reference

    def _next_event(self, evaluation: str) -> JobReference:
        """Wait for the first creation that neither this program nor another has been told of, or has lost."""
        assert self._watch is not None
        told = self._counts.of(_told(evaluation))
        for _ in poll(self.patience_s, f"the watch told of no Job of evaluation {evaluation}"):
            if len(self._events[evaluation]) > told:
                return self._events[evaluation][told]
            try:
                event = self._note(self._watch.next(self.patience_s))
            except BlockedError:
                continue
            self._events.setdefault(event.evaluation, []).append(event)
        raise AssertionError  # poll never ends by itself

    def _jobs_of(self, evaluation: str) -> list[tuple[str, Job]]:
        """Return the evaluation's Jobs as the model has them, by name."""
        jobs, _ = self.cluster.list_jobs(self.namespace, f"{EVALUATION_LABEL}={evaluation}")
        return sorted((str(job.metadata.name), self._as_model(job, evaluation)) for job in jobs if job.metadata)

    def _as_model(self, job: V1Job, evaluation: str) -> Job:
        assert job.metadata is not None
        reference = self._note(reference_of(job), evaluation)
        uid = self.numbers[reference.uid]
        annotations = job.metadata.annotations or {}
        suspended = annotations.get(SUSPENDED) == "true"
        owner = self.numbers.get(uid_number(annotations.get(OWNER)))
        return Job(uid, self._phase(job), suspended, owner, bool(reference.evaluation))

    def _phase(self, job: V1Job) -> JobPhase:
        assert job.metadata is not None
        if job.metadata.deletion_timestamp is not None:
            return JobPhase.DELETING
        conditions = (job.status and job.status.conditions) or []
        if any(each.type in ("Complete", "Failed") and each.status == "True" for each in conditions):
            return JobPhase.FINISHED
        pods = self.cluster.pods_of(self.namespace, str(job.metadata.name))
        if not pods:
            return JobPhase.CREATED
        # A pod that has ended while its Job has not is one that the Job controller has yet to notice.
        is_starting = all(pod.status is None or pod.status.phase == "Pending" for pod in pods)
        return JobPhase.STARTING if is_starting else JobPhase.RUNNING

    def _wait_for_change(self, name: str, phase: JobPhase) -> JobPhase | str:
        for _ in poll(CONTROLLER_PATIENCE_S, f"the Job {name} stayed {phase}"):
            job = self.cluster.get_job(self.namespace, name)
            now: JobPhase | str = GONE if job is None else self._phase(job)
            if now != phase:
                return now
        raise AssertionError  # poll never ends by itself

    def _let_start(self, name: str) -> None:
        self.cluster.patch_job(self.namespace, name, {"spec": {"parallelism": 1}})

    def _let_run(self, name: str) -> None:
        self._be_kubelet(name, "Running")

    def _let_finish(self, name: str) -> None:
        self._be_kubelet(name, "Succeeded")

    def _let_go(self, name: str) -> None:
        self.cluster.remove_finalizer(self.namespace, name, HOLD)

    def _be_kubelet(self, name: str, phase: str) -> None:
        for pod in self.cluster.pods_of(self.namespace, name):
            assert pod.metadata is not None
            self.cluster.patch_pod_status(self.namespace, str(pod.metadata.name), {"phase": phase})

    def _manifest(self, evaluation: str, name: str | None = None) -> dict[str, Any]:
        labels = {EVALUATION_LABEL: evaluation, RUN_LABEL: self._run}
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {"name": "evaluation", "image": self._template.image, "command": list(self._template.command)}
            ],
        }
        metadata: dict[str, Any] = {"name": name or job_name(evaluation), "labels": labels}
        if self._held:
            pod["nodeSelector"] = {HOLD: "true"}
            metadata["finalizers"] = [HOLD]
        return {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {
                "parallelism": 0 if self._held else 1,
                "backoffLimit": 0,
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }


def _told(evaluation: str) -> str:
    """Return the name of the number of creations that the watch has told of."""
    return f"told:{evaluation}"
