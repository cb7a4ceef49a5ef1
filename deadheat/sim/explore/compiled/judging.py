"""Judging: in which of many states a property is violated, and what it has to be asked for that."""

from __future__ import annotations

from typing import Any

import numpy

from deadheat.sim.explore.compiled.arrays import VIOLATED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.lookups import verdict_of
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.learn.watches import Watch

__all__ = ["different", "different_steps", "judge_known", "judge_states", "states_of_steps", "violating_among"]


def judge_known(dense: DenseTables) -> None:
    """Take over what the parts of properties have said before there were these arrays."""
    for number, part in enumerate(dense.watched_parts):
        for states in tuple(part.known):
            dense.judge(number, states[0], states[-1])


def violating_among(dense: DenseTables, store: Store, watch: Watch, numbers: Int64) -> Int64:
    """Return those of the places in a store whose state violates a property."""
    parts = [dense.watched_parts.index(part) for part in watch.parts]
    watches = numpy.array(parts, dtype=numpy.int32)
    result = numpy.zeros(len(numbers), dtype=numpy.uint8)
    asked = numpy.empty(1 << 14, dtype=numpy.int64)
    while True:
        count = judge_states(dense.witness, dense.arrays(), watches, store.words, numbers, result, asked)
        if not count:
            violating: Int64 = numbers[result == 1]
            return violating
        pairs = asked[: 2 * count].reshape(-1, 2)
        first, _ = _different_readings(dense, pairs[:, 0], store.states_at(pairs[:, 1]))
        states = dense.layout.unpack(store.states_at(pairs[first, 1]))
        for part, state in zip(pairs[first, 0].tolist(), states, strict=True):
            dense.judge(part, state, state)


def _different_readings(dense: DenseTables, parts: Int64, *states: UInt64) -> tuple[list[int], Int64]:
    """Return where each different reading is first, and for each, which of the different ones it is.

    A reading is a part of a property and what that reads of a state, or of two: one of `states` each, given as words.
    """
    masks = dense.watch_masks.reshape(-1, dense.layout.words)[parts]
    read = (each.reshape(masks.shape) & masks for each in states)
    return different(numpy.column_stack((parts.astype(numpy.uint64), *read)))


def different_steps(dense: DenseTables, events: UInt64) -> tuple[list[int], Int64]:
    """Return what `_different_readings` does of steps: rows that begin with a part, and end with both states."""
    return _different_readings(dense, events[:, 0].astype(numpy.int64), *_ends(dense, events))


def states_of_steps(dense: DenseTables, events: UInt64) -> tuple[list[int], list[int]]:
    """Return the states before and after each of these steps, as those of `Tables`."""
    before, after = (dense.layout.unpack(numpy.ascontiguousarray(each).ravel()) for each in _ends(dense, events))
    return before, after


def _ends(dense: DenseTables, events: UInt64) -> tuple[UInt64, UInt64]:
    words = dense.layout.words
    return events[:, -2 * words : -words], events[:, -words:]


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


@compiled
def judge_states(
    witness: tuple[int, ...], t: Arrays, watches: Int32, words: UInt64, numbers: Int64, result: UInt8, asked: Int64
) -> Number:
    """Set result[n] to 1 if one of the watches is violated in the state numbers[n].

    Fills `asked` with pairs, of a watch without a verdict and the state's number, while there is room; returns how
    many pairs there are. The results count only once there are none.
    """
    count = 0
    for place in range(len(numbers)):
        result[place] = 0
        for watch in watches:
            verdict = verdict_of(witness, t, watch, words, numpy.int64(numbers[place]) * len(witness))
            if verdict == VIOLATED:
                result[place] = 1
                break
            if verdict == 0 and 2 * count < len(asked):
                asked[2 * count] = watch
                asked[2 * count + 1] = numbers[place]
                count += 1
    return count
