"""A piece of work that is assigned to an owner, who shows by heartbeats that it is alive; or else another adopts it.

It stands for a row with an owner, beside the time of the owner's last heartbeat: Airflow's triggers and their
triggerers, or its tasks and schedulers; a river job and its rescuer; a Kubernetes Lease and its holder. A heartbeat
that is too late says nothing of its owner: one that was paused (a long garbage collection, a stopped container, a
partition) goes on afterwards, and learns at its next look that the work is not its own any more, but not why.
Sources: Airflow documentation, "Deferrable Operators", high availability of triggerers
(`triggerer_health_check_threshold`); Kubernetes documentation, "Leases"; river documentation, `RescueStuckJobsAfter`.

The heartbeat outlasts the life of its owner: it lapses in the end once the owner is dead (`die`, a consequence of its
crash), and earlier only by a fault.

Not modelled: how many heartbeats are missed, and who among several adopts; fencing tokens (the owner's name is all
that anybody can compare). To remove the work and never to have assigned it look the same: nobody is its owner.
"""

from __future__ import annotations

from typing import NamedTuple

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.periods import Period, runs_out
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import by_itself, expires, hands_work, looks

__all__ = ["HEARTBEAT_LATE", "Assigned", "Assignment"]

HEARTBEAT_LATE = Fault(
    "heartbeat-late",
    "an owner is paused for longer than its heartbeat may be late, and goes on afterwards",
    "Airflow: triggerer_health_check_threshold; Kubernetes: Leases",
)


class Assigned(NamedTuple):
    """Whose the work is, and how that owner's heartbeat stands."""

    owner: str | None = None
    heartbeat: Period = Period()


NOBODY = Assigned()


class Assignment(OneOrEach):
    """A piece of work and its owner; `late` is the fault that the heartbeat of an owner lapses that is alive."""

    initial = NOBODY

    def __init__(self, name: str, *, keyed: bool = False, late: Fault = HEARTBEAT_LATE) -> None:
        super().__init__(name, keyed=keyed)
        self.late = late
        self.faults = (late,)

    def describe(self, value: Assigned) -> str:
        """Return whose it is, and whether it can be adopted."""
        if value.owner is None:
            return "nobody's"
        return f"{value.owner}'s" + (", heartbeat lapsed" if value.heartbeat.has_expired else "")

    @operation
    def assign(self, value: Assigned, owner: str, key: str | None = None) -> Steps:
        """Give the work to an owner unless it has one; answer whether it was given."""
        return (Step(False, value),) if value.owner is not None else (Step(True, _given(owner)),)

    @operation
    def beat(self, value: Assigned, owner: str, key: str | None = None) -> Steps:
        """Show that the owner is alive; answer whether the work is its own. It also heals a heartbeat that lapsed."""
        return (Step(False, value),) if value.owner != owner else (Step(True, _given(owner)),)

    @looks
    @operation
    def owner(self, value: Assigned, key: str | None = None) -> Steps:
        """Answer whose the work is: None, if it was removed or never assigned."""
        return (Step(value.owner, value),)

    @hands_work
    @operation
    def adopt(self, value: Assigned, owner: str, key: str | None = None) -> Steps:
        """Wait until the heartbeat of the work's owner has lapsed, and take the work over; answer whose it was."""
        return (Step(value.owner, _given(owner)),) if value.heartbeat.has_expired else BLOCKED

    @operation
    def remove(self, value: Assigned, key: str | None = None) -> Steps:
        """The work is done, or nobody wants it: it is nobody's any more; answer whose it was."""
        return (Step(value.owner, NOBODY),)

    @operation
    def die(self, value: Assigned, owner: str, key: str | None = None) -> Steps:
        """An owner crashes: if the work is its own, its heartbeat lapses from here on without a fault."""
        if value.owner != owner:
            return (Step(None, value),)
        return (Step(None, value._replace(heartbeat=value.heartbeat.closed())),)

    @expires()
    @by_itself()
    @operation
    def lapse(self, value: Assigned, key: str | None = None) -> Steps:
        """The owner's heartbeat is too late: the fault `late` for as long as the owner is alive."""
        return runs_out(value.heartbeat, self.late, lambda heartbeat: value._replace(heartbeat=heartbeat))


def _given(owner: str) -> Assigned:
    return Assigned(owner, Period().armed())
