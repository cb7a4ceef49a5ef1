"""Sets of faults that a search for all sets goes on without, since they alone would end it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy

from deadheat.sim.explore.labels.ends import StoppedError
from deadheat.sim.explore.labels.sets import Kinds, Labels
from deadheat.sim.explore.labels.tables import LabelTables
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn import interned

__all__ = ["Cuts"]


class Cuts:
    """The sets that are cut short, and why: what they do, and larger ones, is not known.

    The reason is None where a component was about to have more values than have numbers, under all sets together: one
    set alone has fewer. Such a set is cut only by who `keeps_numbers` for the rest, and has to be decided by itself.
    """

    def __init__(self, labels: Labels, options: SearchOptions) -> None:
        self.reasons: dict[Kinds, Stop | None] = {}
        self.marks = numpy.zeros(len(labels.sets), dtype=numpy.uint8)
        self.keeps_numbers = False
        self._sets = labels.sets
        self._faults = numpy.array([len(each) for each in labels.sets])
        self._options = options

    def due(self, sizes: Any, tables: LabelTables) -> Iterator[int]:
        """Yield the labels to be cut short now, of which each has so many states; raises StoppedError at a limit."""
        while (stop := limit_reached(self._options, self._largest(sizes), tables.growing)) is not None:
            if stop.limit is not Limit.STATES:
                raise StoppedError(stop)
            yield self._cut(sizes, stop)
        if self.keeps_numbers and tables.numbers_left() < self._to_be_left():
            growing = numpy.where(self._faults == self._faults[sizes > 0].max(), sizes, 0)  # the smaller ones are done
            if self._largest(growing):
                yield self._cut(growing, None)

    def _to_be_left(self) -> int:
        """Return how many numbers are kept for the rest: half of all, then half of those for each set that was cut."""
        return (interned.FIELD_MASK + 1) >> (1 + sum(each is None for each in self.reasons.values()))

    def _largest(self, sizes: Any) -> int:
        return int(sizes[self.marks == 0].max(initial=0))

    def _cut(self, sizes: Any, why: Stop | None) -> int:
        label = int(numpy.argmax(numpy.where(self.marks == 0, sizes, 0)))
        self.reasons[self._sets[label]] = why
        self.marks[label] = 1
        return label
