"""The cancellation takes the Job's name itself, with a tombstone, so that a later creation fails.

Source: Kubernetes documentation, "Object Names and IDs": only one object of a kind can have a name at a time, and the
API server decides that atomically. Readings: the tombstone is a suspended Job without the label `eval-id`; whoever
ends an evaluation buries its name first and writes the status afterwards; to bury a name that a Job has, it reads which
Job that is, deletes it with its uid as a precondition, and tries again until that is gone, as it does after any error;
status changes are compare-and-set.

A tombstone is a Job as well, so a delete by name alone takes it like any other: between the look and the delete the Job
can be gone and somebody else's tombstone have its name. Hence the uid.

Weak spots: the tombstone must outlive the last delivery of any request, so whatever removes it too early (a TTL, a
new submission under the same id, and any delete by name, as `orphan-cleanup` makes it) opens the race again; combine it
with `orphan-cleanup-by-uid`. And a cancellation waits for the deletion.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Operation, Protocol, Steps
from deadheat.library import (
    BURIED,
    T0,
    T1,
    T5,
    Answer,
    CancelRequest,
    GuardedKubernetes,
    Status,
    System,
    Task,
    baseline,
    call,
    cancel_by_comparing,
    has_failed,
    state_machine,
)

__all__ = ["NAME_TOMBSTONE", "bury", "cancel", "worker"]


def bury(system: System, evaluation: str) -> Steps:
    """Make sure that a tombstone has the evaluation's name, and no Job has it ever after."""
    while (yield T5(system.guards.create_tombstone(evaluation))) is not Answer.CREATED:
        if (yield from is_buried(system, evaluation)):
            return  # by somebody else, or by us, and the answer was lost


def is_buried(system: System, evaluation: str) -> Steps:
    """Return whether a tombstone has the evaluation's name; a Job that has it is deleted, and nothing but that Job."""
    found = yield system.guards.get_by_name(evaluation)
    if found not in (BURIED, Answer.NOT_FOUND):
        yield T5(system.kubernetes.delete_job(evaluation, uid=found.uid))
    return found == BURIED


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task))):
            yield from bury(system, evaluation)
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
    yield system.queue.acknowledge(evaluation, task.worker)


def kill(system: System, request: CancelRequest) -> Steps:
    yield from bury(system, request.evaluation)


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request, kill)


def resubmit(system: System, evaluation: str) -> tuple[Operation, ...]:
    return (system.guards.remove_tombstone(evaluation),)


NAME_TOMBSTONE: Protocol = replace(
    state_machine.STATE_MACHINE,
    name="name-tombstone",
    summary="the cancellation takes the Job's name with a tombstone, so that a later creation fails",
    source="Kubernetes: Object Names and IDs",
    worker=worker,
    dispatch=baseline.dispatch,
    cancel=cancel,
    kubernetes=GuardedKubernetes,
    resubmit=resubmit,
)
