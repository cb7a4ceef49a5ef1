"""Shortest paths to states, found again layer by layer: no state's parent is stored.

Going back from a state of layer n, the states of layer n - 1 are expanded again, in their order, until one leads to
it. Going back from several states, all are looked for at once. In all it costs at most as much as the search itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Arrays, Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, local_in
from deadheat.sim.explore.compiled.representative import representative
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.trace import Choice

__all__ = ["Endpoint", "PathFinder"]


class Endpoint(NamedTuple):
    """Where a path ends: a state of `Tables` in a layer, and the state that one more transition leads to, if any."""

    state: int
    layer: int
    after: int | None = None


class PathFinder:
    """Finds paths in the states that a search has stored."""

    def __init__(self, dense: DenseTables, store: Store) -> None:
        self._dense = dense
        self._store = store

    def paths(self, ends: Mapping[str, Endpoint]) -> dict[str, tuple[Choice, ...]]:
        """Return a shortest path to each of these ends, as choices from the initial state on."""
        states = {name: [end.state] for name, end in ends.items()}
        for layer in range(max((end.layer for end in ends.values()), default=0), 0, -1):
            names = [name for name, end in ends.items() if end.layer >= layer]
            before = self._predecessors(layer - 1, [states[name][-1] for name in names])
            for name, state in zip(names, before, strict=True):
                states[name].append(state)
        return {name: self._choices(states[name][::-1], ends[name].after) for name in ends}

    def _choices(self, path: list[int], after: int | None) -> tuple[Choice, ...]:
        complete = path if after is None else [*path, after]
        if self._dense.symmetry is not None:
            return self._dense.symmetry.unfolded(complete)
        return tuple(self._choice(*step) for step in pairwise(complete))

    def _choice(self, before: int, after: int) -> Choice:
        return next(successor.choice for successor, state in self._dense.tables.choices(before) if state == after)

    def _predecessors(self, layer: int, states: list[int]) -> list[int]:
        """Return, for each state, the first of a layer that leads to it."""
        layout, store = self._dense.layout, self._store
        targets = layout.pack(states)
        numbers = numpy.full(len(states), -1, dtype=numpy.int64)
        t, after = self._dense.arrays(), numpy.empty(layout.words, dtype=numpy.uint64)
        for shard in range(store.shards):
            first, last = store.layer_range(shard, layer)
            predecessors(self._dense.witness, t, store.words, first, last, targets, numbers, after)
        if (numbers < 0).any():
            raise AssertionError("a state that no state of the layer before it leads to")
        return layout.unpack(store.states_at(numbers))


@compiled
def predecessors(
    witness: tuple[int, ...],
    t: Arrays,
    words: UInt64,
    first: Number,
    last: Number,
    targets: UInt64,
    numbers: Int64,
    after: UInt64,
) -> None:
    """Set numbers[n], where it is still -1, to the first of the states that leads to (what stands for) the target n.

    `after` is room for one state.
    """
    missing = 0
    for target in range(len(numbers)):
        missing += numbers[target] < 0
    for number in range(first, last):
        if missing == 0:
            return
        at = number * len(witness)
        for process in range(len(t.process_word)):
            local = t.process_base[process] + local_in(t, process, words, at)
            for row in range(t.local_first[local], t.local_last[local]):
                entry = entry_of(witness, t, row, words, at)
                if entry <= 0:
                    continue
                for successor in range(t.span_first[entry], t.span_first[entry + 1]):
                    if enabled(t, successor, words, at):
                        for k in range(len(witness)):
                            after[k] = words[at + k] + t.delta[successor * len(witness) + k]
                        representative(t.swaps, after, 0)
                        missing -= mark(witness, targets, after, number, numbers)


@inlined
def mark(witness: tuple[int, ...], targets: UInt64, after: UInt64, number: Number, numbers: Int64) -> Number:
    """Set the number of each target that is this state and has none; return how many there were."""
    marked = 0
    for target in range(len(numbers)):
        same = numbers[target] < 0
        for k in range(len(witness)):
            if after[k] != targets[target * len(witness) + k]:
                same = False
        if same:
            numbers[target] = number
            marked += 1
    return marked
