"""Room for what a labelled search finds, and rows of it that are the same."""

from __future__ import annotations

from typing import Any

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, UInt8, UInt64
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.labels.tables import LabelTables
from deadheat.sim.explore.memory import bound, out_of_memory
from deadheat.sim.explore.options import SearchOptions

__all__ = ["different", "may_take", "modes_of_rows", "no_bits", "room_for"]


def different(rows: Any) -> tuple[list[int], Int64]:
    """Return where each different row is first, and for each row, which of the different ones it is."""
    width = rows.shape[1] * rows.itemsize
    content = numpy.ascontiguousarray(rows).tobytes()
    numbers: dict[bytes, int] = {}
    first: list[int] = []
    which = numpy.empty(len(rows), dtype=numpy.int64)
    for each in range(len(rows)):
        which[each] = numbers.setdefault(content[each * width : (each + 1) * width], len(numbers))
        if len(numbers) > len(first):
            first.append(each)
    return first, which


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
