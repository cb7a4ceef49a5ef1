"""Which faults have happened, and which steps were reached by faults alone: an array that compiled code sets."""

from __future__ import annotations

from collections.abc import Collection

import numpy

from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import Tables

__all__ = ["Fired", "number_of"]

FIRST_KIND, SIZE = 1 << 12, 1 << 13
"""Where the kinds of fault begin, behind the marks of the tables, and where the array ends."""


def number_of(successor: Successor, kind: int) -> int:
    """Return where the array tells that this successor, which draws on the budget of that number, has happened."""
    return successor.mark if 0 <= successor.mark < FIRST_KIND else FIRST_KIND + kind


class Fired:
    """The `array`, not 0 where something has happened, and what that means."""

    def __init__(self, tables: Tables, kinds: Collection[str], marks: list[int]) -> None:
        self.array = numpy.zeros(SIZE, dtype=numpy.uint8)
        self.array[marks] = 1
        self._tables = tables
        self._kinds_before = frozenset(kinds)

    @property
    def marks(self) -> list[int]:
        """The marks that were met."""
        marks: list[int] = numpy.flatnonzero(self.array[:FIRST_KIND]).tolist()
        return marks

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of fault that happened."""
        known = self._tables.marks
        by_marks = {fault for mark in self.marks if (fault := known[mark].fault) is not None}
        alone = zip(self._tables.model.budgets, self.array[FIRST_KIND:], strict=False)
        return self._kinds_before | by_marks | {kind for kind, fired in alone if fired}
