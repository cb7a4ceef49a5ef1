"""The labelled states that a search has found: all different states, and the pairs of a state and a label."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from deadheat.sim.explore.compiled.arrays import Int32, Int64, UInt64
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.pairs import PAIRS, LabelArrays, PairArrays, add_pairs
from deadheat.sim.explore.compiled.stored.exact_store import ExactStore
from deadheat.sim.explore.compiled.stored.store import SLOTS_MIN, anything
from deadheat.sim.explore.compiled.stored.visited import FOUND
from deadheat.sim.explore.memory import NoRoomError
from deadheat.sim.explore.stop import Limit, Stop

__all__ = ["LabelledStore"]

PAIRS_MAX = (1 << 31) - 2


class LabelledStore(ExactStore):
    """An `ExactStore` of one shard, with the pairs of its states."""

    def __init__(self, layout: Layout, room: int, labels: int, may_take: Callable[[int], bool] = anything) -> None:
        super().__init__(layout, 1, room, may_take)
        nothing: Int32 = numpy.empty(0, dtype=numpy.int32)
        self.pairs = PairArrays(nothing, nothing, nothing, nothing, numpy.empty(self.room, dtype=numpy.int32))
        self.sizes: Int64 = numpy.zeros(labels, dtype=numpy.int64)
        self._grow_pairs(SLOTS_MIN)

    @property
    def pairs_found(self) -> int:
        """The number of pairs."""
        return int(self.counters[0][PAIRS])

    @property
    def bytes_used(self) -> int:
        """The memory that states and pairs take."""
        return super().bytes_used + 4 * self.states + sum(each.nbytes for each in self.pairs[:-1])

    def add(self, labels: LabelArrays, candidates: UInt64, label: Int32, parent: Int32) -> None:
        """Add pairs, but those that another dominates; raises NoRoomError."""
        counters, first = self.counters[0], 0
        while True:
            limit = self._limit(0)
            first = add_pairs(
                self.witness,
                labels,
                self.pairs,
                self.words,
                self.slots[0],
                self._kept(0),
                limit,
                candidates,
                label,
                parent,
                first,
                len(label),
                counters,
                self.sizes,
                self._hashes[0],
            )
            if first == len(label):
                return
            if counters[PAIRS] >= len(self.pairs.state):
                self._grow_pairs(2 * len(self.pairs.state))
            elif counters[FOUND] >= limit and not self._make_room(0):
                raise NoRoomError

    def packed_anew(self, layout: Layout) -> LabelledStore:
        """Return a store with the same states and pairs at another layout; this one is of no use then."""
        anew = LabelledStore(layout, self.room, len(self.sizes), self.may_take)
        self.slots = []
        anew.add_layers([[self.words[: self.states * self.layout.words]]], self.layout)
        anew.pairs, anew.sizes = self.pairs, self.sizes
        anew.counters[0][PAIRS] = self.counters[0][PAIRS]
        return anew

    def _grow_pairs(self, size: int) -> None:
        size = min(size, PAIRS_MAX)
        if size <= len(self.pairs.state):
            raise NoRoomError(Stop(Limit.STATES, "it reached 2**31 states"))
        if size > SLOTS_MIN:
            self.ask_for(4 * 4 * size)
        state, label, parent, following = (_grown(each, size) for each in self.pairs[:-1])
        self.pairs = PairArrays(state, label, parent, following, self.pairs.heads)


def _grown(column: Int32, size: int) -> Any:
    anew = numpy.empty(size, dtype=column.dtype)
    anew[: len(column)] = column
    return anew
