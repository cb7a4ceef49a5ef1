"""Periods of time as an order of events: what runs out, and what it is long enough for.

Exploration is untimed, so no number of seconds says whether a time to live, a lease, a heartbeat or a grace period is
long enough; somebody has chosen it to outlast something. A period says so: while that is *open*, to run out is a fault;
once it is over, the period runs out by itself, in the end, and that is no fault. A component has one in a field of its
value, and lets it run out in one line:

    class Lease(NamedTuple):
        holder: str | None = None
        time: Period = Period()

    class Leases(Component):
        @by_itself()
        @operation
        def run_out(self, value: Lease) -> Steps:
            return runs_out(value.time, TOO_SHORT, lambda time: Lease(None, time))
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from deadheat.sim.components import BLOCKED, Step, Steps
from deadheat.sim.faults import Fault

__all__ = ["Clock", "Period", "runs_out"]


class Clock(StrEnum):
    """How far a period is: not begun or called off, running, or run out."""

    OFF = "off"
    RUNNING = "running"
    EXPIRED = "expired"


class Period(NamedTuple):
    """A period of time; `open` tells whether what it is to outlast still goes on."""

    clock: Clock = Clock.OFF
    open: bool = True

    def __str__(self) -> str:
        return f"{self.clock}, nothing left to outlast" if self.is_running and not self.open else str(self.clock)

    @property
    def is_running(self) -> bool:
        """Whether it has begun, and was not called off, and has not run out."""
        return self.clock is Clock.RUNNING

    @property
    def has_expired(self) -> bool:
        """Whether it has run out."""
        return self.clock is Clock.EXPIRED

    def armed(self) -> Period:
        """Return it from the start; what it is to outlast may be over already, and then it is due."""
        return self._replace(clock=Clock.RUNNING)

    def called_off(self) -> Period:
        """Return it so that it does not run out any more."""
        return self._replace(clock=Clock.OFF)

    def opened(self) -> Period:
        """Return it with something to outlast: that begins, or begins again."""
        return self._replace(open=True)

    def closed(self) -> Period:
        """Return it with nothing to outlast any more: that is over."""
        return self._replace(open=False)


def runs_out(period: Period, too_short: Fault, then: Callable[[Period], Any]) -> Steps:
    """Return the step in which a period runs out, for an operation that is marked `@by_itself()`.

    `then` makes the component's next value of what the period is after that. The step is the fault `too_short` while
    what the period is to outlast goes on. It blocks where nothing runs.
    """
    if not period.is_running:
        return BLOCKED
    expired = period._replace(clock=Clock.EXPIRED)
    return (Step(None, then(expired), fault=too_short if period.open else None),)
