"""Compiled symmetry: the state that stands for all states that differ from it by an exchange of names.

The same descent as `Symmetry.descent`, field by field over the packed words, in place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Column, Int32, Int64, Number, UInt16, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.reductions.symmetry import Symmetry

__all__ = ["Swaps", "exchange_all", "representative", "swaps_of"]

KINDS = (*[numpy.int32, numpy.uint64, numpy.uint64] * 2, *[numpy.int64] * 4)
"""The types of the columns of `Swaps` between the first and the last."""


class Swaps(NamedTuple):
    """The swaps of a symmetry at one layout; none if there is no symmetry.

    Swap `n` has the pairs `first[n]` to `first[n + 1]`, in the order in which they are compared: of two fields whose
    contents change places, or of one field twice, whose content becomes another. `numbers` has, from `one_base` on, for
    each content of the one field its image in the other, and from `other_base` on the reverse; from `here_base` on, the
    rank of each content of the one field, and from `there_base` on that of what each of the other becomes there.
    """

    first: Int32
    one_word: Int32
    one_shift: UInt64
    one_mask: UInt64
    other_word: Int32
    other_shift: UInt64
    other_mask: UInt64
    one_base: Int64
    other_base: Int64
    here_base: Int64
    there_base: Int64
    numbers: UInt16


def swaps_of(symmetry: Symmetry | None, layout: Layout) -> Swaps:
    """Return the swaps as flat arrays."""
    first, pairs = [0], []
    numbers = Column(numpy.uint16)
    for swap in symmetry.swaps if symmetry else ():
        assert symmetry is not None
        for one, other in enumerate(swap.fields[: len(swap.numbers)]):
            there, back = swap.numbers[one], swap.numbers[other]
            if one > other or (one == other and there == list(range(len(there)))):
                continue
            ranks = symmetry.ranks[one]
            tables = ((one, there), (other, back), (one, ranks), (other, [ranks[number] for number in back]))
            bases = [_add(numbers, table, 1 << layout.bits[field]) for field, table in tables]
            pairs.append((*_place(layout, one), *_place(layout, other), *bases))
        first.append(len(pairs))
    columns: Iterable[Any] = zip(*pairs, strict=True) if pairs else [()] * len(KINDS)
    arrays: list[Any] = [numpy.array(column, dtype=kind) for column, kind in zip(columns, KINDS, strict=True)]
    return Swaps(*[numpy.array(first, dtype=numpy.int32), *arrays, numbers.array])


def _add(column: Column, table: Sequence[int], room: int) -> int:
    """Add a table with so much room; return where it begins."""
    base = column.extend(room)
    used = min(room, len(table))
    column.array[base : base + used] = table[:used]
    return base


def _place(layout: Layout, field: int) -> tuple[int, int, int]:
    return layout.word[field], layout.shift[field], (1 << layout.bits[field]) - 1


@inlined
def lowers(s: Swaps, swap: Number, words: UInt64, at: Number) -> Number:
    """Return whether a swap makes a state smaller."""
    for pair in range(s.first[swap], s.first[swap + 1]):
        one = (words[at + s.one_word[pair]] >> s.one_shift[pair]) & s.one_mask[pair]
        other = (words[at + s.other_word[pair]] >> s.other_shift[pair]) & s.other_mask[pair]
        here = s.numbers[s.here_base[pair] + numpy.int64(one)]
        there = s.numbers[s.there_base[pair] + numpy.int64(other)]
        if here != there:
            return there < here
    return False


@inlined
def exchange(s: Swaps, swap: Number, words: UInt64, at: Number) -> None:
    """Put the image of a state in its place."""
    for pair in range(s.first[swap], s.first[swap + 1]):
        one_at, other_at = at + s.one_word[pair], at + s.other_word[pair]
        one = (words[one_at] >> s.one_shift[pair]) & s.one_mask[pair]
        other = (words[other_at] >> s.other_shift[pair]) & s.other_mask[pair]
        to_other = numpy.uint64(s.numbers[s.one_base[pair] + numpy.int64(one)])
        to_one = numpy.uint64(s.numbers[s.other_base[pair] + numpy.int64(other)])
        words[one_at] = (words[one_at] & ~(s.one_mask[pair] << s.one_shift[pair])) | (to_one << s.one_shift[pair])
        words[other_at] = (words[other_at] & ~(s.other_mask[pair] << s.other_shift[pair])) | (
            to_other << s.other_shift[pair]
        )


@compiled
def exchange_all(witness: tuple[int, ...], s: Swaps, swap: Number, words: UInt64) -> None:
    """Put the images of states in their places."""
    for at in range(0, len(words), len(witness)):
        exchange(s, swap, words, at)


@inlined
def representative(s: Swaps, words: UInt64, at: Number) -> Number:
    """Put the state that stands for a state in its place; return whether that is another one."""
    count = len(s.first) - 1
    place = 0
    moved = False
    changed = False
    while place < count:
        if lowers(s, place, words, at):
            exchange(s, place, words, at)
            moved = True
            changed = True
            if place > 0:
                place -= 1
        else:
            place += 1
        if place == count and moved:
            place = 0
            moved = False
    return changed
