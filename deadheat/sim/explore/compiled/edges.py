"""The transitions among a set of stored states, as arrays: what graph algorithms ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy
from numpy.typing import NDArray

from deadheat.sim.explore.compiled.arrays import GUARDED, MOVES, OWED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, local_in
from deadheat.sim.explore.compiled.representative import representative
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables

__all__ = [
    "OUTSIDE",
    "Edges",
    "edges_of",
    "look_who_moves",
    "prune",
    "prune_ends",
]

OUTSIDE = -1
"""The target of an edge that leads out of the set."""

AT_ONCE = 1 << 21
"""How many edges are found in one go, at most."""

TOGETHER = 3
"""So many times the memory that edges take do they take once more, when they are put together and looked at."""


class Edges(NamedTuple):
    """Transitions from states of a set: the ranks of their two ends in the set, the process, and what they are."""

    sources: Int64
    targets: Int64
    processes: Int32
    info: UInt8

    @property
    def owed(self) -> NDArray[numpy.bool_]:
        """Which of them are owed."""
        owed: NDArray[numpy.bool_] = (self.info & OWED) != 0
        return owed

    @property
    def faults(self) -> NDArray[numpy.bool_]:
        """Which of them are faults."""
        faults: NDArray[numpy.bool_] = (self.info & GUARDED) != 0
        return faults

    def where(self, chosen: NDArray[numpy.bool_]) -> Edges:
        """Return those that are chosen."""
        return Edges(self.sources[chosen], self.targets[chosen], self.processes[chosen], self.info[chosen])


def edges_of(
    dense: DenseTables, store: Store, numbers: Int64, *, owed_only: bool = False, by: UInt8 | None = None
) -> Edges:
    """Return all transitions, or the owed ones, from the states at these places, which are in ascending order.

    With `by`, only those of the rows for which it is not 0. Raises NoRoomError.
    """
    chosen = numpy.ones(dense.rows_known, dtype=numpy.uint8) if by is None else by
    nothing = numpy.zeros(0, dtype=numpy.int64)
    none = Edges(nothing, nothing, nothing.astype(numpy.int32), nothing.astype(numpy.uint8))
    parts, size = [none], 0
    for part in _parts(dense, store, numbers, owed_only, chosen):
        parts.append(part)
        size += sum(column.nbytes for column in part)
        store.ask_for(TOGETHER * size)
    columns: Any = zip(*parts, strict=True)
    return Edges(*(numpy.concatenate(column) for column in columns))


def _parts(dense: DenseTables, store: Store, numbers: Int64, owed_only: bool, chosen: UInt8) -> Iterator[Edges]:
    t, room, words = dense.arrays(), dense.successors_max, dense.layout.words
    step = max(1, AT_ONCE // room)
    find_all = store.finder(numbers)
    for first in range(0, len(numbers), step):
        some = numbers[first : first + step]
        size = len(some) * room
        afters = numpy.empty(size * words, dtype=numpy.uint64)
        sources = numpy.empty(size, dtype=numpy.int64)
        processes = numpy.empty(size, dtype=numpy.int32)
        info = numpy.empty(size, dtype=numpy.uint8)
        count = successors(dense.witness, t, store.words, some, owed_only, chosen, afters, sources, processes, info)
        targets = _ranks(numbers, find_all(afters[: count * words]))
        yield Edges(sources[:count] + first, targets, processes[:count].copy(), info[:count].copy())


def _ranks(numbers: Int64, places: Int64) -> Int64:
    """Return where each place is among the numbers, or OUTSIDE."""
    ranks: Any = numpy.searchsorted(numbers, places)
    ranks[ranks == len(numbers)] = 0
    return numpy.where(numbers[ranks] == places, ranks, OUTSIDE)


@compiled
def successors(
    witness: tuple[int, ...],
    t: Arrays,
    words: UInt64,
    numbers: Int64,
    owed_only: bool,
    chosen: UInt8,
    afters: UInt64,
    sources: Int64,
    processes: Int32,
    info: UInt8,
) -> Number:
    """Write down the enabled transitions of chosen rows at these places; return how many there are."""
    count = len(witness)
    found = 0
    for source in range(len(numbers)):
        at = numbers[source] * count
        for process in range(len(t.process_word)):
            local = t.process_base[process] + local_in(t, process, words, at)
            for row in range(t.local_first[local], t.local_last[local]):
                if chosen[row] == 0:
                    continue
                entry = entry_of(witness, t, row, words, at)
                if entry <= 0:
                    continue
                for successor in range(t.span_first[entry], t.span_first[entry + 1]):
                    kind = t.info[successor]
                    if (owed_only and kind & OWED == 0) or not enabled(t, successor, words, at):
                        continue
                    for k in range(count):
                        afters[found * count + k] = words[at + k] + t.delta[successor * count + k]
                    representative(t.swaps, afters, found * count)
                    sources[found] = source
                    processes[found] = process
                    info[found] = kind
                    found += 1
    return found


@compiled
def prune(sources: Int64, targets: Int64, left_out: UInt8) -> None:
    """Set left_out[n] for every state that can get out of the set, or to a state that is left out."""
    changed = True
    while changed:
        changed = False
        for edge in range(len(sources) - 1, -1, -1):
            if left_out[sources[edge]] == 0 and (targets[edge] < 0 or left_out[targets[edge]] == 1):
                left_out[sources[edge]] = 1
                changed = True


@compiled
def prune_ends(sources: Int64, targets: Int64, alive: UInt8, goes_on: UInt8) -> None:
    """Clear alive[n] for every state from which no way of edges goes on for ever; `goes_on` is room for as many."""
    changed = True
    while changed:
        changed = False
        goes_on[:] = 0
        for edge in range(len(sources)):
            if targets[edge] >= 0 and alive[targets[edge]] == 1:
                goes_on[sources[edge]] = 1
        for state in range(len(alive)):
            if alive[state] == 1 and goes_on[state] == 0:
                alive[state] = 0
                changed = True


@compiled
def look_who_moves(
    witness: tuple[int, ...], t: Arrays, words: UInt64, numbers: Int64, chosen: UInt8, result: UInt8
) -> None:
    """Set result[n] to 1 if a chosen row has an owed step that changes the state at the place numbers[n]."""
    for place in range(len(numbers)):
        at = numbers[place] * len(witness)
        result[place] = 0
        for process in range(len(t.process_word)):
            local = t.process_base[process] + local_in(t, process, words, at)
            for row in range(t.local_first[local], t.local_last[local]):
                if chosen[row] == 0 or result[place] != 0:
                    continue
                entry = entry_of(witness, t, row, words, at)
                if entry <= 0:
                    continue
                for successor in range(t.span_first[entry], t.span_first[entry + 1]):
                    if t.info[successor] & MOVES != 0 and enabled(t, successor, words, at):
                        result[place] = 1
