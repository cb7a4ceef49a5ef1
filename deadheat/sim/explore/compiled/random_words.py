"""Random numbers in compiled code: those of `sim/random_words.py`, bit for bit.

A stream is one word of an array, `state[at]`, which every number that is drawn moves on.
"""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from deadheat.sim.explore.compiled.arrays import Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined

__all__ = ["begin", "below", "fill_below", "fill_units", "fill_words", "unit", "word"]

STEP = numpy.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = numpy.uint64(0xBF58476D1CE4E5B9), numpy.uint64(0x94D049BB133111EB)
BY_30, BY_27, BY_31 = numpy.uint64(30), numpy.uint64(27), numpy.uint64(31)
HALF, LOWER, BOUND_MAX = numpy.uint64(32), numpy.uint64((1 << 32) - 1), numpy.uint64(1 << 32)
TO_UNIT, UNIT = numpy.uint64(11), 2.0**-53


@inlined
def mixed(value: Number) -> Number:
    """Return a hash of 64 bits, in which every bit depends on every bit."""
    value = (value ^ (value >> BY_30)) * FIRST
    value = (value ^ (value >> BY_27)) * SECOND
    return value ^ (value >> BY_31)


@inlined
def begin(state: UInt64, at: Number, base: Number, number: Number) -> None:
    """Let state[at] be the stream of that number, for the hash of a seed (see `random_words.stream`)."""
    state[at] = mixed(numpy.uint64(base) + numpy.uint64(number + 1) * STEP)


@inlined
def word(state: UInt64, at: Number) -> Number:
    """Return the next 64 bits."""
    value = state[at] + STEP
    state[at] = value
    return mixed(value)


@inlined
def below(state: UInt64, at: Number, bound: Number) -> Number:
    """Return a number from 0 on below a bound (from 1 to 2**32), each as likely as any other."""
    limit = numpy.uint64(bound)
    product = (word(state, at) >> HALF) * limit
    if product & LOWER < limit:
        uneven = BOUND_MAX % limit
        while product & LOWER < uneven:
            product = (word(state, at) >> HALF) * limit
    return numpy.int64(product >> HALF)


@inlined
def unit(state: UInt64, at: Number) -> Number:
    """Return a float from 0 on below 1."""
    return numpy.float64(word(state, at) >> TO_UNIT) * UNIT


@compiled
def fill_words(state: UInt64, words: UInt64) -> None:
    """Fill an array with the next words of the stream state[0]."""
    for each in range(len(words)):
        words[each] = word(state, 0)


@compiled
def fill_below(state: UInt64, bound: Number, words: UInt64) -> None:
    """Fill an array with the next numbers below a bound of the stream state[0]."""
    for each in range(len(words)):
        words[each] = numpy.uint64(below(state, 0, bound))


@compiled
def fill_units(state: UInt64, units: NDArray[numpy.float64]) -> None:
    """Fill an array with the next floats below 1 of the stream state[0]."""
    for each in range(len(units)):
        units[each] = unit(state, 0)
