"""Several ways to cancel a flow run never reach its Job, and nothing looks for what is left over.

Prefect's Kubernetes worker deletes the Job of a cancelled flow run in some cases only: not when the run has already
started, since it trusts the run to end itself, and not when the run goes to "cancelled" directly, since its observer
hears of "cancelling" alone. The state says cancelled and the Job runs on; there is no time limit and no reconciliation
that would ever find it. The fix asked for is that reconciliation: something that compares Jobs with flow runs, again
and again, and deletes those of ended runs.

Source: PrefectHQ/prefect#21863 (the first path also in #21616). Readings: only the two paths that leave a Job behind
are modelled, so this cancellation never kills; states are changed in transactions; the reconciliation is the periodic
sweep `orphan-cleanup`. The issue's third path, a pod that goes without its flow run noticing, is another matter.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat.models.cancelling import cancel_by_comparing
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP
from deadheat.models.roles import Steps
from deadheat.models.steps import T5
from deadheat.models.system import CancelRequest, System
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.transactional import TRANSACTIONAL

__all__ = ["PREFECT_21863"]


def cancel(system: System, request: CancelRequest) -> Steps:
    yield from cancel_by_comparing(system, request)  # and nothing is killed


AS_IT_WAS = replace(TRANSACTIONAL, cancel=cancel, lacks=(T5,))

PREFECT_21863 = Incident(
    name="prefect-21863",
    reference="https://github.com/PrefectHQ/prefect/issues/21863",
    account=__doc__ or "",
    remedy="a reconciliation deletes the Jobs of ended flow runs, again and again",
    protocol=AS_IT_WAS,
    fix=AS_IT_WAS.plus(ORPHAN_CLEANUP),
    properties=("no-permanent-orphan", "eventually-cleaned"),
)
