"""A deadline: it outlasts something, and expires once that is over; earlier only by a fault.

It stands for whatever has been given a number of seconds that is "long enough": the time to live of a tombstone, which
is to outlast the last delivery of a request; a lease, which is to outlast its holder's work; an age under which a sweep
spares what it finds. Source: Gray and Cheriton, "Leases: An Efficient Fault-Tolerant Mechanism for Distributed File
Cache Consistency" (1989); Redis command reference, EXPIRE and PERSIST.

Not modelled: how long it is. Once nothing is left to outlast it may expire at any moment, or as late as it likes, but
it does. To renew one that runs changes nothing, therefore; whoever renews learns whether that was in time.
"""

from __future__ import annotations

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.periods import Period, runs_out
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import by_itself, expires, hands_work, looks

__all__ = ["EARLY_EXPIRY", "Deadline"]

EARLY_EXPIRY = Fault(
    "early-expiry",
    "a deadline expires before what it is to outlast is over",
    "Gray and Cheriton: Leases (1989)",
)


class Deadline(OneOrEach):
    """A deadline that is armed, renewed and called off, and outlasts what is open until `close`.

    What it is to outlast is open from the start, unless it is made with `is_open=False`, and may be closed before the
    deadline is armed. `early` is the fault that it expires before that.
    """

    def __init__(self, name: str, *, keyed: bool = False, is_open: bool = True, early: Fault = EARLY_EXPIRY) -> None:
        super().__init__(name, keyed=keyed)
        self.initial = Period(open=is_open)
        self.early = early
        self.faults = (early,)

    @operation
    def arm(self, value: Period, key: str | None = None) -> Steps:
        """Let it begin, from the start if it has begun or expired before."""
        return (Step(None, value.armed()),)

    @looks
    @operation
    def renew(self, value: Period, key: str | None = None) -> Steps:
        """Let it begin from the start if it runs; answer whether it does."""
        return (Step(value.is_running, value),)

    @operation
    def call_off(self, value: Period, key: str | None = None) -> Steps:
        """Let it not expire any more; answer whether it ran."""
        return (Step(value.is_running, value.called_off()),)

    @operation
    def open(self, value: Period, key: str | None = None) -> Steps:
        """What it is to outlast begins, or begins again."""
        return (Step(None, value.opened()),)

    @operation
    def close(self, value: Period, key: str | None = None) -> Steps:
        """What it is to outlast is over: from here on it expires by itself."""
        return (Step(None, value.closed()),)

    @hands_work
    @operation
    def wait(self, value: Period, key: str | None = None) -> Steps:
        """Wait until it has expired."""
        return (Step(None, value),) if value.has_expired else BLOCKED

    @looks
    @operation
    def look(self, value: Period, key: str | None = None) -> Steps:
        """Answer whether it is off, running or expired, as a `Clock`."""
        return (Step(value.clock, value),)

    @expires()
    @by_itself()
    @operation
    def expire(self, value: Period, key: str | None = None) -> Steps:
        """It expires: the fault `early` for as long as what it is to outlast is open."""
        return runs_out(value, self.early, lambda period: period)
