"""The hash table for rows and watches that read too many bits to be an index.

Its key is an owner (a row or a watch) and what that reads of a state, or of the two states of a transition.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import Int32, Int64, UInt64
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.lookups import put_wide

__all__ = ["EVERY_BIT", "WideTable"]

EVERY_BIT = (1 << 64) - 1

ROOM_MIN = 1 << 10
"""A power of two, as every size of the table is; it is kept at most half full."""


class WideTable:
    """A hash table with open addressing; what is put into it is there once `arrays` is asked for."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._words = layout.words
        self._used = 0
        self._new: list[tuple[int, int, int, int]] = []
        self._make(ROOM_MIN)

    def put(self, owner: int, before: int, after: int, value: int) -> None:
        """Add a value under an owner (not 0) and two states of `Tables`, masked."""
        self._new.append((owner, before, after, value))

    def arrays(self) -> tuple[Int64, UInt64, Int32]:
        """Return the owners, 0 where a slot is free; their keys, twice the words of a state each; and the values."""
        self._used += len(self._new)
        if 2 * self._used > len(self.owner):
            self._grow()
        if self._new:
            owners, befores, afters, values = zip(*self._new, strict=True)
            before = self._layout.pack(befores).reshape(len(owners), self._words)
            after = before if afters == befores else self._layout.pack(afters).reshape(before.shape)
            keys = numpy.hstack((before, after)).ravel()
            self._put(numpy.array(owners, dtype=numpy.int64), keys, numpy.array(values, dtype=numpy.int32))
            self._new.clear()
        return self.owner, self.keys, self.value

    def _make(self, room: int) -> None:
        self.owner: Int64 = numpy.zeros(room, dtype=numpy.int64)
        self.keys: UInt64 = numpy.zeros(room * 2 * self._words, dtype=numpy.uint64)
        self.value: Int32 = numpy.zeros(room, dtype=numpy.int32)

    def _grow(self) -> None:
        used = self.owner != 0
        old = self.owner[used], self.keys.reshape(-1, 2 * self._words)[used].ravel(), self.value[used]
        room = len(self.owner)
        while 2 * self._used > room:
            room *= 2
        self._make(room)
        self._put(*old)

    def _put(self, owners: Int64, keys: UInt64, values: Int32) -> None:
        every_bit = numpy.full(self._words, EVERY_BIT, dtype=numpy.uint64)
        witness = (0,) * self._words
        put_wide(witness, self.owner, self.keys, self.value, owners, keys, values, every_bit)
