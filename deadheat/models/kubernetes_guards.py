"""What else Kubernetes offers to guard a creation: owners, suspension, tombstones and an admission policy.

Sources: Kubernetes documentation, "Owners and Dependents" and "Garbage Collection" (a dependent with no owner left is
deleted, in the background); "Jobs", "Suspending a Job"; "Object Names and IDs" (a name is unique among the objects
that exist now); "Validating Admission Policy" (its parameters are read through a cache, and it decides before the
object is stored).
"""

from __future__ import annotations

from collections.abc import Iterable

from deadheat.models.kubernetes import Answer, Job, JobPhase, Kubernetes, KubernetesState, job_name
from deadheat.models.values import lookup, with_item
from deadheat.sim.components import Step, Steps, operation

__all__ = ["GuardedKubernetes"]


class GuardedKubernetes(Kubernetes):
    """A cluster with an owner object, a tombstone and a generation an evaluation; each exists only if it is used.

    `owner` is the uid of the evaluation's owner object, or None once it is deleted. A `tombstone` is a suspended Job
    under the evaluation's name, without the label `eval-id`. `generation` is what the policy's parameter object says,
    and `enforced` what the policy's cache says.
    """

    def describe(self, value: KubernetesState) -> str:
        """Return the Jobs, and what guards them."""
        guards = []
        if value.owner is None:
            guards.append("owner deleted")
        if value.tombstone:
            guards.append("tombstone")
        if value.generation > 1:
            guards.append(f"generation {value.generation}, enforced {value.enforced}")
        return "; ".join([super().describe(value), *guards])

    @operation
    def get_owner(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET the evaluation's owner object: its uid, or 404."""
        return (Step(value.owner or Answer.NOT_FOUND, value),)

    @operation
    def create_owned_job(self, value: KubernetesState, evaluation: str, owner: int) -> Steps:
        """POST a Job with an ownerReference; that the owner still exists is not checked."""
        return self._create(value, evaluation, owner=owner)

    @operation
    def delete_owner(self, value: KubernetesState, evaluation: str) -> Steps:
        """DELETE the owner object in the background: 200, or 404. Its Jobs are collected some time later."""
        answer = Answer.NOT_FOUND if value.owner is None else Answer.OK
        return self._refusable(value, Step(answer, value._replace(owner=None)))

    @operation
    def create_owner(self, value: KubernetesState, evaluation: str) -> Steps:
        """POST a new owner object, for another submission of the evaluation."""
        return (Step(None, value._replace(owner=value.owners + 1, owners=value.owners + 1)),)

    @operation
    def create_suspended_job(self, value: KubernetesState, evaluation: str) -> Steps:
        """POST a Job with `suspend: true`: it has no pods until it is resumed."""
        return self._create(value, evaluation, suspended=True)

    @operation
    def resume_job(self, value: KubernetesState, evaluation: str) -> Steps:
        """PATCH `suspend: false`: 200, or 404."""
        name = job_name(evaluation)
        job = lookup(value.jobs, name)
        if job is None:
            return self._refusable(value, Step(Answer.NOT_FOUND, value))
        jobs = with_item(value.jobs, name, job._replace(suspended=False))
        return self._refusable(value, Step(Answer.OK, value._replace(jobs=jobs)))

    @operation
    def create_tombstone(self, value: KubernetesState, evaluation: str) -> Steps:
        """POST a suspended Job under the evaluation's name, annotated as a tombstone: 201, or 409 while it is taken."""
        if value.tombstone or lookup(value.jobs, job_name(evaluation)) is not None:
            return self._refusable(value, Step(Answer.ALREADY_EXISTS, value))
        return self._refusable(value, Step(Answer.CREATED, value._replace(tombstone=True)))

    @operation
    def has_tombstone(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET what stands under the evaluation's name; answer whether it is a tombstone."""
        return (Step(value.tombstone, value),)

    @operation
    def remove_tombstone(self, value: KubernetesState, evaluation: str) -> Steps:
        """DELETE the tombstone, for another submission of the evaluation."""
        return (Step(None, value._replace(tombstone=False)),)

    @operation
    def get_generation(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET the evaluation's parameter object; answer its generation."""
        return (Step(value.generation, value),)

    @operation
    def raise_generation(self, value: KubernetesState, evaluation: str) -> Steps:
        """PATCH the evaluation's parameter object to the next generation."""
        raised = value._replace(generation=value.generation + 1)
        return self._refusable(value, Step(Answer.OK, raised))

    @operation
    def create_fenced_job(self, value: KubernetesState, evaluation: str, generation: int) -> Steps:
        """POST a Job labelled with a generation: 403 if the policy's cache knows another one."""
        if generation != value.enforced:
            return self._refusable(value, Step(Answer.FORBIDDEN, value))
        return self._create(value, evaluation)

    def _create(
        self,
        value: KubernetesState,
        evaluation: str,
        name: str | None = None,
        *,
        suspended: bool = False,
        owner: int | None = None,
    ) -> Steps:
        if value.tombstone and name in (None, job_name(evaluation)):
            return self._refusable(value, Step(Answer.ALREADY_EXISTS, value))
        return super()._create(value, evaluation, name, suspended=suspended, owner=owner)

    @operation
    def progress(self, value: KubernetesState, evaluation: str) -> Steps:
        """Let the controllers do what they do next: also the garbage collector, and the policy's cache."""
        steps = [step for name, job in value.jobs for step in self._progress_of(value, evaluation, name, job)]
        if value.enforced != value.generation:
            steps.append(Step("policy up to date", value._replace(enforced=value.generation)))
        return steps

    def _progress_of(self, value: KubernetesState, evaluation: str, name: str, job: Job) -> Iterable[Step]:
        yield from super()._progress_of(value, evaluation, name, job)
        if job.owner is not None and job.owner != value.owner and not job.is_deleted:
            deleting = with_item(value.jobs, name, job._replace(phase=JobPhase.DELETING))
            yield Step("collected", value._replace(jobs=deleting))
