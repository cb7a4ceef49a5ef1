"""A workload that waited in the executor's queue is launched although its task has moved on.

Airflow's KubernetesExecutor takes workloads from its queue and creates a pod for each. While one waits there, its task
can be cleared, retried or ended by somebody else, in particular when several schedulers run; the pod is created all
the same, for a task that is no longer waiting for it. The fix proposed in PR #69762 asks the database, just before the
creation, whether the task is still queued under the same id, attempt and scheduler, and drops the workload if not.

Sources: apache/airflow#69760 and the description of PR #69762, which is open. Readings: who ends the task writes its
state first and deletes its pod afterwards; the preflight is a look at the status and the creation is the step after
it, so this fix is `status-check` with transactions. What the pod itself does when it starts, which is to ask the API
server and to give up, is no part of this model: an orphan here is a pod that was created for nothing.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.protocols import status_check, suspended_create
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import TRANSACTIONAL

__all__ = ["AIRFLOW_69762"]

AS_IT_WAS = replace(TRANSACTIONAL, cancel=suspended_create.cancel)  # it writes first, and kills afterwards

AIRFLOW_69762 = Incident(
    name="airflow-69762",
    reference="https://github.com/apache/airflow/pull/69762",
    account=__doc__ or "",
    remedy="a look at the task's state just before the creation",
    protocol=AS_IT_WAS,
    fix=replace(AS_IT_WAS, dispatch=status_check.dispatch),
    properties=("no-permanent-orphan", "no-transient-orphan", "eventually-cleaned", "cancelled-means-stopped"),
)
