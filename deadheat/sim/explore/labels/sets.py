"""Labels: the multisets of faults that a run has used, numbered, and what follows from them.

A set of faults is written as the numbers of its kinds in ascending order, so (0, 0, 3) is the kind 0 twice and 3 once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, combinations_with_replacement

import numpy

from deadheat.sim.explore.compiled.arrays import Int32, UInt8, UInt64

__all__ = ["Kinds", "Labels", "parts_of", "smaller_by_one"]

Kinds = tuple[int, ...]
"""A set of faults."""

MASK_BITS = 64


class Labels:
    """All sets of up to `size` faults of so many kinds, in the order of their size.

    `following[label * kinds + kind]` is the label with one fault more, -1 for what would be too large. `members` are
    the kinds of a label, `size` places each, the last ones -1; `masks` has a bit for each kind, which two may share.
    """

    def __init__(self, kinds: int, size: int) -> None:
        self.kinds, self.size = kinds, size
        self.sets: list[Kinds] = [
            each for length in range(size + 1) for each in combinations_with_replacement(range(kinds), length)
        ]
        self.numbers = {each: number for number, each in enumerate(self.sets)}
        self.following: Int32 = numpy.full(len(self.sets) * max(kinds, 1), -1, dtype=numpy.int32)
        self.members: Int32 = numpy.full(len(self.sets) * max(size, 1), -1, dtype=numpy.int32)
        self.masks: UInt64 = numpy.zeros(len(self.sets), dtype=numpy.uint64)
        for number, each in enumerate(self.sets):
            self.members[number * size : number * size + len(each)] = each
            self.masks[number] = sum({1 << (kind % MASK_BITS) for kind in each})
            if len(each) < size:
                for kind in range(kinds):
                    self.following[number * kinds + kind] = self.numbers[tuple(sorted((*each, kind)))]

    def of_size(self, size: int) -> Iterator[int]:
        """Yield the labels of so many faults."""
        return (number for number, each in enumerate(self.sets) if len(each) == size)

    def absences(self, absent: Mapping[Kinds, frozenset[str]], names: Sequence[str]) -> UInt8:
        """Return, for each label and each of these processes, whether it is absent under that set."""
        found: UInt8 = numpy.zeros((len(self.sets), len(names)), dtype=numpy.uint8)
        for kinds, missing in absent.items():
            found[self.numbers[kinds]] = [name in missing for name in names]
        return found.ravel()

    def with_more(self, label: int, kinds: Iterable[int]) -> int:
        """Return the label with further faults."""
        return self.numbers[tuple(sorted((*self.sets[label], *kinds)))]


def parts_of(kinds: Kinds) -> set[Kinds]:
    """Return all sets that are contained in one, itself too."""
    return {part for size in range(len(kinds) + 1) for part in combinations(kinds, size)}


def smaller_by_one(kinds: Kinds) -> set[Kinds]:
    """Return the sets that lack one fault of this one."""
    return set(combinations(kinds, len(kinds) - 1)) if kinds else set()
