"""Compiled judging: in which states a property is violated."""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import VIOLATED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.lookups import verdict_of

__all__ = ["judge_states"]


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
