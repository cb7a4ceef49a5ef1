"""What else Kubernetes offers to guard a creation: owners, suspension, tombstones and an admission policy.

Sources: Kubernetes documentation, "Owners and Dependents" and "Garbage Collection" (a dependent with no owner left is
deleted, in the background); "Jobs", "Suspending a Job"; "Object Names and IDs" (a name is unique among the objects
that exist now); "Validating Admission Policy" (its parameters are read through a cache, and it decides before the
object is stored).
"""

from __future__ import annotations

from collections.abc import Iterable

from deadheat.models.components.kubernetes import (
    Answer,
    Job,
    JobPhase,
    Kubernetes,
    KubernetesState,
    found_under,
    reference_to,
)
from deadheat.models.values import with_item, without
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.traits import by_itself, looks, weaker

__all__ = ["BURIED", "GuardedKubernetes"]

BURIED = "a tombstone"
"""What a read by name answers where a tombstone has it."""


class GuardedKubernetes(Kubernetes):
    """A cluster with an owner object, tombstones and a generation an evaluation; each exists only if it is used.

    `owner` is the uid of the evaluation's owner object, or None once it is deleted. A tombstone is a suspended Job
    under the evaluation's name, without the label `eval-id`, among the `jobs` like any other; `tombstones` counts their
    creations. `generation` is what the policy's parameter object says, and `enforced` what the policy's cache says.
    """

    def describe(self, value: KubernetesState) -> str:
        """Return the Jobs, and what guards them."""
        guards = []
        if value.owner is None:
            guards.append("owner deleted")
        if value.generation > 1:
            guards.append(f"generation {value.generation}, enforced {value.enforced}")
        return "; ".join([super().describe(value), *guards])

    @looks
    @operation
    def get_owner(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET the evaluation's owner object: its uid, or 404."""
        return (Step(value.owner or Answer.NOT_FOUND, value),)

    @weaker("creates without an owner", Kubernetes.create_job)
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

    @weaker("creates without suspending", Kubernetes.create_job)
    @operation
    def create_suspended_job(self, value: KubernetesState, evaluation: str) -> Steps:
        """POST a Job with `suspend: true`: it has no pods until it is resumed."""
        return self._create(value, evaluation, suspended=True)

    @operation
    def resume_job(self, value: KubernetesState, evaluation: str) -> Steps:
        """PATCH `suspend: false`: 200, or 404. Whatever has the name is resumed, also a tombstone."""
        name, job = found_under(value, evaluation)
        if job is None:
            return self._refusable(value, Step(Answer.NOT_FOUND, value))
        jobs = with_item(value.jobs, name, job._replace(suspended=False))
        return self._refusable(value, Step(Answer.OK, value._replace(jobs=jobs)))

    @operation
    def create_tombstone(self, value: KubernetesState, evaluation: str) -> Steps:
        """POST a suspended Job without the label under the evaluation's name: 201, or 409 while that is taken."""
        return self._create(value, evaluation, suspended=True, labelled=False)

    @looks
    @operation
    def get_by_name(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET what has the evaluation's name: `BURIED` if that is a tombstone, or else as `get_job` does.

        A tombstone whose deletion has begun keeps the name for nobody, and is answered like a Job.
        """
        name, job = found_under(value, evaluation)
        if job is not None and job.is_tombstone and not job.is_deleted:
            return (Step(BURIED, value),)
        return (Step(reference_to(evaluation, name, job) if job else Answer.NOT_FOUND, value),)

    @operation
    def remove_tombstone(self, value: KubernetesState, evaluation: str) -> Steps:
        """DELETE the tombstone, for another submission of the evaluation; whatever else has the name is spared.

        In the background: there are no pods to wait for, so it is gone at once.
        """
        name, job = found_under(value, evaluation)
        if job is None or not job.is_tombstone:
            return (Step(None, value),)
        return (Step(None, value._replace(jobs=without(value.jobs, name))),)

    @looks
    @operation
    def get_generation(self, value: KubernetesState, evaluation: str) -> Steps:
        """GET the evaluation's parameter object; answer its generation."""
        return (Step(value.generation, value),)

    @operation
    def raise_generation(self, value: KubernetesState, evaluation: str) -> Steps:
        """PATCH the evaluation's parameter object to the next generation."""
        raised = value._replace(generation=value.generation + 1)
        return self._refusable(value, Step(Answer.OK, raised))

    @weaker("creates without a generation", Kubernetes.create_job)
    @operation
    def create_fenced_job(self, value: KubernetesState, evaluation: str, generation: int) -> Steps:
        """POST a Job labelled with a generation: 403 if the policy's cache knows another one."""
        if generation != value.enforced:
            return self._refusable(value, Step(Answer.FORBIDDEN, value))
        return self._create(value, evaluation)

    @by_itself("controllers")
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
