"""A signal with a grace period: a process is told to end, and killed if it has not ended in time.

It stands for SIGTERM and then SIGKILL: the end of a Kubernetes pod (`terminationGracePeriodSeconds`), `docker stop`,
systemd's TimeoutStopSec, a warm and then a cold shutdown of Celery. A signal reaches who is there: one that is sent
to a process that has not begun is lost, and the process begins as if nothing were, but the grace period runs
(kubernetes issue 125050). Sources: Kubernetes documentation, "Pod Lifecycle", Termination of Pods; systemd.kill(5)
and systemd.service(5); signal(7).

The grace period outlasts the orderly end of a process that was reached by the signal: to be killed before that is a
fault. Nobody whom it did not reach, or who does not mind it (`ignore`), has anything to finish: it is killed in the
end. A process that is killed takes no further step: make each step of its work `atomically(..., signal.alive())`.

Not modelled: signals other than these two, a second SIGTERM, grace periods that begin anew as the kubelet restarts.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.models.periods import Clock, Period, runs_out
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import by_itself, hands_work, looks, passes_work_on

__all__ = ["GRACE_TOO_SHORT", "Signal", "Signalled", "Stage"]

GRACE_TOO_SHORT = Fault(
    "grace-too-short",
    "a process that is about to end is killed, because its grace period is over",
    "Kubernetes: Pod Lifecycle, Termination of Pods",
)


class Stage(StrEnum):
    """How far the process is that signals are sent to."""

    NOT_BEGUN = "not begun"
    RUNNING = "running"
    TOLD = "told to end"
    ENDING = "ending"
    ENDED = "ended"
    KILLED = "killed"


ALIVE = (Stage.RUNNING, Stage.TOLD, Stage.ENDING)


class Signalled(NamedTuple):
    """How far the process is, and its grace period."""

    stage: Stage
    grace: Period = Period()


class Signal(OneOrEach):
    """The signals to one process, which has `begun` from the start or does so by `begin`.

    `early` is the fault that it is killed before it has ended in order.
    """

    def __init__(self, name: str, *, keyed: bool = False, begun: bool = True, early: Fault = GRACE_TOO_SHORT) -> None:
        super().__init__(name, keyed=keyed)
        self.initial = Signalled(Stage.RUNNING if begun else Stage.NOT_BEGUN)
        self.early = early
        self.faults = (early,)

    def describe(self, value: Signalled) -> str:
        """Return how far the process is, and whether its time runs."""
        return f"{value.stage}, to be killed" if value.grace.is_running else str(value.stage)

    @operation
    def begin(self, value: Signalled, key: str | None = None) -> Steps:
        """The process begins; answer whether it does: not if it was killed before."""
        if value.stage is not Stage.NOT_BEGUN:
            return (Step(False, value),)
        return (Step(True, value._replace(stage=Stage.RUNNING)),)

    @passes_work_on
    @operation
    def send(self, value: Signalled, key: str | None = None) -> Steps:
        """Tell the process to end, and let its grace period begin; answer whether it is there to hear it."""
        if value.grace.clock is not Clock.OFF or value.stage in (Stage.ENDED, Stage.KILLED):
            return (Step(False, value),)
        if value.stage is Stage.NOT_BEGUN:
            return (Step(False, value._replace(grace=value.grace.armed().closed())),)
        return (Step(True, Signalled(Stage.TOLD, value.grace.armed())),)

    @hands_work
    @operation
    def wait(self, value: Signalled, key: str | None = None) -> Steps:
        """The process waits until it is told to end, and is about to from here on."""
        return (Step(None, value._replace(stage=Stage.ENDING)),) if value.stage is Stage.TOLD else BLOCKED

    @operation
    def ignore(self, value: Signalled, key: str | None = None) -> Steps:
        """The process does not mind being told to end, now or later: it goes on until it is killed."""
        return (Step(None, value._replace(grace=value.grace.closed())),)

    @operation
    def end(self, value: Signalled, key: str | None = None) -> Steps:
        """The process ends by itself, told to or not; answer whether it was alive."""
        if value.stage not in ALIVE:
            return (Step(False, value),)
        return (Step(True, Signalled(Stage.ENDED)),)

    @looks
    @operation
    def alive(self, value: Signalled, key: str | None = None) -> Steps:
        """Go on only as long as the process is there: beside each of its steps, `atomically`."""
        return (Step(None, value),) if value.stage in ALIVE else BLOCKED

    @looks
    @operation
    def look(self, value: Signalled, key: str | None = None) -> Steps:
        """Answer how far the process is, as a `Stage`."""
        return (Step(value.stage, value),)

    @looks
    @operation
    def is_sent(self, value: Signalled, key: str | None = None) -> Steps:
        """Answer whether a process that is there, or still to begin, is to end (a pod's `deletionTimestamp`)."""
        return (Step(value.grace.clock is not Clock.OFF, value),)

    @by_itself()
    @operation
    def kill(self, value: Signalled, key: str | None = None) -> Steps:
        """The grace period is over (SIGKILL): the fault `early` while the process is about to end in order."""
        return runs_out(value.grace, self.early, lambda grace: Signalled(Stage.KILLED, grace.closed()))
