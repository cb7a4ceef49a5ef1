"""Judging: in which of many states a property is violated."""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import VIOLATED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.lookups import verdict_of
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.learn.watches import Watch

__all__ = ["judge_known", "judge_states", "violating_among"]


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
        states = dense.layout.unpack(store.states_at(asked[1 : 2 * count : 2]))
        for part, state in zip(asked[0 : 2 * count : 2].tolist(), states, strict=True):
            dense.judge(part, state, state)


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
