"""The cancel handler that writes by compare-and-set: the loop that most mitigations share, each with its own kill.

Source: the original analysis, "Option 4: State Machine with Atomic Operations". The status is read, the Job is killed,
and "cancelled" is written only if the status is still what was read; if it is not, all of that is done again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.roles import Steps
from deadheat.models.steps import T4, T6
from deadheat.models.system import CancelRequest, System

__all__ = ["cancel_by_comparing", "nothing"]

Part: TypeAlias = Callable[[System, CancelRequest], Steps]
"""Some of a cancel handler's steps."""


def nothing(system: System, request: CancelRequest) -> Steps:
    """Do nothing."""
    yield from ()


def cancel_by_comparing(
    system: System,
    request: CancelRequest,
    kill: Part = nothing,
    *,
    first: Part = nothing,
    once_written: Part = nothing,
    last: Part = nothing,
) -> Steps:
    """Cancel: `kill`, then write (T6) if the status is still what was read (T4); if it is not, do both again.

    `first` comes before all that, `once_written` right after a write that took effect, and `last` before the answer.
    """
    evaluation = request.evaluation
    yield system.user.cancellation(evaluation, request.number)
    yield from first(system, request)
    answer = Cancellation.TOO_LATE
    while (status := (yield T4(system.store.get(evaluation)))) not in TERMINAL:
        yield from kill(system, request)
        if (yield T6(system.store.compare_and_set(evaluation, status, Status.CANCELLED))):
            yield from once_written(system, request)
            answer = Cancellation.CANCELLED
            break
    yield from last(system, request)
    yield system.user.answer(evaluation, request.number, answer)
