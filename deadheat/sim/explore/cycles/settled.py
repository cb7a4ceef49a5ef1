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
from deadheat.sim.learn.watches import Watch

if TYPE_CHECKING:
    from deadheat.sim.explore.reductions.symmetry import Symmetry

__all__ = ["Throughout", "shallowest_settled_violation"]


def shallowest_settled_violation(
    tables: Tables, watch: Watch, violating: Iterable[int], symmetry: Symmetry | None = None
) -> int | None:
    """Return the first of the `violating` states in whose component one part of the property is violated throughout.

    None if there is no such. `violating` are all reachable states that violate the property, in the order of their
    distance; or of those, the ones that stand for the others by a `symmetry`.
    """
    inescapable = _inescapable(tables, violating, symmetry)
    if not inescapable:
        return None
    settled = set().union(*terminal_components(inescapable))
    if symmetry is not None:
        settled = set().union(*map(symmetry.orbit, settled))
    throughout = Throughout(tables, watch)
    return next((state for state in inescapable if state in settled and throughout.violated(state)), None)


class Throughout:
    """Whether, of all states to which owed steps lead from one, a single part of a property is violated in each."""

    def __init__(self, tables: Tables, watch: Watch) -> None:
        self._tables = tables
        self._watch = watch
        self._known: dict[int, bool] = {}

    def violated(self, settled: int) -> bool:
        """Return whether that is so of a settled state, in all of whose component some part is violated."""
        if len(self._watch.parts) == 1:
            return True
        if settled not in self._known:
            together = self._together(settled)
            found = any(all(part.violated(state) for state in together) for part in self._watch.parts)
            self._known.update(dict.fromkeys(together, found))
        return self._known[settled]

    def _together(self, settled: int) -> set[int]:
        """Return the states to which owed steps lead, names not exchanged."""
        together, waiting = {settled}, [settled]
        while waiting:
            for successor, after in self._tables.choices(waiting.pop()):
                if successor.owed and after not in together:
                    together.add(after)
                    waiting.append(after)
        return together


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
