"""Kubernetes for real: Jobs on an API server, held at each of their phases until the schedule says go on.

What goes by itself in a cluster is held by the cluster's own means, so that a schedule can say when it happens:

- the Job controller makes no pod while `parallelism` is 0; the step to *starting* raises it to 1, and waits for the
  real controller's pod;
- no kubelet takes a pod whose `nodeSelector` no node fulfils; the steps to *running* and *finished* patch the pod's
  status, as a kubelet would, and the step to *finished* waits for the real controller to complete the Job;
- a deleted Job stays in deletion while it has a finalizer; the step to *gone* removes it, and waits for the real
  garbage collector.

With `held=False` (a free run) nothing is held, and the cluster goes at its own pace.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.live.adapter import Adapter, poll
from deadheat.live.cluster import Cluster
from deadheat.live.job_reference import EVALUATION_LABEL, HOLD, RUN_LABEL, reference_of
from deadheat.live.job_watch import JobWatch
from deadheat.models.kubernetes import Answer, Job, JobPhase, JobReference, KubernetesState
from deadheat.models.values import FrozenMap
from deadheat.sim.operations import Operation

if TYPE_CHECKING:
    from kubernetes.client import V1Job

__all__ = ["JobTemplate", "KubernetesAdapter"]


@dataclass(frozen=True, slots=True)
class JobTemplate:
    """What an evaluation's Job runs: something harmless, unless the user says otherwise."""

    image: str = "busybox:1.36"
    command: tuple[str, ...] = ("sleep", "600")


class KubernetesAdapter(Adapter):
    """The Jobs of one namespace."""

    def __init__(
        self,
        cluster: Cluster,
        namespace: str,
        *,
        run: str,
        held: bool,
        watched: bool = False,
        template: JobTemplate = JobTemplate(),
    ) -> None:
        super().__init__("kubernetes")
        self.cluster = cluster
        self.namespace = namespace
        self.uids: dict[str, list[int]] = {}
        self._evaluations: dict[str, str] = {}
        self._run = run
        self._held = held
        self._template = template
        self._watch = JobWatch(cluster, namespace, EVALUATION_LABEL) if watched else None

    def create_job(self, name: str, evaluation: str) -> Answer:
        """POST."""
        from kubernetes.client.exceptions import ConflictException

        try:
            created = self.cluster.create_job(self.namespace, self._manifest(name, evaluation))
        except ConflictException:
            return Answer.ALREADY_EXISTS
        self._note(reference_of(created))
        return Answer.CREATED

    def get_job(self, name: str) -> JobPhase | Answer:
        """GET, and the pods for what the Job's own status does not tell."""
        job = self.cluster.get_job(self.namespace, name)
        return Answer.NOT_FOUND if job is None else self._phase(job)

    def list_jobs(self) -> tuple[JobReference, ...]:
        """LIST by the label."""
        jobs, _ = self.cluster.list_jobs(self.namespace, EVALUATION_LABEL)
        return tuple(sorted(self._note(reference_of(job)) for job in jobs))

    def delete_job(self, name: str) -> Answer:
        """DELETE, in the foreground: the Job is gone when its pods are."""
        from kubernetes.client.exceptions import NotFoundException

        try:
            self.cluster.delete_job(self.namespace, name)
        except NotFoundException:
            return Answer.NOT_FOUND
        return Answer.OK

    def progress(self, name: str) -> JobPhase:
        """Let the Job go on to its next phase (see the module's text), and wait until it is there."""
        job = self.cluster.get_job(self.namespace, name)
        phase = JobPhase.GONE if job is None else self._phase(job)
        steps: dict[JobPhase, Callable[[str], None]] = {
            JobPhase.CREATED: self._let_start,
            JobPhase.STARTING: self._let_run,
            JobPhase.RUNNING: self._let_finish,
            JobPhase.DELETING: self._let_go,
        }
        if self._held and phase in steps:
            steps[phase](name)
        for _ in poll(self.patience_s, f"the Job {name} stayed {phase}"):
            job = self.cluster.get_job(self.namespace, name)
            now = JobPhase.GONE if job is None else self._phase(job)
            if now is not phase:
                return now
        raise AssertionError  # poll never ends by itself

    def creation_event(self) -> JobReference:
        """Wait for the next creation that the watch tells of."""
        assert self._watch is not None
        return self._note(self._watch.next(self.patience_s))

    def notice(self, operation: Operation) -> None:
        """Look at the Jobs after each creation, so that uids are known here in the order of creation."""
        if operation.name == "create_job":
            self.list_jobs()

    def observe(self) -> dict[str, Any]:
        """Return every Job that was seen in the run, with how far it is now."""
        self.list_jobs()
        jobs: FrozenMap[Job] = tuple((name, self._seen(name)) for name in sorted(self.uids))
        return {self.name: KubernetesState(jobs)}

    def close(self) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.close()

    def _note(self, reference: JobReference) -> JobReference:
        self._evaluations[reference.name] = reference.evaluation
        known = self.uids.setdefault(reference.name, [])
        if reference.uid not in known:
            known.append(reference.uid)
        return reference

    def _seen(self, name: str) -> Job:
        job = self.cluster.get_job(self.namespace, name)
        uids = self.uids[name]
        if job is None:
            return Job(self._evaluations[name], len(uids), JobPhase.GONE)
        reference = self._note(reference_of(job))
        return Job(reference.evaluation, uids.index(reference.uid) + 1, self._phase(job))

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

    def _manifest(self, name: str, evaluation: str) -> dict[str, Any]:
        labels = {EVALUATION_LABEL: evaluation, RUN_LABEL: self._run}
        pod: dict[str, Any] = {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [
                {"name": "evaluation", "image": self._template.image, "command": list(self._template.command)}
            ],
        }
        metadata: dict[str, Any] = {"name": name, "labels": labels}
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
