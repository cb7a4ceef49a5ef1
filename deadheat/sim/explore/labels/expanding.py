"""The expansion of labelled states: what they lead to, in buffers that each core has for itself."""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled import labelled
from deadheat.sim.explore.compiled.arrays import Arrays, Int32, Int64, UInt64, apart
from deadheat.sim.explore.compiled.pairs import LabelArrays
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.labels.store import LabelledStore

__all__ = ["Expansion"]

OUT_ROOM = 1 << 17
EVENTS_ROOM = 1 << 12
MISSES_ROOM = 1 << 13


class Expansion:
    """The buffers of one core, and what the pairs lead to that it expanded last."""

    def __init__(self, dense: DenseTables) -> None:
        words = dense.layout.words
        self._dense = dense
        room = max(OUT_ROOM, 4 * dense.successors_max)
        self._out: UInt64 = numpy.empty(room * words, dtype=numpy.uint64)
        self._out_label: Int32 = numpy.empty(room, dtype=numpy.int32)
        self._out_parent: Int32 = numpy.empty(room, dtype=numpy.int32)
        self._events: UInt64 = numpy.empty(max(EVENTS_ROOM, 4 * dense.events_max) * self._width, dtype=numpy.uint64)
        self._misses: Int64 = numpy.empty(3 * max(MISSES_ROOM, 4 * dense.rows_max), dtype=numpy.int64)
        self._recent: UInt64 = numpy.zeros((words + 1) << labelled.RECENT_BITS, dtype=numpy.uint64)
        self._counters: Int64 = apart(8, numpy.int64)
        self._reset()

    @property
    def _width(self) -> int:
        """How many numbers an event has."""
        return 3 + 2 * self._dense.layout.words

    @property
    def is_suited(self) -> bool:
        """Whether there is room enough for what the tables ask for now, at the layout that they have now."""
        dense = self._dense
        return (
            len(self._recent) == (dense.layout.words + 1) << labelled.RECENT_BITS
            and 2 * dense.successors_max <= len(self._out_label)
            and 2 * dense.events_max * self._width <= len(self._events)
            and 2 * 3 * dense.rows_max <= len(self._misses)
        )

    def expand(self, t: Arrays, labels: LabelArrays, mode: int, store: LabelledStore, pairs: range) -> int:
        """Expand these pairs, or as many as there is room for; return the first that was not."""
        self._reset()
        reached: int = labelled.expand_pairs(
            self._dense.witness,
            t,
            labels,
            mode,
            store.pairs,
            store.words,
            pairs.start,
            pairs.stop,
            self._counters,
            self._out,
            self._out_label,
            self._out_parent,
            self._dense.successors_max,
            self._events,
            self._dense.events_max,
            self._misses,
            self._dense.rows_max,
            self._recent,
        )
        return reached

    def expand_rows(
        self, t: Arrays, labels: LabelArrays, mode: int, store: LabelledStore, rows: Int64, first: int
    ) -> int:
        """Expand rows of pairs from a place on, given as `missing` gives them; return the first place that was not."""
        self._reset()
        reached: int = labelled.expand_rows(
            self._dense.witness,
            t,
            labels,
            mode,
            store.pairs,
            store.words,
            rows,
            first,
            self._counters,
            self._out,
            self._out_label,
            self._out_parent,
            self._dense.successors_max,
            self._events,
            self._dense.events_max,
            self._recent,
        )
        return reached

    def _reset(self) -> None:
        self._counters[:] = 0
        self._counters[labelled.OUTLAW] = labelled.NOBODY

    @property
    def outlaw(self) -> int:
        """The number of a process that made a step which it must not make; NOBODY, if none did."""
        return int(self._counters[labelled.OUTLAW])

    @property
    def transitions(self) -> int:
        """How many steps were taken."""
        return int(self._counters[labelled.TRANSITIONS])

    @property
    def candidates(self) -> tuple[UInt64, Int32, Int32]:
        """The words of the states that they lead to, their labels, and the pairs that they were reached from."""
        count = int(self._counters[labelled.OUT])
        return self._out[: count * self._dense.layout.words], self._out_label[:count], self._out_parent[:count]

    @property
    def events(self) -> UInt64:
        """What watches have to say, or to ask, of steps, one event a row (see `labelled`)."""
        return self._events[: int(self._counters[labelled.EVENTS]) * self._width].reshape(-1, self._width)

    @property
    def missing(self) -> Int64:
        """The rows that were not learned, as triples: a process, its row, and the pair in which it was missing."""
        return self._misses[: 3 * int(self._counters[labelled.MISSES])].reshape(-1, 3)
