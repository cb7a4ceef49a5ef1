"""Liveness over packed states: the nearest place where a fair run can violate a property for ever."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from deadheat.sim.fairness import Edge, FairGraph
from deadheat.sim.tables import Tables
from deadheat.sim.trace import Choice

__all__ = ["Lasso", "nearest_lasso"]


class Lasso(NamedTuple):
    """A packed state, and the choices that lead from it back to it; none where the run ends."""

    state: int
    cycle: list[Choice]


def nearest_lasso(tables: Tables, violating: Sequence[int]) -> Lasso | None:
    """Return the first of the `violating` states from which a fair run violates for ever, with its cycle; or None.

    `violating` are all reachable states that violate a property, in the order of their distance. A lasso without
    faults in its cycle is preferred, however far: it says that the system never heals, not only while it is hit.
    """
    edges = {state: _edges(tables, state) for state in violating}
    for faults in (False,) if tables.model.quiet else (False, True):
        graph = FairGraph(edges, faults=faults)
        component_of = {state: component for component in graph.components() for state in component}
        for state in violating:
            if state in component_of:
                return Lasso(state, graph.tour(component_of[state], state))
    return None


def _edges(tables: Tables, state: int) -> list[Edge[int]]:
    return [
        Edge(after, successor.choice, successor.owed, fault=bool(successor.budget))
        for successor, after in tables.choices(state)
    ]
