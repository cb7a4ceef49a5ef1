"""Settled states: where the owed steps lead nowhere that they cannot come back from.

They are the states of the terminal strongly connected components of the graph of owed steps. A quiescent state is one
by itself. A system with a step that is always possible, such as a periodic sweep, has no quiescent state; there the
sweeps that change nothing for good form such a component.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.learn.tables import Tables

if TYPE_CHECKING:
    from deadheat.sim.explore.reductions.symmetry import Symmetry

__all__ = ["shallowest_settled_violation"]


def shallowest_settled_violation(
    tables: Tables, violating: Iterable[int], symmetry: Symmetry | None = None
) -> int | None:
    """Return the first of the `violating` states that lies in a component all of whose states violate, or None.

    `violating` are all reachable states that violate a property, in the order of their distance; or of those, the ones
    that stand for the others by a `symmetry`.
    """
    inescapable = _inescapable(tables, violating, symmetry)
    if not inescapable:
        return None
    settled = set().union(*terminal_components(inescapable))
    if symmetry is not None:
        settled = set().union(*map(symmetry.orbit, settled))
    return next(state for state in inescapable if state in settled)


def _inescapable(tables: Tables, violating: Iterable[int], symmetry: Symmetry | None) -> dict[int, list[int]]:
    """Return the violating states whose owed steps lead, for ever, to violating states only; with those steps.

    This is the greatest set closed under owed steps: whatever can leave it is taken out until nothing can. A state
    in which a process can move that never comes back to where it was is in no such component, and left out at once.
    """
    passing = [process for process, states in enumerate(tables.locals) if not states.cyclic()]
    remaining = {
        state: [after for successor, after in tables.choices(state) if successor.owed]
        for state in violating
        if not any(tables.can_move(state, process) for process in passing)
    }
    if symmetry is not None:
        remaining = {state: list(map(symmetry.representative, afters)) for state, afters in remaining.items()}
    predecessors: dict[int, list[int]] = defaultdict(list)
    leaving = []
    for state, successors in remaining.items():
        for after in successors:
            predecessors[after].append(state)
        if any(after not in remaining for after in successors):
            leaving.append(state)
    while leaving:
        state = leaving.pop()
        if remaining.pop(state, None) is not None:
            leaving.extend(predecessors[state])
    return remaining
