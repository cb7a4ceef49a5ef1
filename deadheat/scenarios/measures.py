"""What is measured of evaluations that are cancelled: what a moment, and what a step, counts for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import IntEnum
from typing import Any

from deadheat.models.components.kubernetes import Job, JobPhase, KubernetesState
from deadheat.models.components.status import TERMINAL
from deadheat.models.components.user import UserState
from deadheat.models.system import System
from deadheat.sim.model import Model, Process, Property
from deadheat.sim.operations import Block, Operation, operations_of, plain
from deadheat.sim.run.simulation import Transition
from deadheat.sim.timed.endings import can_reach
from deadheat.sim.timed.graph import Counted, Graph, Measures
from deadheat.sim.traits import traits_of

__all__ = ["StateMark", "StepMark", "measures_of", "with_pending"]


class StateMark(IntEnum):
    """What a moment counts for, by the number of its bit.

    ORPHAN: a Job whose pod has not finished, and whose deletion has not begun, is there for an evaluation that has
    ended. BILLED: the user has asked for the cancellation, and a pod starts, runs or ends. PENDING: the user has asked,
    and was not answered, or a Job is there or can still come. WAITING: nobody has asked, and no Job was created yet.
    """

    ORPHAN = 0
    BILLED = 1
    PENDING = 2
    WAITING = 3


class StepMark(IntEnum):
    """What a step counts for, by the number of its bit: the user asks; a wrong answer; a wanted Job is lost."""

    ASKED = 0
    FALSE_ANSWER = 1
    LOST = 2
    CREATED = 3


DEVICES = frozenset({"user", "queue", "tokens", "chance"})
"""Components that stand for no call, or for one that every protocol makes alike."""

WORKING = (JobPhase.CREATED, JobPhase.STARTING, JobPhase.RUNNING)


def measures_of(model: Model, system: System) -> Measures:
    """Return what is measured of a protocol's model of one evaluation."""
    (evaluation,) = system.evaluations
    properties = {each.name: each for each in model.properties}
    false_answer, lost = properties["cancelled-means-stopped"], properties["wanted-job-survives"]

    def of_state(view: Mapping[str, Any]) -> int:
        user: UserState = view[f"user/{evaluation}"]
        cluster: KubernetesState = view[f"kubernetes/{evaluation}"]
        ended = system.status.status_in(view, evaluation) in TERMINAL
        jobs = [job for _, job in cluster.jobs if not job.is_tombstone]
        unfinished = any(job.is_deleted or job.phase in WORKING for job in jobs)
        return (
            (ended and any(job.phase in WORKING for job in jobs)) << StateMark.ORPHAN
            | (not user.wants_it and any(_is_billed(job) for job in jobs)) << StateMark.BILLED
            | (not user.wants_it and (user.waits or unfinished)) << StateMark.PENDING
            | (user.wants_it and not ended and cluster.created == cluster.created_before) << StateMark.WAITING
        )

    def of_step(
        process: Process, transition: Transition, before: Mapping[str, Any], after: Mapping[str, Any]
    ) -> Counted:
        asked = len(after[f"user/{evaluation}"].requests) > len(before[f"user/{evaluation}"].requests)
        created = after[f"kubernetes/{evaluation}"].created > before[f"kubernetes/{evaluation}"].created
        marks = (
            asked << StepMark.ASKED
            | _violated(false_answer, before, after) << StepMark.FALSE_ANSWER
            | _violated(lost, before, after) << StepMark.LOST
            | created << StepMark.CREATED
        )
        return Counted(marks, calls_in(model, process, transition))

    return Measures(of_state, of_step)


def with_pending(graph: Graph) -> Graph:
    """Return the graph with PENDING wherever the user has asked, and what is pending can still come back."""
    pending = 1 << StateMark.PENDING
    comes = can_reach(graph, [state for state, marks in enumerate(graph.marks) if marks & pending])
    asked = _asked(graph)
    marks = tuple(
        marks | pending if can and state in asked else marks
        for state, (marks, can) in enumerate(zip(graph.marks, comes, strict=True))
    )
    return replace(graph, marks=marks)


def _asked(graph: Graph) -> set[int]:
    """Return the states in which the user has asked, on whatever way there."""
    found: set[int] = set()
    waiting = [
        branch.target
        for enabled in graph.enabled
        for _, branches in enabled
        for branch in branches
        if branch.counted.marks >> StepMark.ASKED & 1
    ]
    while waiting:
        state = waiting.pop()
        if state not in found:
            found.add(state)
            waiting += [branch.target for _, branches in graph.enabled[state] for branch in branches]
    return found


def calls_in(model: Model, process: Process, transition: Transition) -> int:
    """Return how many calls over the network a step is, of those that are made for one evaluation."""
    if transition.operation is None or process.is_environment or process.repeats:
        return 0
    operation = plain(transition.operation)
    if isinstance(operation, Block):
        return 1
    return sum(_is_call(model, each) for each in operations_of(operation))


def _is_call(model: Model, operation: Operation) -> bool:
    component = model.component(operation.component)
    name = operation.component.partition("/")[0]
    if name in DEVICES or component.is_ghost or traits_of(component, operation.name).hands_work:
        return False
    return operation.name == "send" if name == "http" else operation.name not in ("let_go", "forsake")


def _is_billed(job: Job) -> bool:
    return not job.suspended and (job.is_deleted or job.phase in (JobPhase.STARTING, JobPhase.RUNNING))


def _violated(prop: Property, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return prop.violated(before, after) is not None
