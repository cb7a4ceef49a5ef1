"""The states that a search has found, in memory: packed words in the order of their distance, found again by hash.

States are spread over *shards* by their hash, one shard a core, so that each core adds to its own shard only. Within
a shard a state has a number, in the order in which it was found; so a layer of the breadth-first search is a range.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy

from deadheat.sim.explore.compiled.arrays import Arrays, Int32, Int64, UInt8, UInt64
from deadheat.sim.explore.compiled.expand import EVENTS
from deadheat.sim.explore.compiled.instructions import SIDE_BY_SIDE
from deadheat.sim.explore.compiled.layout import Layout, Words
from deadheat.sim.explore.compiled.visited import (
    AHEAD,
    FOUND,
    SHARD_STATES_MAX,
    Slots,
    find_all,
    insert,
    rehash,
    shards_of,
)

__all__ = ["Store"]

FULL = 0.85
"""How full a hash table gets before it grows."""

SLOTS_MIN = 1 << 16
COUNTERS = 8


class Store:
    """All states found, with room for `room` states a shard. Memory is taken as it is used, not as it is reserved.

    `layers[shard]` holds the number of the first state of each layer in that shard.
    """

    def __init__(self, layout: Layout, shards: int, room: int) -> None:
        self.layout = layout
        self.shards = shards
        self.room = min(room, SHARD_STATES_MAX)
        self.witness = (0,) * layout.words
        self.words: UInt64 = numpy.empty(shards * self.room * layout.words, dtype=numpy.uint64)
        self.slots: list[Slots] = [_empty_slots(SLOTS_MIN) for _ in range(shards)]
        self.counters: list[Int64] = [numpy.zeros(COUNTERS, dtype=numpy.int64) for _ in range(shards)]
        self._hashes: list[UInt64] = [numpy.empty(AHEAD, dtype=numpy.uint64) for _ in range(shards)]
        self.layers: list[list[int]] = [[0] for _ in range(shards)]

    @property
    def states(self) -> int:
        """The number of states found."""
        return sum(self.found)

    @property
    def found(self) -> list[int]:
        """The number of states found in each shard."""
        return [int(counters[FOUND]) for counters in self.counters]

    @property
    def bytes_used(self) -> int:
        """The memory that the states and their hash tables take."""
        return 8 * self.layout.words * self.states + sum(slots.nbytes for slots in self.slots)

    def offset(self, shard: int) -> int:
        """Return where in `words` a shard begins, in states."""
        return shard * self.room

    def end_layer(self) -> int:
        """Begin a new layer with what is found from here on; return how many states the one before it has."""
        size = 0
        for layers, found in zip(self.layers, self.found, strict=True):
            size += found - layers[-1]
            layers.append(found)
        return size

    def layer_range(self, shard: int, layer: int) -> tuple[int, int]:
        """Return where in `words`, in states, a layer of a shard begins and ends."""
        layers = self.layers[shard]
        end = layers[layer + 1] if layer + 1 < len(layers) else self.found[shard]
        return self.offset(shard) + layers[layer], self.offset(shard) + end

    def layer_of(self, number: int) -> int:
        """Return the layer of the state at a place in `words`."""
        import bisect

        shard, within = divmod(number, self.room)
        return bisect.bisect_right(self.layers[shard], within) - 1

    def states_at(self, numbers: Int64) -> Words:
        """Return the words of the states at these places."""
        return self.words.reshape(-1, self.layout.words)[numbers].ravel()

    def first_state(self) -> Words:
        """Return the words of some state that is stored."""
        shard = next(shard for shard, found in enumerate(self.found) if found)
        return self.states_at(numpy.array([self.offset(shard)]))

    def find_all(self, words: Words) -> Int64:
        """Return the places of these states, -1 for one that is not there."""
        places = numpy.full(len(words) // self.layout.words, -1, dtype=numpy.int64)
        shard_of = self._shards_of(words)
        for shard in range(self.shards):
            chosen = numpy.flatnonzero(shard_of == shard)
            offset, slots, tag_mask = self.offset(shard), self.slots[shard], self._tag_mask(shard)
            find_all(self.witness, self.words, offset, slots, tag_mask, words, chosen, places)
        return places

    def insert(
        self,
        t: Arrays,
        shard: int,
        candidates: UInt64,
        candidates_by: Int32,
        first: int,
        last: int,
        muted: UInt8,
        events: UInt64,
        events_reserve: int,
    ) -> int:
        """Add the candidates `first` to `last` that are new, growing the hash table as needed.

        Returns the number of the candidate where the events, or the shard, were full; `last` if all were added.
        """
        counters = self.counters[shard]
        while first < last:
            limit = min(int(len(self.slots[shard]) * FULL), self.room)
            first = insert(
                self.witness,
                t,
                self.words,
                self.offset(shard),
                self.slots[shard],
                self._tag_mask(shard),
                limit,
                candidates,
                candidates_by,
                first,
                last,
                muted,
                counters,
                events,
                events_reserve,
                self._hashes[shard],
            )
            if first == last or counters[FOUND] < limit or limit == self.room:
                break
            self._grow(shard)
        return first

    def is_full(self, shard: int) -> bool:
        """Return whether a shard has no room left."""
        return int(self.counters[shard][FOUND]) >= self.room

    def add_layers(self, layers: Sequence[Words]) -> None:
        """Add whole layers of different states to an empty store."""
        count = self.layout.words
        for number, words in enumerate(layers):
            shard_of = self._shards_of(words)
            for shard in range(self.shards):
                chosen = words.reshape(-1, count)[shard_of == shard].ravel()
                begin = (self.offset(shard) + self.found[shard]) * count
                self.words[begin : begin + len(chosen)] = chosen
                self.counters[shard][FOUND] += len(chosen) // count
            if number + 1 < len(layers):
                self.end_layer()
        for shard in range(self.shards):
            while self.found[shard] >= len(self.slots[shard]) * FULL:
                self.slots[shard] = _empty_slots(_grown(len(self.slots[shard])))
            self._rehash(shard)

    def split(self, layer: int, *cuts: Sequence[int]) -> Iterator[Words]:
        """Yield the words of all layers; one layer in several parts, cut at a place in each shard, and at others."""
        for each in range(len(self.layers[0])):
            ranges = [self.layer_range(shard, each) for shard in range(self.shards)]
            if each == layer:
                firsts, lasts = zip(*ranges, strict=True)
                for begin, end in pairwise([firsts, *cuts, lasts]):
                    yield self._joined(list(zip(begin, end, strict=True)))
            else:
                yield self._joined(ranges)

    def packed_anew(
        self, layout: Layout, layer: int, cuts: Sequence[Sequence[int]], room: int
    ) -> tuple[Store, list[list[int]]]:
        """Return a store of the same states at another layout, and where the cuts of a layer are now."""
        parts = self.split(layer, *cuts)
        store = Store(layout, self.shards, max(room, self.states))  # they may be spread less evenly
        store.add_layers([layout.pack_fields(self.layout.unpack_fields(words)) for words in parts])
        return store, [store.join(layer) for _ in cuts]

    def join(self, layer: int) -> list[int]:
        """Make a layer and the next one; return where, in `words`, the second began in each shard."""
        return [self.offset(shard) + layers.pop(layer + 1) for shard, layers in enumerate(self.layers)]

    def _joined(self, ranges: Sequence[tuple[int, int]]) -> Words:
        count = self.layout.words
        return numpy.concatenate([self.words[first * count : last * count] for first, last in ranges])

    def _shards_of(self, words: Words) -> UInt8:
        result = numpy.empty(len(words) // self.layout.words, dtype=numpy.uint8)
        shards_of(self.witness, words, self.shards, result)
        return result

    def _tag_mask(self, shard: int) -> numpy.uint64:
        """Return the bits of a slot that are a hash's: all that the numbers of a table of this size do not need."""
        return numpy.uint64((1 << 32) - (1 << len(self.slots[shard]).bit_length()))

    def _grow(self, shard: int) -> None:
        size = _grown(len(self.slots[shard]))
        self.slots[shard] = numpy.zeros(0, dtype=numpy.uint32)  # let go of the old one first
        self.slots[shard] = _empty_slots(size)
        self._rehash(shard)

    def _rehash(self, shard: int) -> None:
        rehash(
            self.witness,
            self.words,
            self.offset(shard),
            self.found[shard],
            self.slots[shard],
            self._tag_mask(shard),
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


assert EVENTS < COUNTERS
