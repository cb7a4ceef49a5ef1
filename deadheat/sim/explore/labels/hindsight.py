"""What lasts in labelled states: settled states and fair cycles, of all those that were found anew.

No label changes without a fault, and no fault that adds to one is in a cycle; so what lasts is found among states
alone. States that were found later never follow from earlier ones without a fault: what was said of those stays true.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int32, Int64
from deadheat.sim.explore.compiled.edges import edges_of, prune
from deadheat.sim.explore.compiled.hindsight import Hindsight, _components
from deadheat.sim.explore.compiled.judging import violating_among
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.compiled.turning import LEAVES
from deadheat.sim.learn.watches import Watch

__all__ = ["Lasting", "RecentHindsight"]


class Lasting(NamedTuple):
    """The places of states in which a fair run can stay for ever, violating one part, and each one's component.

    It `meets_faults` where that takes faults of the base without end.
    """

    numbers: Int64
    component_of: Int32
    meets_faults: bool


class RecentHindsight(Hindsight):
    """Looks back at the states from a place on, with so many cores."""

    def __init__(self, dense: DenseTables, store: Store, first: int, cores: int = 1) -> None:
        self._dense = dense
        self._store = store
        self._tables = dense.tables
        self._first = first
        self._cores = cores

    def _ranges(self) -> Iterator[tuple[int, int]]:
        [count] = self._store.found
        yield self._first, count

    def violating(self, watch: Watch) -> Int64:
        """Return the places of the states that violate a property."""
        return self._violating(watch)

    def quiescent(self, watch: Watch) -> Int64:
        """Return the places of the quiescent states that violate a property."""
        return self.quiescent_among(self._violating(watch))

    def quiescent_among(self, numbers: Int64) -> Int64:
        """Return those of these places whose states are quiescent."""
        everybody = numpy.ones(self._dense.rows_known, dtype=numpy.uint8)
        still: Int64 = numbers[self._who_moves(numbers, everybody) == 0]
        return still

    def all_settled(self, watch: Watch) -> Int64:
        """Return the places of the settled states in whose component one part is violated throughout."""
        found = [self.settled_among(self._violating(single)) for single in watch.singles]
        together: Int64 = numpy.unique(numpy.concatenate(found))
        return together

    def settled_among(self, numbers: Int64) -> Int64:
        """Return the places of the settled states whose components are among these."""
        numbers = self._without_passing_processes(numbers)
        edges = edges_of(self._dense, self._store, numbers, owed_only=True)
        left_out = numpy.zeros(len(numbers), dtype=numpy.uint8)
        prune(edges.sources, edges.targets, left_out)
        inescapable = left_out == 0
        if not inescapable.any():
            return numbers[:0]
        inside = edges.where(inescapable[edges.sources])
        component_of = _components(len(numbers), inside)
        terminal = numpy.ones(len(numbers), dtype=numpy.bool_)
        leaving = component_of[inside.sources] != component_of[inside.targets]
        terminal[component_of[inside.sources[leaving]]] = False
        settled: Int64 = numbers[inescapable & terminal[component_of]]
        return settled

    def all_lasting(self, watch: Watch) -> list[Lasting]:
        """Return where fair runs can violate one part for ever."""
        violating = (violating_among(self._dense, self._store, single, self._staying) for single in watch.singles)
        return [lasting for some in violating for lasting in self.lasting_among(some)]

    @cached_property
    def _staying(self) -> Int64:
        """The places of states in which a fair run may stay, whatever is violated there: few of all."""
        return self._lasting(self._chosen(lambda numbers: numbers[self._whether_they_stay(numbers) != LEAVES]))

    def lasting_among(self, numbers: Int64) -> list[Lasting]:
        """Return where fair runs can stay among these states for ever."""
        numbers = self._lasting(numbers)
        if not len(numbers):
            return []
        edges = edges_of(self._dense, self._store, numbers)
        owing = self._owing(len(numbers), edges)
        found = []
        for faults in (False,) if self._tables.model.quiet else (False, True):
            usable = self._usable(edges, faults)
            component_of = _components(len(numbers), edges.where(usable))
            chosen = self._fair(component_of, owing, edges.where(usable))[component_of]
            if chosen.any():
                found.append(Lasting(numbers[chosen], component_of[chosen], faults))
        return found
