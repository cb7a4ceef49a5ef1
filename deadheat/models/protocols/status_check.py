"""Option 1: the dispatcher looks at the status before it creates the Job.

Source: the original analysis, "Option 1: Dispatcher Status Check". The check and the creation are two steps, as in its
code.
"""

from __future__ import annotations

from dataclasses import replace

from deadheat import Protocol, Steps
from deadheat.library import TERMINAL, DispatchRequest, System, baseline

__all__ = ["REFUSED", "STATUS_CHECK", "dispatch"]

REFUSED = "refused"


def dispatch(system: System, request: DispatchRequest) -> Steps:
    if (yield system.status.get(request.evaluation)) in TERMINAL:
        return REFUSED
    return (yield from baseline.dispatch(system, request))


STATUS_CHECK: Protocol = replace(
    baseline.BASELINE,
    name="status-check",
    summary="the dispatcher checks the status before it creates",
    source="Option 1: Dispatcher Status Check",
    dispatch=dispatch,
)
