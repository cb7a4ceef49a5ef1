"""The tables as flat arrays: what the compiled functions read. One number here is an index there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    from deadheat.sim.explore.compiled.representative import Swaps

__all__ = ["FINE", "GUARDED", "MISSING", "MOVES", "OWED", "VIOLATED", "WATCHED", "Arrays", "Column", "Number", "apart"]

Number: TypeAlias = Any
"""A machine number inside a compiled function: of numba's types, by numba's rules."""

Int32 = NDArray[numpy.int32]
Int64 = NDArray[numpy.int64]
UInt8 = NDArray[numpy.uint8]
UInt16 = NDArray[numpy.uint16]
UInt64 = NDArray[numpy.uint64]

LINES_BYTES = 128
"""A cache line, and the one that the processor fetches with it."""

MISSING = -1
"""An entry that was not learned yet."""

FINE, VIOLATED = 1, 2
"""A watch's verdict on what it reads; 0 where it was not asked yet."""

OWED, MOVES, GUARDED, WATCHED = 1, 2, 4, 8
"""What a successor is: owed; owed and changing the state; allowed by a budget only; watched by a property."""


class Arrays(NamedTuple):
    """All tables of a model at one layout.

    A process's local state `l` has the rows `local_first[process_base + l]` up to `local_last[...]`. A row or a watch
    reads the fields `read_*[first]` up to `read_*[last]`; their contents, side by side, are the index, from its base,
    into `entries` or `verdicts`. A row or watch that reads too many bits has the base -1 and is looked up in the hash
    table `wide_*`, by its masks. An entry is a span of successors, from `span_first[entry]` to the next entry's. A
    successor is watched by watches of kind STEP, from `watched_first` to `watched_middle`, and from there on by watches
    of kind ALWAYS. What stands for a state is found by `swaps`.
    """

    process_word: Int32
    process_shift: UInt64
    process_mask: UInt64
    process_base: Int32
    local_first: Int32
    local_last: Int32
    row_base: Int64
    row_first: Int32
    row_last: Int32
    row_masks: UInt64
    read_word: Int32
    read_shift: UInt64
    read_mask: UInt64
    read_position: UInt64
    entries: Int32
    span_first: Int32
    delta: UInt64
    info: UInt8
    guard_word: Int32
    guard_mask: UInt64
    guard_kind: Int32
    watched_first: Int32
    watched_middle: Int32
    watched_last: Int32
    watched: Int32
    watch_base: Int64
    watch_first: Int32
    watch_last: Int32
    watch_bits: UInt64
    watch_masks: UInt64
    watch_property: Int32
    verdicts: UInt8
    wide_owner: Int64
    wide_keys: UInt64
    wide_value: Int32
    shard_masks: UInt64
    swaps: Swaps


def apart(length: int, dtype: type) -> NDArray[Any]:
    """Return an array of zeros that shares no cache line, nor a pair of them, with another one.

    Two cores that write into one line wait for each other at every write.
    """
    whole = numpy.zeros(length * numpy.dtype(dtype).itemsize + 2 * LINES_BYTES, dtype=numpy.uint8)
    first = -whole.ctypes.data % LINES_BYTES
    mine = whole[first : first + length * numpy.dtype(dtype).itemsize]
    return mine.view(dtype)


class Column:
    """An array that grows at its end."""

    def __init__(self, dtype: DTypeLike, fill: int = 0) -> None:
        self.length = 0
        self._fill = fill
        self.array: NDArray[Any] = numpy.full(64, fill, dtype=dtype)

    @classmethod
    def of(cls, array: NDArray[Any]) -> Column:
        """Return the column that holds the numbers of an array so far."""
        column = cls(array.dtype)
        column.extend(len(array))
        column.array[: len(array)] = array
        return column

    def append(self, *values: int) -> int:
        """Add values; return the index of the first."""
        first = self.extend(len(values))
        self.array[first : self.length] = values
        return first

    def extend(self, count: int) -> int:
        """Add so many fill values; return the index of the first."""
        first, self.length = self.length, self.length + count
        if self.length > len(self.array):
            grown = numpy.full(max(self.length, 2 * len(self.array)), self._fill, dtype=self.array.dtype)
            grown[:first] = self.array[:first]
            self.array = grown
        return first
