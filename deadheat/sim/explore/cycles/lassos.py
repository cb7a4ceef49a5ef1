"""Liveness over packed states: the nearest place where a fair run can violate a property for ever.

Only a process that can come back to where it was can be on a cycle, so the loops are looked for among the transitions
of those; and a run can end only where no step is owed. All other states are passed over at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED
from deadheat.sim.trace import Choice

__all__ = ["Lasso", "edges_from", "is_cyclic", "nearest_lasso"]


class Lasso(NamedTuple):
    """A packed state, and the choices that lead from it back to it; none where the run ends.

    It `meets_faults` if it was found only with faults in cycles.
    """

    state: int
    cycle: list[Choice]
    meets_faults: bool = False


def nearest_lasso(tables: Tables, violating: Sequence[int]) -> Lasso | None:
    """Return the first of the `violating` states from which a fair run violates for ever, with its cycle; or None.

    `violating` are all reachable states that violate a property, in the order of their distance. A lasso without
    faults in its cycle is preferred, however far: it says that the system never heals, not only while it is hit.
    """
    lasting = _lasting(tables, violating)
    edges = {state: edges_from(tables, state) for state in violating if state in lasting}
    for faults in (False,) if tables.model.quiet else (False, True):
        graph = FairGraph(edges, faults=faults)
        component_of = {state: component for component in graph.components() for state in component}
        for state in edges:
            if state in component_of:
                return Lasso(state, graph.tour(component_of[state], state), faults)
    return None


def _lasting(tables: Tables, violating: Sequence[int]) -> set[int]:
    """Return the violating states that lie on a cycle of violating states, or in which no step is owed."""
    inside = set(violating)
    processes = range(len(tables.locals))
    cyclic = [process for process in processes if is_cyclic(tables, process)]
    loops: dict[int, list[int]] = {}
    lasting: set[int] = set()
    for state in violating:
        following = [after for _, after in _moves_of(tables, state, cyclic) if after in inside]
        if following:
            loops[state] = following
        if not any(successor.owed for successor, _ in _moves_of(tables, state, processes)):
            lasting.add(state)
    for component in strong_components(loops):
        [first, *others] = component
        if others or first in loops[first]:
            lasting |= component
    return lasting


def is_cyclic(tables: Tables, process: int) -> bool:
    """Return whether a process can come back to where it was, by its own steps or by crashes without an end."""
    states = tables.locals[process]
    begins_anew = (crash for crash in states.process.crashes if crash.restarts)
    return states.cyclic() or any(tables.model.budgets.get(crash.kind) == UNLIMITED for crash in begins_anew)


def _moves_of(tables: Tables, state: int, processes: Sequence[int]) -> Iterator[tuple[Successor, int]]:
    for process in processes:
        yield from tables.choices_of(state, process)


def edges_from(tables: Tables, state: int) -> list[Edge[int]]:
    """Return the transitions of a packed state."""
    return [
        Edge(after, successor.choice, successor.owed, fault=bool(successor.budget))
        for successor, after in tables.choices(state)
    ]
