"""What rows lead to: spans of successors, as flat arrays at the present layout.

What of a successor has to do with the layout, its delta and its guard, is kept by fields as well, so that another
layout asks for nothing but these numbers again.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Column, UInt64
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.wide import EVERY_BIT

__all__ = ["Described", "Spans"]

NOTHING_HAPPENS = 0
"""The span without successors."""


class Described(NamedTuple):
    """A successor whatever the layout is: by how much each field moves, its info, its guard, and who watches it.

    The guard is the field of a budget (-1 without one) and what stands for its kind of fault; those who watch it
    are the watches of kind STEP, and then those of kind ALWAYS.
    """

    moves: tuple[tuple[int, int], ...]
    info: int
    guard: tuple[int, int]
    steps: tuple[int, ...]
    states: tuple[int, ...]


class Spans:
    """The spans that rows lead to; rows that lead to equal ones share it. See `Arrays` for the columns."""

    def __init__(self) -> None:
        i32, u64 = numpy.int32, numpy.uint64
        self.first, self.info = Column(i32), Column(numpy.uint8)
        self.delta, self.guard_word, self.guard_mask = Column(u64), Column(i32), Column(u64)
        self.guard_kind = Column(i32)
        self.watched_first, self.watched_middle = Column(i32), Column(i32)
        self.watched_last, self.watched = Column(i32), Column(i32)
        self.watchers_max = 0
        """How many watches of one kind a transition has at most."""
        self._numbers: dict[tuple[Described, ...], int] = {(): NOTHING_HAPPENS}
        self._guards: list[int] = []
        self._moves: list[tuple[int, int, int]] = []
        self.first.append(0, 0)

    def lay_out(self, layout: Layout) -> None:
        """Make what depends on the layout anew."""
        self._layout = layout
        guards = numpy.array(self._guards, dtype=numpy.int64)
        words = numpy.array([*layout.word, 0], dtype=numpy.int32)  # the last one is that of no guard
        masks = numpy.array([*map(layout.mask, range(len(layout.bits))), 0], dtype=numpy.uint64)
        self.delta = Column.of(self._deltas(layout))
        self.guard_word, self.guard_mask = Column.of(words[guards]), Column.of(masks[guards])

    def number(self, described: tuple[Described, ...]) -> int:
        """Return the number of the span of these successors."""
        number = self._numbers.get(described)
        if number is None:
            for each in described:
                self._add(each)
            number = self._numbers[described] = self.first.append(self.info.length) - 1
        return number

    def _add(self, each: Described) -> None:
        layout = self._layout
        words = [0] * layout.words
        for field, move in each.moves:
            words[layout.word[field]] += move << layout.shift[field]
            self._moves.append((len(self._guards), field, move))
        self._guards.append(each.guard[0])
        self.delta.append(*(word & EVERY_BIT for word in words))
        self.info.append(each.info)
        word, mask = self._guard(each.guard[0])
        self.guard_word.append(word)
        self.guard_mask.append(mask)
        self.guard_kind.append(each.guard[1])
        self.watched_first.append(self.watched.append(*each.steps))
        self.watched_middle.append(self.watched.append(*each.states))
        self.watched_last.append(self.watched.length)
        self.watchers_max = max(self.watchers_max, len(each.steps), len(each.states))

    def _guard(self, field: int) -> tuple[int, int]:
        return (self._layout.word[field], self._layout.mask(field)) if field >= 0 else (0, 0)

    def _deltas(self, layout: Layout) -> UInt64:
        """Return the words of all deltas: a move less than nothing borrows from the fields above, as it should."""
        deltas = numpy.zeros(len(self._guards) * layout.words, dtype=numpy.uint64)
        if self._moves:
            successor, field, move = numpy.array(self._moves, dtype=numpy.int64).T
            word, shift = numpy.array(layout.word)[field], numpy.array(layout.shift, dtype=numpy.uint64)[field]
            numpy.add.at(deltas, successor * layout.words + word, move.astype(numpy.uint64) << shift)
        return deltas
