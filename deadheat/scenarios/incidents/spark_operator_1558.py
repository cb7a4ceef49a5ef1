"""A deleted SparkApplication gets its driver pod all the same.

The operator answers a new SparkApplication by running spark-submit, which takes seconds until it creates the driver
pod. A user who deletes the application meanwhile is told at once that it is deleted; the operator then cleans up,
finds no driver pod, and is done. After that spark-submit creates the pod, which nobody manages, and which runs to its
end. The fix proposed in PR #1672 looks the application up once more after the submission, and cleans up again if it
is gone.

Sources: kubeflow/spark-operator#1558, and the sequence in the description of PR #1672, which was closed unmerged.
Readings: a deleted application is one whose status is "cancelled"; the user is answered when the object is gone and
before the operator has cleaned up; the operator looks the application up before it submits; an update of a deleted
application fails, so that every status change is compare-and-set.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.protocols import status_check
from deadheat.models.protocols.status_check import REFUSED
from deadheat.models.roles import Steps
from deadheat.models.steps import T4, T5, T6
from deadheat.models.system import CancelRequest, DispatchRequest, System
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import TRANSACTIONAL

__all__ = ["SPARK_OPERATOR_1558"]


def cancel(system: System, request: CancelRequest) -> Steps:
    evaluation, number = request.evaluation, request.number
    yield system.user.cancellation(evaluation, number)
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            yield system.user.answer(evaluation, number, Cancellation.CANCELLED)
            yield T5(system.kubernetes.delete_job(evaluation))
            return
    yield system.user.answer(evaluation, number, Cancellation.TOO_LATE)


def dispatch_and_look_again(system: System, request: DispatchRequest) -> Steps:
    answer = yield from status_check.dispatch(system, request)
    if (yield system.status.get(request.evaluation)) in TERMINAL:
        yield system.kubernetes.delete_job(request.evaluation)
        return REFUSED
    return answer


AS_IT_WAS = replace(TRANSACTIONAL, dispatch=status_check.dispatch, cancel=cancel)

SPARK_OPERATOR_1558 = Incident(
    name="spark-operator-1558",
    reference="https://github.com/kubeflow/spark-operator/issues/1558",
    account=__doc__ or "",
    remedy="look again after the submission, and clean up (PR #1672)",
    protocol=AS_IT_WAS,
    fix=replace(AS_IT_WAS, dispatch=dispatch_and_look_again),
    properties=("no-permanent-orphan", "eventually-cleaned"),
)
