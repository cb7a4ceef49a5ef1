"""The cancellation of a queued run is reported as a success, and the run goes on.

Dagster's web server and its daemon both take runs out of the queue: one to cancel them, the other to launch them. Both
look first whether the run is queued and then write its new status, and nothing ties the two together. If both have
looked, the server writes that the run has ended and reports success; the daemon then overwrites that and launches the
run. The fix read here lets a run leave the queue by a compare-and-set alone, so that one of the two loses and knows.

Source: dagster-io/dagster#3323; it is closed, and no text of its fix was found, so the compare-and-set is our reading
of what closes what it describes. Readings: a run that is no longer queued is terminated through its Job, and if there
is no Job yet the user is told that it could not be cancelled; the status that the server writes is "cancelled" here.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.calls import call, has_failed
from deadheat.models.components.kubernetes import Answer
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.protocols import baseline, state_machine
from deadheat.models.roles import Steps
from deadheat.models.steps import T0, T1, T4, T5, T6
from deadheat.models.system import CancelRequest, System, Task
from deadheat.scenarios.incidents.incident import Incident

__all__ = ["DAGSTER_3323"]


def worker(system: System, task: Task) -> Steps:
    evaluation = task.evaluation
    yield T0(system.queue.deliver(evaluation, task.worker))
    if (yield system.store.get(evaluation)) not in TERMINAL:
        yield T1(system.store.set(evaluation, Status.PROVISIONING))
        if has_failed((yield from call(system, task))):
            yield system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.FAILED)
    yield system.queue.acknowledge(evaluation, task.worker)


def terminate(system: System, evaluation: str) -> Steps:
    """Terminate a run that has left the queue; return whether that could be done."""
    if (yield T5(system.kubernetes.delete_job(evaluation))) is not Answer.OK:
        return False
    return (yield T6(system.store.compare_and_set(evaluation, Status.PROVISIONING, Status.CANCELLED)))


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, answer = request.evaluation, Cancellation.TOO_LATE
    yield system.user.cancellation(evaluation, request.number)
    status = yield T4(system.store.get(evaluation))
    if status is Status.QUEUED:
        yield T6(system.store.set(evaluation, Status.CANCELLED))
        answer = Cancellation.CANCELLED
    elif status not in TERMINAL and (yield from terminate(system, evaluation)):
        answer = Cancellation.CANCELLED
    yield system.user.answer(evaluation, request.number, answer)


def cancel_by_comparing(system: System, request: CancelRequest) -> Steps:
    evaluation, answer = request.evaluation, Cancellation.TOO_LATE
    yield system.user.cancellation(evaluation, request.number)
    taken_out = yield T6(system.store.compare_and_set(evaluation, Status.QUEUED, Status.CANCELLED))
    if not taken_out and (yield T4(system.store.get(evaluation))) not in TERMINAL:
        taken_out = yield from terminate(system, evaluation)
    if taken_out:
        answer = Cancellation.CANCELLED
    yield system.user.answer(evaluation, request.number, answer)


AS_IT_WAS = replace(baseline.BASELINE, worker=worker, cancel=cancel, complete=state_machine.complete)

DAGSTER_3323 = Incident(
    name="dagster-3323",
    reference="https://github.com/dagster-io/dagster/issues/3323",
    account=__doc__ or "",
    remedy="a run leaves the queue by a compare-and-set alone (our reading)",
    protocol=AS_IT_WAS,
    fix=replace(AS_IT_WAS, worker=state_machine.worker, cancel=cancel_by_comparing),
    properties=("cancelled-means-stopped", "terminal-is-final"),
)
