"""Where a counterexample is lost: the step after which, faults aside, nothing can avoid the violation any more."""

from __future__ import annotations

from typing import Any

from deadheat.sim.model import Kind, Model
from deadheat.sim.tables import Successor, Tables, Watch
from deadheat.sim.trace import Schedule

__all__ = ["turning_point"]

STATES_MAX = 20_000


def turning_point(model: Model, name: str, schedule: Schedule) -> int | None:
    """Return the number (from 1) of the step after which every way on violates the named property.

    Only owed steps count as ways on: faults and steps that nobody owes might still come to the rescue. Returns the
    number of the last step if the violation is avoidable until then, and None if telling would take more than
    `STATES_MAX` states.
    """
    tables = Tables(model)
    watch = next(each for each in tables.watches if each.property.name == name)
    states = [tables.initial()]
    for choice in schedule.choices:
        states.append(next(after for successor, after in tables.choices(states[-1]) if successor.choice == choice))
    turning = len(schedule.choices)
    while turning > 0:
        avoidable = _avoidable(tables, watch, states[turning - 1])
        if avoidable is None:
            return None
        if avoidable:
            break
        turning -= 1
    return turning


def _avoidable(tables: Tables, watch: Watch, start: int) -> bool | None:
    """Return whether owed steps can lead from `start` into a settled state without a violation."""
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    dead_ends: set[int] = set()
    waiting = [start]
    graph.add_node(start)
    while waiting:
        state = waiting.pop()
        for successor, after in tables.choices(state):
            if not successor.owed:
                continue
            if _violates(watch, successor, state, after):
                dead_ends.add(state)
                continue
            if after not in graph:
                if len(graph) >= STATES_MAX:
                    return None
                waiting.append(after)
            graph.add_edge(state, after)
    condensed = networkx.condensation(graph)
    for node in condensed:
        members = condensed.nodes[node]["members"]
        if condensed.out_degree(node) == 0 and not members & dead_ends and _is_safe(watch, members):
            return True
    return False


def _violates(watch: Watch, successor: Successor, before: int, after: int) -> bool:
    if watch not in successor.watches:
        return False
    if watch.property.kind is Kind.ALWAYS:
        return watch.violated(after)
    return watch.property.kind is Kind.STEP and watch.violated_by_step(before, after)


def _is_safe(watch: Watch, settled: set[int]) -> bool:
    return watch.property.kind is not Kind.SETTLED or not all(watch.violated(state) for state in settled)
