"""The states that a search has found, told apart exactly: all words in memory, with a hash table of their numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy

from deadheat.sim.explore.compiled.arrays import Int64
from deadheat.sim.explore.compiled.instructions import SIDE_BY_SIDE
from deadheat.sim.explore.compiled.layout import Layout, Words
from deadheat.sim.explore.compiled.stored.store import SLOTS_MIN, Store, anything
from deadheat.sim.explore.compiled.stored.visited import SHARD_STATES_MAX, Slots, find_all, insert, rehash
from deadheat.sim.explore.memory import NoRoomError

__all__ = ["BYTES_BESIDE_WORDS", "FULL", "ExactStore"]

FULL = 0.85
"""How full a hash table gets before it grows."""

BYTES_A_SLOT = 4
BYTES_BESIDE_WORDS = BYTES_A_SLOT / FULL
"""What the hash table takes for a state when it is full."""


class ExactStore(Store):
    """A `Store` that compares words."""

    room_max: ClassVar[int] = SHARD_STATES_MAX
    compiled_insert: ClassVar[Any] = staticmethod(insert)

    def __init__(
        self,
        layout: Layout,
        shards: int,
        room: int,
        may_take: Callable[[int], bool] = anything,
        *,
        spread: int = 0,
    ) -> None:
        super().__init__(layout, shards, room, may_take, spread=spread)
        self.words = numpy.empty(shards * self.room * layout.words, dtype=numpy.uint64)
        self.slots = [_empty_slots(SLOTS_MIN) for _ in range(shards)]

    @property
    def bytes_used(self) -> int:
        """The memory that the states and their hash tables take."""
        return 8 * self.layout.words * self.states + self.table_bytes

    @property
    def omission_odds(self) -> float:
        """None: no state is taken for another."""
        return 0.0

    def finder(self, _: Int64) -> Callable[[Words], Int64]:
        """Return what tells the place of any state, -1 for one that is not there."""
        return self.find_all

    def find_all(self, words: Words) -> Int64:
        """Return the places of these states, -1 for one that is not there."""
        places = numpy.full(len(words) // self.layout.words, -1, dtype=numpy.int64)
        shard_of = self._shards_of(words)
        for shard in range(self.shards):
            chosen = numpy.flatnonzero(shard_of == shard)
            offset, slots, kept = self.offset(shard), self.slots[shard], self._kept(shard)
            find_all(self.witness, self.words, offset, slots, kept, words, chosen, places)
        return places

    def _kept(self, shard: int) -> Any:
        """Return the bits that the numbers of a table of this size leave in a slot."""
        return numpy.uint64((1 << 32) - (1 << len(self.slots[shard]).bit_length()))

    def _limit(self, shard: int) -> int:
        return min(int(len(self.slots[shard]) * FULL), self.room)

    def _make_room(self, shard: int) -> bool:
        if self.found[shard] >= self.room:
            return False
        size = _grown(len(self.slots[shard]))
        if not self.may_take(self.shards * BYTES_A_SLOT * (size - len(self.slots[shard]))):
            return False
        self._rehash(shard, size)
        return True

    def _take_words(self, shard: int, number: int) -> None:
        if self.found[shard] + number > self.room:
            raise NoRoomError
        if self.found[shard] + number > SLOTS_MIN:
            self.ask_for(8 * self.layout.words * number)

    def _fill_table(self, shard: int) -> None:
        size = len(self.slots[shard])
        while self.found[shard] >= size * FULL:
            size = _grown(size)
        self.ask_for(BYTES_A_SLOT * (size - len(self.slots[shard])))
        self._rehash(shard, size)

    def _rehash(self, shard: int, size: int) -> None:
        self.slots[shard] = _empty_slots(0)  # let go of the old one first
        self.slots[shard] = _empty_slots(size)
        rehash(
            self.witness,
            self.words,
            self.offset(shard),
            self.found[shard],
            self.slots[shard],
            self._kept(shard),
            self._hashes[shard],
        )


def _empty_slots(size: int) -> Slots:
    """Return so many free slots, a multiple of a bucket's, of which each bucket is one cache line."""
    slots = numpy.empty(size + SIDE_BY_SIDE, dtype=numpy.uint32)
    first = -slots.ctypes.data // slots.itemsize % SIDE_BY_SIDE
    aligned = slots[first : first + size]
    aligned.fill(0)  # not numpy.zeros, whose memory the system may hand out in small pages
    return aligned


def _grown(size: int) -> int:
    """Return the next size: not twice, for a table that has just grown must not cost too much a state."""
    return size * 3 // 2 // SIDE_BY_SIDE * SIDE_BY_SIDE
