"""What else guards a creation, for real: owners, suspension and tombstones.

An owner is a ConfigMap. In a forced schedule a finalizer keeps it, deleted as it is, until the garbage collector is to
act. That holds back the first Job alone: one that is created when its owner is gone would be collected at once, before
the schedule says so. So each Job is held by a second owner, the *keeper*, which stays: the real garbage collector then
only takes the absent owner off the Job. The step that collects it gives the Job back the owner that it was created
with, and no other, and the garbage collector deletes it.

A suspended Job has `parallelism: 0`. A tombstone is such a Job without the label `eval-id`, and one of its own by which
it is found here. The generation is real, in the owner's data; the admission policy that compares with it is played
here, with its cache, since a server has `ValidatingAdmissionPolicy` only from Kubernetes 1.30 on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import poll, steered
from deadheat.live.adapters.kubernetes import CONTROLLER_PATIENCE_S, OWNER, SUSPENDED, KubernetesAdapter
from deadheat.live.job_reference import HOLD, RUN_LABEL, reference_of, uid_number, uid_text
from deadheat.models.components.kubernetes import Answer, Job, JobReference, KubernetesState, job_name
from deadheat.models.components.kubernetes_guards import BURIED
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    from kubernetes.client import V1ConfigMap, V1Job

__all__ = ["GuardedKubernetesAdapter"]

TOMBSTONE = "deadheat.dev/tombstone"
"""The label of a tombstone; it says whose."""

KEEPER = "deadheat-keeper"
"""The ConfigMap that holds Jobs whose owner is gone."""

COLLECTED = "collected"
UP_TO_DATE = "policy up to date"
GENERATION = "generation"


class GuardedKubernetesAdapter(KubernetesAdapter):
    """The Jobs of one namespace, and what guards them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._owners: dict[str, int] = {}
        self._keepers: list[dict[str, Any]] = []

    def submit(self) -> None:
        """Make the owner of each evaluation, as its submission does before its task is queued."""
        if self._held:
            self._keepers = [_reference(self.cluster.create_config_map(self.namespace, {"metadata": {"name": KEEPER}}))]
        for evaluation in self._created:
            self.create_owner(evaluation)

    def join(self) -> None:
        """Use what another program has submitted."""
        keeper = self.cluster.get_config_map(self.namespace, KEEPER)
        self._keepers = [_reference(keeper)] if keeper is not None else []

    def get_owner(self, evaluation: str) -> int | Answer:
        """GET the ConfigMap; one in deletion is as good as gone."""
        owner = self.cluster.get_config_map(self.namespace, _owner_name(evaluation))
        if owner is None or owner.metadata is None or owner.metadata.deletion_timestamp is not None:
            return Answer.NOT_FOUND
        return self._note_owner(evaluation, uid_number(owner.metadata.uid))

    def create_owned_job(self, evaluation: str, owner: int) -> Answer:
        """POST with an ownerReference."""
        manifest = self._manifest(evaluation)
        manifest["metadata"]["ownerReferences"] = [self._owner_reference(evaluation, uid_text(owner)), *self._keepers]
        manifest["metadata"]["annotations"] = {OWNER: uid_text(owner)}
        return self._create(evaluation, manifest)

    def delete_owner(self, evaluation: str) -> Answer:
        """DELETE the ConfigMap in the background; one that a finalizer of ours keeps in deletion is as good as gone."""
        from kubernetes.client.exceptions import NotFoundException

        if self._held and self.get_owner(evaluation) is Answer.NOT_FOUND:
            return Answer.NOT_FOUND
        try:
            self.cluster.delete_config_map(self.namespace, _owner_name(evaluation))
        except NotFoundException:
            return Answer.NOT_FOUND
        return Answer.OK

    def create_owner(self, evaluation: str) -> None:
        """POST a ConfigMap; of a name that is still in deletion, when that is done."""
        name = _owner_name(evaluation)
        if evaluation in self._owners:
            self._forget_owner(evaluation)
        finalizers = [HOLD] if self._held else []
        created = self.cluster.create_config_map(self.namespace, {"metadata": {"name": name, "finalizers": finalizers}})
        self._note_owner(evaluation, uid_number(created.metadata.uid if created.metadata else None))

    def create_suspended_job(self, evaluation: str) -> Answer:
        """POST with `parallelism: 0`."""
        return self._create(evaluation, _suspended(self._manifest(evaluation)))

    def resume_job(self, evaluation: str) -> Answer:
        """PATCH `parallelism: 1`, or leave that to the schedule."""
        from kubernetes.client.exceptions import NotFoundException

        patch: dict[str, Any] = {"metadata": {"annotations": {SUSPENDED: "false"}}}
        if not self._held:
            patch["spec"] = {"parallelism": 1}
        try:
            self.cluster.patch_job(self.namespace, job_name(evaluation), patch)
        except NotFoundException:
            return Answer.NOT_FOUND
        return Answer.OK

    def create_tombstone(self, evaluation: str) -> Answer:
        """POST a suspended Job without the label."""
        manifest = _suspended(self._manifest(evaluation))
        labels = {RUN_LABEL: self._run, TOMBSTONE: evaluation}
        manifest["metadata"]["labels"] = manifest["spec"]["template"]["metadata"]["labels"] = labels
        return self._create(evaluation, manifest)

    def get_by_name(self, evaluation: str) -> JobReference | Answer | str:
        """GET by name, and look at what was found."""
        job = self.cluster.get_job(self.namespace, job_name(evaluation))
        if job is None:
            return Answer.NOT_FOUND
        reference = self._note(reference_of(job), evaluation)
        return BURIED if _is_tombstone(job) and not _is_deleted(job) else reference

    def remove_tombstone(self, evaluation: str) -> None:
        """GET by name, and DELETE a tombstone by its uid, in the background; wait until it is gone."""
        job = self.cluster.get_job(self.namespace, job_name(evaluation))
        if job is None or job.metadata is None or not _is_tombstone(job):
            return
        uid = job.metadata.uid
        self.cluster.delete_job(self.namespace, job_name(evaluation), uid, policy="Background")
        if self._held:
            self.cluster.remove_finalizer(self.namespace, job_name(evaluation), HOLD)
        for _ in poll(self.patience_s, f"the tombstone of evaluation {evaluation} stayed"):
            job = self.cluster.get_job(self.namespace, job_name(evaluation))
            if job is None or job.metadata is None or job.metadata.uid != uid:
                return

    @steered
    def progress(self, evaluation: str, wish: Any) -> Any:
        """Let the garbage collector take what has lost its owner, the policy look, or a Job go on as without guards."""
        if wish == UP_TO_DATE:
            self._let_policy_look(evaluation)
            return UP_TO_DATE
        if wish != COLLECTED:
            return super().progress(evaluation, wish=wish)
        return self._collect(evaluation)

    def get_generation(self, evaluation: str) -> int:
        """GET the parameter object, which is the owner; a new one is of the first generation."""
        parameters = self.cluster.get_config_map(self.namespace, _owner_name(evaluation))
        return _generation(parameters) if parameters is not None else 1

    def raise_generation(self, evaluation: str) -> Answer:
        """GET the parameter object, and PATCH it if it is still the same; again, if it is not."""
        from kubernetes.client.exceptions import ConflictException

        for _ in poll(self.patience_s, f"the generation of evaluation {evaluation} was always changed meanwhile"):
            parameters = self.cluster.get_config_map(self.namespace, _owner_name(evaluation))
            if parameters is None or parameters.metadata is None:
                break
            patch = {
                "metadata": {"resourceVersion": parameters.metadata.resource_version},
                "data": {GENERATION: str(_generation(parameters) + 1)},
            }
            try:
                self.cluster.patch_config_map(self.namespace, _owner_name(evaluation), patch)
            except ConflictException:
                continue
            return Answer.OK
        raise LiveError(f"The parameter object of evaluation {evaluation} is gone.")

    def create_fenced_job(self, evaluation: str, generation: int) -> Answer:
        """POST, if the policy's cache admits it; where nothing is held, the cache is up to date."""
        if not self._held:
            self._let_policy_look(evaluation)
        if generation != self._enforced(evaluation):
            return Answer.FORBIDDEN
        return self._create(evaluation, self._manifest(evaluation))

    def _enforced(self, evaluation: str) -> int:
        """Return the generation that the policy's cache knows."""
        return self._counts.of(f"enforced:{evaluation}") or 1

    def _let_policy_look(self, evaluation: str) -> None:
        self._counts.put(f"enforced:{evaluation}", self.get_generation(evaluation))

    def _look(self) -> None:
        super()._look()
        for evaluation in list(self._created):
            self._tombstones_of(evaluation)

    def _jobs_of(self, evaluation: str) -> list[tuple[str, Job]]:
        return sorted([*super()._jobs_of(evaluation), *self._tombstones_of(evaluation)])

    def _tombstones_of(self, evaluation: str) -> list[tuple[str, Job]]:
        jobs, _ = self.cluster.list_jobs(self.namespace, f"{TOMBSTONE}={evaluation}")
        return [(str(job.metadata.name), self._as_model(job, evaluation)) for job in jobs if job.metadata]

    def _observed(self, evaluation: str) -> KubernetesState:
        return (
            super()
            ._observed(evaluation)
            ._replace(
                tombstones=len(self._created[evaluation]) - self._count(evaluation),
                generation=self.get_generation(evaluation),
                enforced=self._enforced(evaluation),
            )
        )

    def _note_owner(self, evaluation: str, uid: int) -> int:
        if uid not in self.numbers:
            self._owners[evaluation] = self._owners.get(evaluation, 0) + 1
            self.numbers[uid] = self._owners[evaluation]
        return uid

    def _collect(self, evaluation: str) -> str:
        """Let the garbage collector have a Job whose owner is gone, and wait until it has begun to delete it."""
        owner = self.cluster.get_config_map(self.namespace, _owner_name(evaluation))
        owner_uid = owner.metadata.uid if owner is not None and owner.metadata is not None else None
        if owner is not None and _is_deleted(owner):
            self.cluster.release_config_map(self.namespace, _owner_name(evaluation))
            owner_uid = None
        for name, job in self._jobs_of(evaluation):
            created_with = self._owner_uid(name)
            if created_with is None or created_with == owner_uid or job.is_deleted:
                continue
            if self._held:
                self._unkeep(evaluation, name, created_with)
            for _ in poll(CONTROLLER_PATIENCE_S, f"the Job {name} was not collected"):
                now = self.cluster.get_job(self.namespace, name)
                if now is None or _is_deleted(now):
                    return COLLECTED
        return "nothing to do"  # which is no outcome of the model

    def _unkeep(self, evaluation: str, name: str, owner_uid: str) -> None:
        """Give a Job its owner alone, which is gone, once the garbage collector will not take that off any more."""
        for _ in poll(CONTROLLER_PATIENCE_S, f"the garbage collector did not notice that the owner of {name} is gone"):
            job = self.cluster.get_job(self.namespace, name)
            if job is None or job.metadata is None:
                return
            if all(each.uid != owner_uid for each in job.metadata.owner_references or []):
                break
        references = [self._owner_reference(evaluation, owner_uid)]
        self.cluster.patch_job(self.namespace, name, {"metadata": {"ownerReferences": references}})

    def _owner_uid(self, name: str) -> str | None:
        """Return the uid of the owner that a Job was created with; None if it had none."""
        job = self.cluster.get_job(self.namespace, name)
        assert job is not None
        assert job.metadata is not None
        return (job.metadata.annotations or {}).get(OWNER)

    def _owner_reference(self, evaluation: str, uid: str) -> dict[str, Any]:
        return {"apiVersion": "v1", "kind": "ConfigMap", "name": _owner_name(evaluation), "uid": uid}

    def _forget_owner(self, evaluation: str) -> None:
        """Let an owner go for good, to make room for another of its name."""
        name = _owner_name(evaluation)
        owner = self.cluster.get_config_map(self.namespace, name)
        if owner is None:
            return
        if not _is_deleted(owner):
            self.cluster.delete_config_map(self.namespace, name)
        self.cluster.release_config_map(self.namespace, name)


def _reference(config_map: V1ConfigMap) -> dict[str, Any]:
    assert config_map.metadata is not None
    return {"apiVersion": "v1", "kind": "ConfigMap", "name": config_map.metadata.name, "uid": config_map.metadata.uid}


def _owner_name(evaluation: str) -> str:
    return f"{job_name(evaluation)}-owner"


def _generation(parameters: V1ConfigMap) -> int:
    return int((parameters.data or {}).get(GENERATION, 1))


def _is_tombstone(job: V1Job) -> bool:
    """Return whether a Job only takes its name: it is a tombstone, and was not resumed."""
    assert job.metadata is not None
    is_suspended = (job.metadata.annotations or {}).get(SUSPENDED) == "true"
    return TOMBSTONE in (job.metadata.labels or {}) and is_suspended


def _is_deleted(it: V1Job | V1ConfigMap) -> bool:
    """Return whether the deletion of an object has begun."""
    assert it.metadata is not None
    return it.metadata.deletion_timestamp is not None


def _suspended(manifest: dict[str, Any]) -> dict[str, Any]:
    manifest["spec"]["parallelism"] = 0
    manifest["metadata"]["annotations"] = {SUSPENDED: "true"}
    return manifest
