"""Room for what a labelled search finds."""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import UInt8, UInt64
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.labels.tables import LabelTables
from deadheat.sim.explore.memory import bound, out_of_memory
from deadheat.sim.explore.options import SearchOptions

__all__ = ["may_take", "modes_of_rows", "no_bits", "room_for"]


def modes_of_rows(dense: DenseTables, tables: LabelTables, known: UInt8) -> UInt8:
    """Return in which mode each row is expanded (see `labelled`), where that is known of the first ones."""
    keys = map(dense.key, range(len(known), dense.rows_known))
    more = (tables.mode_of(key.process, key.local, key.place) for key in keys)
    count = dense.rows_known - len(known)
    return numpy.concatenate((known, numpy.fromiter(more, dtype=numpy.uint8, count=count)))


def no_bits(count: int) -> UInt64:
    """Return so many numbers without a bit."""
    return numpy.zeros(count, dtype=numpy.uint64)


def room_for(options: SearchOptions, words: int) -> int:
    """Return for how many states of so many words there is room."""
    return max(int(bound(options.memory_bytes_max) / (8 * words + 32)), 1 << 16)


def may_take(options: SearchOptions, size: int) -> bool:
    """Return whether a store may take so many bytes more."""
    return out_of_memory(options.memory_bytes_max, soon=size) is None
