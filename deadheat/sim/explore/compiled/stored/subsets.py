"""States found among some of those that are stored, exactly, where a store itself cannot tell: a hash table for them.

A slot has the rank of a state among them, plus one, and above it some bits of its hash, as in the visited set.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.layout import Words
from deadheat.sim.explore.compiled.lookups import mix
from deadheat.sim.explore.compiled.stored.visited import Slots, slot_of, tag_of

__all__ = ["Subset"]

FULL = 0.8


class Subset:
    """The states at some places of `words`, each found again by its words."""

    def __init__(self, witness: tuple[int, ...], words: Words, numbers: Int64) -> None:
        self._witness = witness
        self._words = words
        self._numbers = numbers
        self._tag_mask = numpy.uint64((1 << 32) - (1 << (len(numbers) + 1).bit_length()))
        self._slots: Slots = numpy.zeros(_slots_for(len(numbers)), dtype=numpy.uint32)
        put_all(witness, words, numbers, self._slots, self._tag_mask)

    @staticmethod
    def bytes_for(count: int) -> int:
        """Return how much memory so many states take."""
        return 4 * _slots_for(count)

    def find_all(self, sought: Words) -> Int64:
        """Return the places of these states, -1 for one that is not among them."""
        places = numpy.empty(len(sought) // len(self._witness), dtype=numpy.int64)
        find_each(self._witness, self._words, self._numbers, self._slots, self._tag_mask, sought, places)
        return places


def _slots_for(count: int) -> int:
    return int(count / FULL) + 2


@inlined
def slot_in(
    witness: tuple[int, ...],
    words: UInt64,
    numbers: Int64,
    slots: Slots,
    tag_mask: Number,
    value: Number,
    sought: UInt64,
    at: Number,
) -> Number:
    """Return the slot that names the sought state, or the free one where it belongs, as -1 - slot."""
    count = len(witness)
    tag = tag_of(value, tag_mask)
    slot = slot_of(value, len(slots))
    while slots[slot] != 0:
        if slots[slot] & tag_mask == tag:
            place = numbers[numpy.int64(slots[slot] & ~tag_mask) - 1] * count
            same = True
            for k in range(count):
                if words[place + k] != sought[at + k]:
                    same = False
            if same:
                return slot
        slot += 1
        if slot == len(slots):
            slot = 0
    return -1 - slot


@compiled
def put_all(witness: tuple[int, ...], words: UInt64, numbers: Int64, slots: Slots, tag_mask: Number) -> None:
    """Put the states at these places, all different, into an empty table."""
    for rank in range(len(numbers)):
        at = numbers[rank] * len(witness)
        value = mix(witness, words, at)
        slot = slot_in(witness, words, numbers, slots, tag_mask, value, words, at)
        slots[-1 - slot] = numpy.uint64(rank + 1) | tag_of(value, tag_mask)


@compiled
def find_each(
    witness: tuple[int, ...],
    words: UInt64,
    numbers: Int64,
    slots: Slots,
    tag_mask: Number,
    sought: UInt64,
    places: Int64,
) -> None:
    """Set places[n] to the place of the sought state n, or to -1."""
    for each in range(len(places)):
        at = each * len(witness)
        slot = slot_in(witness, words, numbers, slots, tag_mask, mix(witness, sought, at), sought, at)
        places[each] = -1
        if slot >= 0:
            places[each] = numbers[numpy.int64(slots[slot] & ~tag_mask) - 1]
