"""Where each field of a packed state lies in a few 64-bit words, with no more bits than its numbers need.

`Tables` gives every field 16 bits of one large integer; here a field has as many bits as the numbers in use need, and
lies within one word. A state of the layout is still a sum of its fields, so a transition is still one addition a
word, modulo 2**64.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy
from numpy.typing import NDArray

__all__ = ["WORD_BITS", "Layout", "Words", "shard_array"]

Words = NDArray[numpy.uint64]
"""States one after the other, each of `Layout.words` words."""

WORD_BITS = 64
SHARD_BITS, MORE_BITS = 10, 14
"""So many bits of a state decide which core looks after it, or a few more; each time that is uneven, so many more."""

NEARLY_FULL = 0.6
"""A field fuller than this gets a bit more than it needs, where that costs no word."""

MANY = 32
"""A field of so many numbers has grown for a while, and will."""

AT_ONCE = 1 << 12
"""So many states are packed or unpacked at once."""


@dataclass(frozen=True)
class Layout:
    """For each field its number of bits, its word, and its lowest bit there; `words` is how many words a state has."""

    bits: tuple[int, ...]
    word: tuple[int, ...]
    shift: tuple[int, ...]
    words: int

    @classmethod
    def fitting(cls, counts: Sequence[int], fixed: int = 0, growing: Sequence[int] = ()) -> Layout:
        """Return the narrowest layout for so many numbers a field; the last `fixed` fields will need no more.

        Bits that would be left over go to fields that are full, to those that are `growing` or have many numbers, and
        to those that are nearly full: every field that is outgrown costs packing all states anew.
        """
        bits = [(count - 1).bit_length() for count in counts]
        places, words = _place(bits)
        by_fill = sorted(range(len(counts) - fixed), key=lambda field: -counts[field] / (1 << bits[field]))
        nearly_full = [field for field in by_fill if counts[field] / (1 << bits[field]) > NEARLY_FULL]
        full = [field for field in nearly_full if counts[field] == 1 << bits[field]]
        many = [field for field in by_fill if counts[field] >= MANY]
        for field in (*full, *growing, *growing, *many, *many, *nearly_full):
            wider = [*bits[:field], bits[field] + 1, *bits[field + 1 :]]
            wider_places, wider_words = _place(wider)
            if wider_words == words:
                bits, places = wider, wider_places
        return cls(tuple(bits), tuple(word for word, _ in places), tuple(shift for _, shift in places), words)

    def outgrown(self, counts: Sequence[int]) -> list[int]:
        """Return the fields that cannot hold so many numbers."""
        return [field for field, bits in enumerate(self.bits) if counts[field] > 1 << bits]

    def shard_masks(self, *, spread: int = 0) -> list[int]:
        """Return the bits, for each word, that say which core looks after a state: of the fields of most numbers.

        A step changes few fields. So most successors of a state, and its siblings, are looked after by the same core:
        it remembers which of them it has just met, and it goes on where the last one stood in the tables. With all
        fields each core would meet every second state only. Each time that states are to be `spread` more widely,
        because one core has got too many, some more bits decide.
        """
        chosen: list[int] = []
        for field in sorted(range(len(self.bits)), key=lambda field: -self.bits[field]):
            if sum(self.bits[each] for each in chosen) < SHARD_BITS + MORE_BITS * spread:
                chosen.append(field)
        return self.masks(chosen)

    def mask(self, field: int) -> int:
        """Return the bits of a field within its word."""
        return ((1 << self.bits[field]) - 1) << self.shift[field]

    def masks(self, fields: Iterable[int]) -> list[int]:
        """Return, for each word, the bits of these fields."""
        masks = [0] * self.words
        for field in fields:
            masks[self.word[field]] |= self.mask(field)
        return masks

    def pack(self, states: Sequence[int]) -> Words:
        """Return the words of states of `Tables`."""
        width = 2 * len(self.bits)
        raw = b"".join(state.to_bytes(width, "little") for state in states)
        return self.pack_fields(numpy.frombuffer(raw, dtype="<u2").reshape(len(states), len(self.bits)))

    def pack_fields(self, fields: NDArray[numpy.uint16]) -> Words:
        """Return the words of states given as one row of field contents each."""
        packed = numpy.empty((len(fields), self.words), dtype=numpy.uint64)
        for some in _slices(len(fields)):
            shifted = fields[some].astype(numpy.uint64) << self._shifts
            for word in range(self.words):
                packed[some, word] = shifted[:, self._word == word].sum(axis=1)
        return packed.ravel()

    def unpack_fields(self, words: Words) -> NDArray[numpy.uint16]:
        """Return states as one row of field contents each."""
        packed = words.reshape(-1, self.words)
        fields = numpy.empty((len(packed), len(self.bits)), dtype=numpy.uint16)
        for some in _slices(len(packed)):
            fields[some] = (packed[some][:, self._word] >> self._shifts) & self._contents
        return fields

    @cached_property
    def _word(self) -> NDArray[numpy.int64]:
        return numpy.array(self.word, dtype=numpy.int64)

    @cached_property
    def _shifts(self) -> Words:
        return numpy.array(self.shift, dtype=numpy.uint64)

    @cached_property
    def _contents(self) -> Words:
        """For each field, the bits of what it can hold."""
        return numpy.array([(1 << bits) - 1 for bits in self.bits], dtype=numpy.uint64)

    def unpack(self, words: Words) -> list[int]:
        """Return states as those of `Tables`."""
        raw: Any = numpy.ascontiguousarray(self.unpack_fields(words), dtype="<u2")
        return [int.from_bytes(row.tobytes(), "little") for row in raw]


def _slices(count: int) -> Iterator[slice]:
    """Yield the slices of so many states that are packed at once: no more than fit where memory is near."""
    return (slice(first, first + AT_ONCE) for first in range(0, count, AT_ONCE))


def _place(bits: Sequence[int]) -> tuple[list[tuple[int, int]], int]:
    """Return the word and lowest bit of each field, the widest placed first, and the number of words."""
    places = [(0, 0)] * len(bits)
    used: list[int] = [0]
    for field in sorted(range(len(bits)), key=lambda field: -bits[field]):
        word = next((word for word, taken in enumerate(used) if taken + bits[field] <= WORD_BITS), len(used))
        if word == len(used):
            used.append(0)
        places[field] = (word, used[word])
        used[word] += bits[field]
    return places, len(used)


@lru_cache(maxsize=8)
def shard_array(layout: Layout, *, spread: int) -> Words:
    """Return the shard masks of a layout as an array, which nobody writes to: it is asked for at every call."""
    return numpy.array(layout.shard_masks(spread=spread), dtype=numpy.uint64)
