"""A stale copy of a workflow makes its pod anew after the workflow has completed.

Argo's controller works on copies of workflows from its cache. After a workflow had completed and its pod was gone, an
older copy, on which it still runs, came up again; the controller saw a running workflow whose pod is missing, and made
the pod again, under the same name, which was free. A guard kept the stale copy from overwriting the completed status,
but that comes after the creation. The fix keeps, in the controller's memory, the version that it last wrote of each
workflow, and rejects any older copy before it works on it.

Sources: argoproj/argo-workflows#16294 and the description of PR #16357, which names #16305 as what it fixes and tells
the same defect. Readings: the controller works on a workflow in one place at a time (`transactional.ONE_AT_A_TIME`),
and more than once: the cache hands it over a second time, as late as it likes. An older copy is `stale-status`. The pod
is deleted once the completion is recorded, and so it is by a cancellation, which therefore frees the name just as well.
What the controller remembers is a Redis key here, and to forget it in a restart is `redis-failover`. The fix remembers
only what matters of a version: that it was a terminal one.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.calls import call, has_failed
from deadheat.models.cancelling import cancel_by_comparing
from deadheat.models.components.redis import key_of
from deadheat.models.components.status import Status
from deadheat.models.protocols import state_machine, status_check
from deadheat.models.protocols.status_check import REFUSED
from deadheat.models.roles import Steps
from deadheat.models.steps import T0, T1
from deadheat.models.system import CancelRequest, DispatchRequest, System, Task
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import ONE_AT_A_TIME, lock, unlock

__all__ = ["ARGO_WORKFLOWS_16294"]

ENDED = "ended"


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    claimed = yield T1(system.store.compare_and_set(evaluation, Status.QUEUED, Status.PROVISIONING))
    if claimed or (yield system.store.get(evaluation)) is Status.PROVISIONING:
        if has_failed((yield from call(system, task))):
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
        yield from call(system, task)  # the same workflow again
    yield system.queue.acknowledge(evaluation, task.worker)


def complete(system: System, evaluation: str) -> Steps:
    lock = key_of("lock", evaluation)
    yield system.kubernetes.finished(evaluation)
    yield system.redis.acquire(lock, "completion")
    if (yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.COMPLETED)):
        yield system.kubernetes.delete_job(evaluation)
    yield system.redis.delete_if_equal(lock, "completion")


def complete_and_remember(system: System, evaluation: str) -> Steps:
    lock = key_of("lock", evaluation)
    yield system.kubernetes.finished(evaluation)
    yield system.redis.acquire(lock, "completion")
    if (yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.COMPLETED)):
        yield system.redis.set(key_of("last-written", evaluation), ENDED)
        yield system.kubernetes.delete_job(evaluation)
    yield system.redis.delete_if_equal(lock, "completion")


def remember(system: System, request: CancelRequest) -> Steps:
    yield system.redis.set(key_of("last-written", request.evaluation), ENDED)


def cancel_and_remember(system: System, request: CancelRequest) -> Steps:
    kill = state_machine.kill
    yield from cancel_by_comparing(system, request, kill, first=lock, once_written=remember, last=unlock)


def dispatch_the_newest(system: System, request: DispatchRequest) -> Steps:
    lock = key_of("lock", request.evaluation)
    yield system.redis.acquire(lock, request.handler)
    response = REFUSED
    if (yield system.redis.get(key_of("last-written", request.evaluation))) != ENDED:
        response = yield from status_check.dispatch(system, request)
    yield system.redis.delete_if_equal(lock, request.handler)
    return response


AS_IT_WAS = replace(ONE_AT_A_TIME, worker=worker, complete=complete, calls=2)

ARGO_WORKFLOWS_16294 = Incident(
    name="argo-workflows-16294",
    reference="https://github.com/argoproj/argo-workflows/issues/16294",
    account=__doc__ or "",
    remedy="a copy older than what was last written is rejected (PR #16357)",
    protocol=AS_IT_WAS,
    fix=replace(AS_IT_WAS, dispatch=dispatch_the_newest, cancel=cancel_and_remember, complete=complete_and_remember),
    faults=(("completion", 1), ("stale-status", 1)),
    properties=("at-most-one-job", "no-permanent-orphan", "no-transient-orphan", "eventually-cleaned"),
)
