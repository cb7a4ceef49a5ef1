"""The states that a search has found, told apart by fingerprint: the words on a disk, the hashes in memory.

Words are only ever read in their order: the frontier, and a layer at a time where a path is found again. So a state
takes the memory of one slot, however many words it has.

Two states with one fingerprint count as one, and the second is left out. A hash of 64 bits that spreads n states
evenly does that to some pair of them with a probability of at most n(n+1)/2 / 2**64: at the first one that is left
out, at most n states were stored. Of states of one word no two have the same hash, so none is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, UInt64
from deadheat.sim.explore.compiled.layout import WORD_BITS, Layout, Words
from deadheat.sim.explore.compiled.stored.fingerprints import LOW, ZERO, insert_by_fingerprint, refill, widen
from deadheat.sim.explore.compiled.stored.store import SLOTS_MIN, Store, anything
from deadheat.sim.explore.compiled.stored.subsets import Subset
from deadheat.sim.explore.compiled.stored.words_file import STEP_BYTES, WordsFile
from deadheat.sim.explore.memory import NoRoomError

__all__ = ["BYTES_A_STATE", "FingerprintStore"]

FULL = 0.7
"""How full a hash table gets before it grows: fuller, and the search gets slower."""

FULLEST = 0.9
"""How full a hash table gets that cannot grow for want of memory."""

BYTES_A_SLOT = 8
BYTES_A_STATE = BYTES_A_SLOT / FULLEST
"""What a state takes of the memory at least."""

GROWTH = 8
"""A table grows by one part in so many, and where memory is short, by less."""

GROWTH_LEAST = 128
ROOM_MAX = 1 << 40


class FingerprintStore(Store):
    """A `Store` that tells states apart by `bits` bits of their hash, and keeps their words on a disk."""

    room_max: ClassVar[int] = ROOM_MAX
    compiled_insert: ClassVar[Any] = staticmethod(insert_by_fingerprint)

    def __init__(
        self,
        layout: Layout,
        shards: int,
        room: int,
        may_take: Callable[[int], bool] = anything,
        bits: int = WORD_BITS,
        *,
        spread: int = 0,
    ) -> None:
        self._bits = bits
        super().__init__(layout, shards, room, may_take, spread=spread)
        self._file = WordsFile(shards * self.room * layout.words)
        self._held = [0] * shards
        self._fill = [FULL] * shards
        self.words = self._file.words
        slots_max = int(self.room / FULL) + SLOTS_MIN
        # Of these, as of all large arrays, memory is taken only for what was written to.
        self._whole: list[UInt64] = [numpy.empty(slots_max, dtype=numpy.uint64) for _ in range(shards)]
        self.slots = [self._empty_slots(shard, SLOTS_MIN) for shard in range(shards)]

    @property
    def bytes_used(self) -> int:
        """The memory that the hash tables take; the words take none."""
        return self.table_bytes

    @property
    def omission_odds(self) -> float:
        """An upper bound of the odds that some state was taken for another one."""
        if self.layout.words == 1 and self._bits == WORD_BITS:
            return 0.0
        return min(1.0, self.states * (self.states + 1) / 2 / (1 << self._bits))

    def finder(self, numbers: Int64) -> Callable[[Words], Int64]:
        """Return what tells the places of states, -1 for one that is not at one of these; raises NoRoomError."""
        self.ask_for(Subset.bytes_for(len(numbers)))
        return Subset(self.witness, self.words, numbers).find_all

    def find_all(self, words: Words) -> Int64:
        """Return the places of these states, -1 for one that is not there: by a table made for that."""
        ranges = [(self.offset(shard), self.offset(shard) + found) for shard, found in enumerate(self.found)]
        return self.finder(numpy.concatenate([numpy.arange(*each) for each in ranges]))(words)

    def _kept(self, _: int) -> Any:
        return numpy.uint64((1 << WORD_BITS) - (1 << (WORD_BITS - self._bits)))

    def _limit(self, shard: int) -> int:
        return min(int(len(self.slots[shard]) * self._fill[shard]), self.room, self._held[shard])

    def _make_room(self, shard: int) -> bool:
        found = self.found[shard]
        if found >= self.room:
            return False
        try:
            self._take_words(shard, 1)
        except NoRoomError as error:
            self.full_because = error.stop
            return False
        return found < self._limit(shard) or self._widen(shard)

    def _take_words(self, shard: int, number: int) -> None:
        wanted = self.found[shard] + number
        if wanted > self.room:
            raise NoRoomError
        if wanted > self._held[shard]:
            step = STEP_BYTES // (8 * self.layout.words)
            held = min(max(wanted, self._held[shard] + step), self.room)
            begin = self.offset(shard)
            count = self.layout.words
            self._file.take((begin + self._held[shard]) * count, (begin + held) * count)
            self._held[shard] = held

    def _widen(self, shard: int) -> bool:
        """Let a table grow where it lies, or get fuller where there is no memory for that; return whether it could."""
        size = len(self.slots[shard])
        more = min(size // GROWTH, len(self._whole[shard]) - size)
        while not self.may_take(2 * self.shards * BYTES_A_SLOT * more):  # twice: what else grows needs some, too
            more //= 2
            if more < size // GROWTH_LEAST:
                could, self._fill[shard] = self._fill[shard] < FULLEST, FULLEST
                return could
        self.slots[shard] = self._whole[shard][: size + more]
        if not widen(self.slots[shard], size, numpy.empty(LOW, dtype=numpy.uint64)):
            self._refill(shard, size + more)
        return True

    def _fill_table(self, shard: int) -> None:
        size = max(SLOTS_MIN, int(self.found[shard] / FULL) + 1)
        if size > SLOTS_MIN and not self.may_take(BYTES_A_SLOT * (size - SLOTS_MIN)):
            self._fill[shard] = FULLEST
            size = max(SLOTS_MIN, int(self.found[shard] / FULLEST) + 1)
            self.ask_for(BYTES_A_SLOT * (size - SLOTS_MIN))
        self._refill(shard, size)

    def _empty_slots(self, shard: int, size: int) -> UInt64:
        slots = self._whole[shard][:size]
        slots.fill(0)
        return slots

    def _refill(self, shard: int, size: int) -> None:
        self.slots[shard] = self._empty_slots(shard, size)
        self.counters[shard][ZERO] = 0
        refill(
            self.witness,
            self.words,
            self.offset(shard),
            self.found[shard],
            self.slots[shard],
            self._kept(shard),
            self.counters[shard],
            self._hashes[shard],
        )
