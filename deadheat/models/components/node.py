"""Whether a node is up, and which of its processes have yet to notice that it went down.

A crash of the node is one step of this component: from then on nothing on it happens (`alive` blocks), but that each of
its processes comes to its end where it stands (`gone`). What a process does after that is its own: it begins anew, as
soon as the node is up again, or it has ended with a node that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import hands_work, passes_work_on

__all__ = ["NodeLife", "NodeState", "NodeStatus", "Tasks"]


GOES_DOWN = ("the node goes down", "as its node says")
"""The meaning and the source of a fault of which only the kind is told."""


class NodeStatus(StrEnum):
    """What a node is."""

    UP = "up"
    DOWN = "down"
    LOST = "lost"


class NodeState(NamedTuple):
    """What a node is, and which of its processes have yet to end with it, in the order of their names."""

    status: NodeStatus = NodeStatus.UP
    ending: tuple[str, ...] = ()


class NodeLife(Component):
    """The life of a node with these processes on it, by name, that goes down by these faults."""

    initial = NodeState()

    def __init__(self, name: str, processes: Iterable[str] = (), faults: Iterable[Fault | str] = ()) -> None:
        super().__init__(name)
        self.processes = tuple(sorted(processes))
        self.faults = tuple(each if isinstance(each, Fault) else Fault(each, *GOES_DOWN) for each in faults)

    def describe(self, value: NodeState) -> str:
        """Return what the node is; which processes have noticed is of no interest to a reader."""
        return value.status

    def in_order(self, value: NodeState) -> NodeState:
        """Return it with the processes in the order of their names."""
        return value._replace(ending=tuple(sorted(value.ending)))

    @operation
    def alive(self, value: NodeState, process: str) -> Steps:
        """Go on, as a process that is alive; blocks where the node is not up, or was not since it began."""
        goes_on = value.status is NodeStatus.UP and process not in value.ending
        return (Step(None, value),) if goes_on else BLOCKED

    @operation
    def gone(self, value: NodeState, process: str) -> Steps:
        """End, as a process of a node that went down; the outcome is whether it may begin anew."""
        if process not in value.ending:
            return BLOCKED
        left = tuple(each for each in value.ending if each != process)
        return (Step(value.status is not NodeStatus.LOST, value._replace(ending=left)),)

    @operation
    def crash(self, value: NodeState, fault: str, restarts: bool) -> Steps:
        """Go down, by one of its faults, with all that runs on it; for good, if it does not restart."""
        if value.status is not NodeStatus.UP or fault not in {each.kind for each in self.faults}:
            return BLOCKED
        status = NodeStatus.DOWN if restarts else NodeStatus.LOST
        return (Step(None, NodeState(status, self.processes), fault=fault),)

    @operation
    def start(self, value: NodeState) -> Steps:
        """Come up again; blocks where it is up, or lost."""
        return (Step(None, value._replace(status=NodeStatus.UP)),) if value.status is NodeStatus.DOWN else BLOCKED


class Tasks(Component):
    """What was handed to a node to be done, by whichever role, oldest first: it is gone with the node."""

    initial: tuple[tuple[Any, ...], ...] = ()

    @passes_work_on
    @operation
    def hand(self, value: tuple[tuple[Any, ...], ...], task: tuple[Any, ...]) -> Steps:
        """Leave something to be done, whatever becomes of who asks for it; the arguments of what does it."""
        return (Step(None, (*value, task)),)

    @hands_work
    @operation
    def take(self, value: tuple[tuple[Any, ...], ...]) -> Steps:
        """Take what is to be done next; blocks where there is nothing."""
        return (Step(value[0], value[1:]),) if value else BLOCKED

    @operation
    def wipe(self, value: tuple[tuple[Any, ...], ...]) -> Steps:
        """Forget everything: the node has gone down."""
        return (Step(None, ()),)
