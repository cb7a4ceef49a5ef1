"""The states that a search has found: packed words in the order of their distance, found again by hash.

States are spread over *shards*, one shard a core, so that each core adds to its own shard only. Within
a shard a state has a number, in the order in which it was found; so a layer of the breadth-first search is a range.

How states are told apart is left to the two kinds of stores, `exact_store` and `fingerprint_store`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import numpy

from deadheat.sim.explore.compiled.arrays import Arrays, Int32, Int64, UInt8, UInt64, apart
from deadheat.sim.explore.compiled.expand import EVENTS
from deadheat.sim.explore.compiled.layout import Layout, Words
from deadheat.sim.explore.compiled.stored.visited import AHEAD, FOUND, shards_of
from deadheat.sim.explore.memory import NoRoomError
from deadheat.sim.explore.stop import Stop

__all__ = ["SLOTS_MIN", "Pieces", "Store", "anything"]

SLOTS_MIN = 1 << 16
"""The size of a hash table at first, whatever the bound of memory; so it is with words for as many states."""

COUNTERS = 8
MOVED_AT_ONCE = 1 << 20
"""How many states are packed anew in one go."""

Pieces = Sequence[Words]
"""The states of a layer, or of a part of one, in as many arrays as there are."""


def anything(_: int) -> bool:
    """Let as many bytes be taken as are asked for."""
    return True


class Store(ABC):
    """All states found, with room for `room` states a shard. Memory is taken as it is used, not as it is reserved.

    `layers[shard]` holds the number of the first state of each layer in that shard. `may_take` says whether so many
    more bytes of memory may be taken. What else than memory had no room is in `full_because`.
    """

    words: UInt64
    slots: list[Any]
    room_max: ClassVar[int]
    compiled_insert: ClassVar[Any]
    """`insert`, or a function that takes the same."""

    def __init__(
        self,
        layout: Layout,
        shards: int,
        room: int,
        may_take: Callable[[int], bool] = anything,
        *,
        spread: int = 0,
    ) -> None:
        self.layout = layout
        self.shards = shards
        self.room = min(room, self.room_max)
        self.may_take = may_take
        self.full_because: Stop | None = None
        self.witness = (0,) * layout.words
        self._shard_masks = numpy.array(layout.shard_masks(spread=spread), dtype=numpy.uint64)
        self.counters: list[Int64] = [apart(COUNTERS, numpy.int64) for _ in range(shards)]
        self.layers: list[list[int]] = [[0] for _ in range(shards)]
        self._full = [False] * shards
        self._hashes: list[UInt64] = [apart(AHEAD, numpy.uint64) for _ in range(shards)]

    @property
    def states(self) -> int:
        """The number of states found."""
        return sum(self.found)

    @property
    def found(self) -> list[int]:
        """The number of states found in each shard."""
        return [int(counters[FOUND]) for counters in self.counters]

    @property
    @abstractmethod
    def bytes_used(self) -> int:
        """The memory that the states and their hash tables take."""

    @property
    def table_bytes(self) -> int:
        """The memory that the hash tables take."""
        return int(sum(slots.nbytes for slots in self.slots))

    @property
    @abstractmethod
    def omission_odds(self) -> float:
        """An upper bound of the odds that some state was taken for another one."""

    def ask_for(self, size: int) -> None:
        """Raise NoRoomError where so many more bytes of memory, if any, may not be taken."""
        if size and not self.may_take(size):
            raise NoRoomError

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

    def layer_size(self, layer: int) -> int:
        """Return how many states a layer has."""
        return sum(last - first for first, last in (self.layer_range(shard, layer) for shard in range(self.shards)))

    def layer_of(self, number: int) -> int:
        """Return the layer of the state at a place in `words`."""
        import bisect

        shard, within = divmod(number, self.room)
        return bisect.bisect_right(self.layers[shard], within) - 1

    def states_at(self, numbers: Int64) -> Words:
        """Return the words of the states at these places."""
        return self.words.reshape(-1, self.layout.words)[numbers].ravel()

    def some_states(self, depth: int, at_most: int) -> Words:
        """Return the words of states up to a layer, evenly out of all: all of them, where they are no more."""
        words = self.words.reshape(-1, self.layout.words)
        ends = [self.layer_range(shard, depth)[1] for shard in range(self.shards)]
        step = max(1, -(-sum(end - self.offset(shard) for shard, end in enumerate(ends)) // at_most))
        return numpy.concatenate([words[self.offset(shard) : end : step] for shard, end in enumerate(ends)]).ravel()

    def first_state(self) -> Words:
        """Return the words of some state that is stored."""
        shard = next(shard for shard, found in enumerate(self.found) if found)
        return self.states_at(numpy.array([self.offset(shard)]))

    @abstractmethod
    def find_all(self, words: Words) -> Int64:
        """Return the places of these states, -1 for one that is not there; raises NoRoomError."""

    @abstractmethod
    def finder(self, numbers: Int64) -> Callable[[Words], Int64]:
        """Return what tells the places of states: of those at these places, and of no others reliably.

        It says -1 for a state that is nowhere. Raises NoRoomError.
        """

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
            limit = self._limit(shard)
            first = self.compiled_insert(
                self.witness,
                t,
                self.words,
                self.offset(shard),
                self.slots[shard],
                self._kept(shard),
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
            if first == last or counters[FOUND] < limit:
                break
            self._full[shard] = not self._make_room(shard)
            if self._full[shard]:
                break
        return first

    def is_full(self, shard: int) -> bool:
        """Return whether a shard has no room left."""
        return self._full[shard]

    def add_layers(self, layers: Iterable[Iterable[Words]], layout: Layout) -> None:
        """Add whole layers of different states, packed at some layout, to an empty store; raises NoRoomError."""
        for number, pieces in enumerate(layers):
            if number > 0:
                self.end_layer()
            for words in _in_small_pieces(pieces, layout.words):
                self._append(self.layout.pack_fields(layout.unpack_fields(words)))
        for shard in range(self.shards):
            self._fill_table(shard)

    def split(self, layer: int, *cuts: Sequence[int]) -> Iterator[Pieces]:
        """Yield all layers, as they lie here, without a copy; one layer in parts, cut at a place in each shard."""
        for each in range(len(self.layers[0])):
            ranges = [self.layer_range(shard, each) for shard in range(self.shards)]
            if each == layer:
                firsts, lasts = zip(*ranges, strict=True)
                for begin, end in pairwise([firsts, *cuts, lasts]):
                    yield self._pieces(list(zip(begin, end, strict=True)))
            else:
                yield self._pieces(ranges)

    def move_to(self, store: Store, layer: int, cuts: Sequence[Sequence[int]]) -> list[list[int]]:
        """Add all states to an empty store; return where the cuts of a layer are there. Raises NoRoomError.

        After that, states can neither be found here nor added.
        """
        self.slots = []
        store.add_layers(self.split(layer, *cuts), self.layout)
        return [store.join(layer) for _ in cuts]

    def join(self, layer: int) -> list[int]:
        """Make a layer and the next one; return where, in `words`, the second began in each shard."""
        return [self.offset(shard) + layers.pop(layer + 1) for shard, layers in enumerate(self.layers)]

    def _pieces(self, ranges: Sequence[tuple[int, int]]) -> Pieces:
        count = self.layout.words
        return [self.words[first * count : last * count] for first, last in ranges]

    def _shards_of(self, words: Words) -> UInt8:
        result = numpy.empty(len(words) // self.layout.words, dtype=numpy.uint8)
        shards_of(self.witness, self._shard_masks, words, self.shards, result)
        return result

    def _append(self, words: Words) -> None:
        """Add states to the last layer, but not to the tables."""
        count = self.layout.words
        shard_of = self._shards_of(words)
        for shard in range(self.shards):
            chosen = words.reshape(-1, count)[shard_of == shard].ravel()
            number = len(chosen) // count
            self._take_words(shard, number)
            begin = (self.offset(shard) + self.found[shard]) * count
            self.words[begin : begin + len(chosen)] = chosen
            self.counters[shard][FOUND] += number

    # How states are told apart

    @abstractmethod
    def _kept(self, shard: int) -> Any:
        """Return which bits of a hash a slot of this shard keeps."""

    @abstractmethod
    def _limit(self, shard: int) -> int:
        """Return how many states a shard may have as it is."""

    @abstractmethod
    def _make_room(self, shard: int) -> bool:
        """Make room for more states in a shard that has as many as it may; return whether there is some."""

    @abstractmethod
    def _take_words(self, shard: int, number: int) -> None:
        """Take room for the words of so many more states; raises NoRoomError."""

    @abstractmethod
    def _fill_table(self, shard: int) -> None:
        """Put all states of a shard into a table that is large enough; raises NoRoomError."""


def _in_small_pieces(pieces: Iterable[Words], words: int) -> Iterator[Words]:
    step = MOVED_AT_ONCE * words
    for piece in pieces:
        for first in range(0, len(piece), step):
            yield piece[first : first + step]


assert EVENTS < COUNTERS
