"""How durations are drawn in compiled code: what `sim/timed/laws.py` draws, bit for bit."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.random_words import unit

__all__ = ["Float64", "Laws", "begin", "due", "fill_due", "scrambled"]

Float64 = NDArray[numpy.float64]

STEP = numpy.uint64(0x9E3779B97F4A7C15)
FIRST, SECOND = numpy.uint64(0xBF58476D1CE4E5B9), numpy.uint64(0x94D049BB133111EB)
BY_30, BY_27, BY_31 = numpy.uint64(30), numpy.uint64(27), numpy.uint64(31)

NEVER_NS = 1 << 62
LONGEST_NS = 36_500.0 * 86_400e9
SMALLEST = 2.0**-54
CONSTANT, UNIFORM, EXPONENTIAL, ERLANG, LOGNORMAL, TABLE, PERIODIC = 0, 1, 2, 3, 4, 5, 6


class Laws(NamedTuple):
    """The laws of all clocks: their fields as arrays, and where those of each that are tables lie."""

    kind: Int64
    first: Float64
    second: Float64
    never: Float64
    table_first: Int64
    table_last: Int64
    shares: Float64
    quantiles: Float64
    stream: UInt64


@inlined
def scrambled(value: Number) -> Number:
    """Return a hash of a word (`random_words.mixed`)."""
    value = (value ^ (value >> BY_30)) * FIRST
    value = (value ^ (value >> BY_27)) * SECOND
    return value ^ (value >> BY_31)


@inlined
def whole(duration: Number) -> Number:
    """Return a duration in whole nanoseconds."""
    return numpy.int64((duration if duration < LONGEST_NS else LONGEST_NS) + 0.5)


@inlined
def begin(random: UInt64, base: Number, key: Number, occurrence: Number) -> None:
    """Begin with the numbers for one wait (`laws.generator_for`)."""
    random[0] = scrambled(base + key + numpy.uint64(occurrence + 1) * STEP)


@inlined
def due(laws: Laws, clock: Number, random: UInt64, base: Number, occurrence: Number, now: Number) -> Number:
    """Return when a clock is due that begins now, for the how manieth time in its run (`laws.drawn`)."""
    kind = laws.kind[clock]
    if kind == CONSTANT and laws.never[clock] == 0.0:
        return now + whole(laws.first[clock])
    begin(random, base, laws.stream[clock], occurrence)
    if laws.never[clock] > 0.0 and unit(random, 0) < laws.never[clock]:
        return NEVER_NS
    if kind == PERIODIC:
        random[0] = scrambled(base + laws.stream[clock])
        phase = numpy.int64(unit(random, 0) * laws.first[clock])
        period = numpy.int64(laws.first[clock])
        return phase + ((now - phase) // period + 1) * period
    duration: Number = 0.0
    if kind == CONSTANT:
        duration = laws.first[clock]
    elif kind == UNIFORM:
        duration = laws.first[clock] + (laws.second[clock] - laws.first[clock]) * unit(random, 0)
    elif kind == EXPONENTIAL:
        duration = -math.log(1.0 - unit(random, 0)) * laws.first[clock]
    elif kind == ERLANG:
        total: Number = 0.0
        for _ in range(numpy.int64(laws.second[clock])):
            total -= math.log(1.0 - unit(random, 0))
        duration = total * (laws.first[clock] / laws.second[clock])
    elif kind == LOGNORMAL:
        duration = math.exp(laws.first[clock] + laws.second[clock] * normal_quantile(unit(random, 0)))
    else:
        duration = from_table(laws, clock, unit(random, 0))
    return now + whole(duration)


@inlined
def from_table(laws: Laws, clock: Number, share: Number) -> Number:
    """Return the quantile of a table."""
    low, high = laws.table_first[clock], laws.table_last[clock] - 1
    while high - low > 1:
        middle = (low + high) // 2
        if laws.shares[middle] <= share:
            low = middle
        else:
            high = middle
    width = laws.shares[high] - laws.shares[low]
    if width <= 0.0:
        return laws.quantiles[high]
    rise = laws.quantiles[high] - laws.quantiles[low]
    return laws.quantiles[low] + rise * ((share - laws.shares[low]) / width)


@inlined
def normal_quantile(share: Number) -> Number:
    """Return the quantile of the standard normal distribution, to sixteen digits."""
    share = max(share, SMALLEST)
    q = share - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = ((2.5090809287301226727e3 * r + 3.3430575583588128105e4) * r + 6.7265770927008700853e4) * r
        top = ((top + 4.5921953931549871457e4) * r + 1.3731693765509461125e4) * r + 1.9715909503065514427e3
        top = (top * r + 1.3314166789178437745e2) * r + 3.3871328727963666080
        low = ((5.2264952788528545610e3 * r + 2.8729085735721942674e4) * r + 3.9307895800092710610e4) * r
        low = ((low + 2.1213794301586595867e4) * r + 5.3941960214247511077e3) * r + 6.8718700749205790830e2
        low = (low * r + 4.2313330701600911252e1) * r + 1.0
        return q * top / low
    r = share if q < 0.0 else 1.0 - share
    r = math.sqrt(-math.log(r))
    if r <= 5.0:
        r -= 1.6
        top = ((7.74545014278341407640e-4 * r + 2.27238449892691845833e-2) * r + 2.41780725177450611770e-1) * r
        top = ((top + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550
        top = (top * r + 4.63033784615654529590) * r + 1.42343711074968357734
        low = ((1.05075007164441684324e-9 * r + 5.47593808499534494600e-4) * r + 1.51986665636164571966e-2) * r
        low = ((low + 1.48103976427480074590e-1) * r + 6.89767334985100004550e-1) * r + 1.67638483018380384940
        low = (low * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        top = ((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 1.24266094738807843860e-3) * r
        top = ((top + 2.65321895265761230930e-2) * r + 2.96560571828504891230e-1) * r + 1.78482653991729133580
        top = (top * r + 5.46378491116411436990) * r + 6.65790464350110377720
        low = ((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
        low = ((low + 7.86869131145613259100e-4) * r + 1.48753612908506148525e-2) * r + 1.36929880922735805310e-1
        low = (low * r + 5.99832206555887937690e-1) * r + 1.0
    return -(top / low) if q < 0.0 else top / low


@compiled
def fill_due(laws: Laws, clock: Number, random: UInt64, base: Number, now: Number, out: Int64) -> None:
    """Fill an array with when a clock is due, of all its waits in turn."""
    for each in range(len(out)):
        out[each] = due(laws, clock, random, base, each, now)
