"""What only all states together show: settled states and fair cycles, over the arrays of a finished search.

The same definitions as in `settled` and `lassos`, for millions of states: only those that violate a property are
looked at, with scipy's strongly connected components.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy
from numpy.typing import NDArray

from deadheat.sim.explore.compiled.arrays import Int32, Int64, UInt8
from deadheat.sim.explore.compiled.edges import (
    OUTSIDE,
    Edges,
    edges_of,
    look_who_moves,
    prune,
    prune_ends,
)
from deadheat.sim.explore.compiled.judging import violating_among
from deadheat.sim.explore.compiled.representative import exchange_all
from deadheat.sim.explore.compiled.threads import Threads
from deadheat.sim.explore.compiled.turning import (
    LEAVES,
    STOPS,
    Turning,
    look_whether_it_stays,
    rows_where,
    turning_in,
    turning_of,
)
from deadheat.sim.explore.cycles.fairness import FairGraph
from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.explore.cycles.lassos import edges_from, is_cyclic
from deadheat.sim.explore.cycles.settled import Throughout
from deadheat.sim.explore.reductions.symmetry import plain_changes
from deadheat.sim.learn.watches import Watch
from deadheat.sim.trace import Choice

if TYPE_CHECKING:
    from deadheat.sim.explore.compiled.search import KernelSearch

__all__ = ["Hindsight", "StoredLasso"]

JUDGED_AT_ONCE = 1 << 20
MASK_BITS = 64

SMALL, SCIPY = 5_000, "scipy.sparse.csgraph"
"""Up to so many edges, plain Python is done before scipy would have been imported."""


class StoredLasso(NamedTuple):
    """The place of a state, and the choices that lead from it back to it; none where the run ends."""

    number: int
    cycle: list[Choice]
    meets_faults: bool = False


class Hindsight:
    """Looks back at the states that a finished search has stored; all that it does can raise NoRoomError."""

    def __init__(self, search: KernelSearch) -> None:
        self._search = search
        self._dense = search.dense
        self._store = search.store
        self._tables = search.tables
        self._cores = search.store.shards

    def settled(self, watch: Watch) -> int | None:
        """Return the place of a nearest settled state that violates a property throughout its component, or None."""
        numbers = self._without_passing_processes(self._violating(watch))
        edges = edges_of(self._dense, self._store, numbers, owed_only=True)
        left_out = numpy.zeros(len(numbers), dtype=numpy.uint8)
        prune(edges.sources, edges.targets, left_out)
        inescapable = left_out == 0
        if not inescapable.any():
            return None
        inside = edges.where(inescapable[edges.sources])
        component_of = _components(len(numbers), inside)
        terminal = numpy.ones(len(numbers), dtype=numpy.bool_)
        leaving = component_of[inside.sources] != component_of[inside.targets]
        terminal[component_of[inside.sources[leaving]]] = False
        return self._first_throughout(watch, self._with_orbits(numbers[inescapable & terminal[component_of]]))

    def _first_throughout(self, watch: Watch, settled: Int64) -> int | None:
        """Return the place of a nearest of these states in whose component one part is violated throughout."""
        throughout = Throughout(self._tables, watch)
        while len(settled):
            number = self._nearest(settled)
            [state] = self._dense.layout.unpack(self._store.states_at(numpy.array([number])))
            if throughout.violated(state):
                return number
            settled = settled[settled != number]
        return None

    def lasso(self, watch: Watch) -> StoredLasso | None:
        """Return a nearest state from which a fair run violates a property for ever; without faults, if possible.

        All along it, one and the same part is violated.
        """
        found = [each for each in map(self._lasso, watch.singles) if each is not None]
        return min(found, key=self._how_far, default=None)

    def _how_far(self, lasso: StoredLasso) -> tuple[bool, int, int]:
        return lasso.meets_faults, self._store.layer_of(lasso.number), lasso.number

    def _lasso(self, watch: Watch) -> StoredLasso | None:
        numbers = self._lasting(self._violating(watch))
        if not len(numbers):
            return None
        edges = edges_of(self._dense, self._store, numbers)
        owing = self._owing(len(numbers), edges)
        for faults in (False,) if self._tables.model.quiet else (False, True):
            usable = self._usable(edges, faults)
            component_of = _components(len(numbers), edges.where(usable))
            fair = self._fair(component_of, owing, edges.where(usable))
            if len(numpy.flatnonzero(fair)):
                number = self._nearest(numbers[fair[component_of]])
                members = numbers[component_of == component_of[numpy.searchsorted(numbers, number)]]
                return StoredLasso(number, self._tour(members, number, faults), faults)
        return None

    def _with_orbits(self, numbers: Int64) -> Int64:
        """Return the places of these states, and of all that permutations of names lead to from them, in order."""
        symmetry, swaps = self._dense.symmetry, self._dense.arrays().swaps
        if symmetry is None:
            return numbers
        words, found = self._store.states_at(numbers), [numbers]
        for change in plain_changes(len(symmetry.names)):
            exchange_all(self._dense.witness, swaps, change, words)
            found.append(self._store.find_all(words))
        together: Int64 = numpy.unique(numpy.concatenate(found))
        return together[together >= 0]

    def _violating(self, watch: Watch) -> Int64:
        return self._chosen(lambda numbers: violating_among(self._dense, self._store, watch, numbers))

    def _chosen(self, choose: Callable[[Int64], Int64]) -> Int64:
        """Return the places that are chosen of those of all states, some of which are looked at at once."""
        found = [numpy.zeros(0, dtype=numpy.int64)]
        for first, last in self._ranges():
            for start in range(first, last, JUDGED_AT_ONCE):
                found.append(choose(numpy.arange(start, min(start + JUDGED_AT_ONCE, last), dtype=numpy.int64)))
                self._store.ask_for(2 * sum(each.nbytes for each in found))
        together: Int64 = numpy.concatenate(found)
        return together

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Yield where states begin and end that are looked back at."""
        for shard, count in enumerate(self._store.found):
            offset = self._store.offset(shard)
            yield offset, offset + count

    def _without_passing_processes(self, numbers: Int64) -> Int64:
        """Leave out the states in which a process can move that never comes back to where it was."""
        cyclic = [states.cyclic() for states in self._tables.locals]
        passing = rows_where(self._dense, lambda key: not cyclic[key.process])
        staying: Int64 = numbers[self._who_moves(numbers, passing) == 0]
        return staying

    def _lasting(self, numbers: Int64) -> Int64:
        """Return the states that lie on a cycle within the set, or in which no step is owed (see `lassos`)."""
        staying = self._whether_they_stay(numbers)
        numbers, staying = numbers[staying != LEAVES], staying[staying != LEAVES]
        edges = edges_of(self._dense, self._store, numbers, by=self._turning.rows)
        alive = numpy.ones(len(numbers), dtype=numpy.uint8)
        prune_ends(edges.sources, edges.targets, alive, numpy.empty_like(alive))
        lasting: Int64 = numbers[(alive == 1) | (staying == STOPS)]  # a cycle may lead through one of the latter
        return lasting

    def _whether_they_stay(self, numbers: Int64) -> UInt8:
        result = numpy.zeros(len(numbers), dtype=numpy.uint8)
        asked = self._dense.witness, self._dense.arrays(), self._turning, self._store.words
        with Threads(self._cores) as threads:
            parts = threads.parts(len(numbers))
            threads.each(lambda each: look_whether_it_stays(*asked, numbers[parts[each]], result[parts[each]]))
        return result

    @cached_property
    def _turning(self) -> Turning:
        """What can have a part in a cycle; what an exchange of names makes of that was not learned."""
        if self._dense.symmetry is None:
            return turning_of(self._dense)
        cyclic = [is_cyclic(self._tables, process) for process in range(len(self._tables.locals))]
        return turning_in(self._dense, rows_where(self._dense, lambda key: cyclic[key.process]))

    def _who_moves(self, numbers: Int64, chosen: UInt8) -> UInt8:
        result = numpy.zeros(len(numbers), dtype=numpy.uint8)
        look_who_moves(self._dense.witness, self._dense.arrays(), self._store.words, numbers, chosen, result)
        return result

    def _owing(self, count: int, edges: Edges) -> NDArray[numpy.uint64]:
        """Return, for each state, the bits of the processes that have an owed step there."""
        owing = numpy.zeros((count, -(-len(self._tables.locals) // MASK_BITS)), dtype=numpy.uint64)
        for process in range(len(self._tables.locals)):
            sources = edges.sources[edges.owed & (edges.processes == process)]
            owing[sources, process // MASK_BITS] |= numpy.uint64(1 << (process % MASK_BITS))
        return owing

    @staticmethod
    def _usable(edges: Edges, faults: bool) -> Any:
        """Return which edges stay in the set, and are no faults, unless those are wanted too."""
        inside = edges.targets != OUTSIDE
        return inside if faults else inside & ~edges.faults

    def _fair(self, component_of: Int32, owing: NDArray[numpy.uint64], taken: Edges) -> NDArray[numpy.bool_]:
        """Return, for each component, whether no process owes a step all over it and gets no turn within it.

        Every step that is `taken` is a turn of its process, be it a fault (see `Edge.gives`). A crash is none, but only
        a process that has begun can crash, so on a cycle with one of its crashes it has a turn as well.
        """
        order = numpy.argsort(component_of, kind="stable")
        starts = numpy.searchsorted(component_of[order], numpy.arange(component_of.max() + 1))
        always = numpy.bitwise_and.reduceat(owing[order], starts, axis=0)
        inner = taken.where(component_of[taken.sources] == component_of[taken.targets])
        for process in range(len(self._tables.locals)):
            components = component_of[inner.sources[inner.processes == process]]
            always[components, process // MASK_BITS] &= ~numpy.uint64(1 << (process % MASK_BITS))
        fair: NDArray[numpy.bool_] = (always == 0).all(axis=1)
        return fair

    def _tour(self, members: Int64, start: int, faults: bool) -> list[Choice]:
        layout = self._dense.layout
        states = layout.unpack(self._store.states_at(members))
        first = states[int(numpy.searchsorted(members, start))]
        graph = FairGraph({state: edges_from(self._tables, state) for state in states}, faults=faults)
        return graph.tour(set(states), first)

    def _nearest(self, numbers: Int64) -> int:
        """Return the place of the state of the lowest layer; the first of them."""
        shards: Any = numbers // self._store.room
        best: list[tuple[int, int]] = []
        for shard in range(self._store.shards):
            mine = numbers[shards == shard]
            if len(mine):
                best.append((self._store.layer_of(int(mine[0])), int(mine[0])))
        return min(best)[1]


def _components(count: int, edges: Edges) -> Int32:
    """Return the number of each state's strongly connected component; edges out of the set are none."""
    if len(edges.sources) <= SMALL and SCIPY not in sys.modules:
        return _components_of_few(count, edges)
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    ones = numpy.ones(len(edges.sources), dtype=numpy.int8)
    graph = csr_array((ones, (edges.sources, edges.targets)), shape=(count, count))
    component_of: Int32 = connected_components(graph, directed=True, connection="strong")[1]
    return component_of


def _components_of_few(count: int, edges: Edges) -> Int32:
    following: dict[int, list[int]] = {state: [] for state in range(count)}
    for source, target in zip(edges.sources.tolist(), edges.targets.tolist(), strict=True):
        following[source].append(target)
    component_of: Int32 = numpy.zeros(count, dtype=numpy.int32)
    for number, component in enumerate(strong_components(following)):
        component_of[list(component)] = number
    return component_of
