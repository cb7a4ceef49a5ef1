"""How long a clock still runs that has run for a while, in compiled code: how likely so long, and a draw of it.

A clock's remaining time depends on its law and its age alone, so it may be drawn anew at any moment, whatever was drawn
for it before. `due` is when that is fixed: of a constant, and of a period.
"""

from __future__ import annotations

import math

import numpy

from deadheat.sim.explore.compiled.arrays import Number
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.timed_laws import (
    CONSTANT,
    ERLANG,
    EXPONENTIAL,
    LOGNORMAL,
    PERIODIC,
    UNIFORM,
    Float64,
    Laws,
    from_table,
    normal_quantile,
)

__all__ = ["fill_residuals", "is_fixed", "likely", "remaining"]

HALVINGS = 60


@inlined
def is_fixed(laws: Laws, clock: Number) -> Number:
    """Return whether nothing is left to chance once a clock runs."""
    kind = laws.kind[clock]
    return kind in (CONSTANT, PERIODIC) or (kind == LOGNORMAL and laws.second[clock] == 0.0)


@compiled
def below(laws: Laws, clock: Number, time: Number) -> Number:
    """Return how likely a clock runs no longer than that."""
    kind = laws.kind[clock]
    if time <= 0.0:
        return 0.0
    if kind == EXPONENTIAL:
        return -math.expm1(-time / laws.first[clock])
    if kind == UNIFORM:
        width = laws.second[clock] - laws.first[clock]
        if time >= laws.second[clock]:
            return 1.0
        return max(0.0, time - laws.first[clock]) / width if width > 0.0 else 0.0
    if kind == ERLANG:
        return gamma_below(laws.second[clock], time * laws.second[clock] / laws.first[clock])
    if kind == LOGNORMAL:
        return normal_below((math.log(time) - laws.first[clock]) / laws.second[clock])
    return table_below(laws, clock, time)


@inlined
def normal_below(value: Number) -> Number:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-value / math.sqrt(2.0))


@compiled
def gamma_below(stages: Number, value: Number) -> Number:
    """Return how likely so many exponential stages of mean 1 are over by then."""
    if value < stages + 1.0:
        term = math.exp(stages * math.log(value) - value - math.lgamma(stages + 1.0))
        total, at = term, stages
        while term > total * 1e-17:
            at += 1.0
            term *= value / at
            total += term
        return total
    term = math.exp(-value)
    total = term
    for stage in range(1, numpy.int64(stages)):
        term *= value / stage
        total += term
    return 1.0 - total


@compiled
def table_below(laws: Laws, clock: Number, time: Number) -> Number:
    """Return the distribution function of a table."""
    low, high = laws.table_first[clock], laws.table_last[clock] - 1
    if time < laws.quantiles[low]:
        return 0.0
    if time >= laws.quantiles[high]:
        return 1.0
    while high - low > 1:
        middle = (low + high) // 2
        if laws.quantiles[middle] <= time:
            low = middle
        else:
            high = middle
    width = laws.quantiles[high] - laws.quantiles[low]
    return laws.shares[low] + (laws.shares[high] - laws.shares[low]) * ((time - laws.quantiles[low]) / width)


@compiled
def likely(laws: Laws, clock: Number, due: Number, now: Number, age: Number, wait: Number) -> Number:
    """Return how likely a clock of this age comes within a wait, which may be infinite."""
    if is_fixed(laws, clock):
        return 1.0 if due - now <= wait else 0.0
    if math.isinf(wait):
        return 1.0
    kind = laws.kind[clock]
    if kind == EXPONENTIAL:
        return -math.expm1(-wait / laws.first[clock])
    if kind == LOGNORMAL and age > 0.0:
        young = (math.log(age) - laws.first[clock]) / laws.second[clock]
        if young > 0.0:  # where both are nearly 1, what is left of them is told apart
            old = (math.log(age + wait) - laws.first[clock]) / laws.second[clock]
            return 1.0 - normal_below(-old) / normal_below(-young)
    passed = below(laws, clock, age)
    if passed >= 1.0:
        return 1.0
    return max(0.0, below(laws, clock, age + wait) - passed) / (1.0 - passed)


@compiled
def remaining(laws: Laws, clock: Number, due: Number, now: Number, age: Number, share: Number) -> Number:
    """Return a quantile of how long a clock of this age still runs."""
    if is_fixed(laws, clock):
        return max(0.0, due - now)
    kind = laws.kind[clock]
    if kind == EXPONENTIAL:
        return -math.log1p(-share) * laws.first[clock]
    passed = below(laws, clock, age)
    if passed >= 1.0:
        return 0.0
    target = passed + share * (1.0 - passed)
    if kind == UNIFORM:
        return laws.first[clock] + (laws.second[clock] - laws.first[clock]) * target - age
    if kind == LOGNORMAL:
        value = 0.0
        if target < 0.5:
            value = normal_quantile(target)
        else:
            young = (math.log(age) - laws.first[clock]) / laws.second[clock] if age > 0.0 else -40.0
            value = -normal_quantile(normal_below(-young) * (1.0 - share))
        return max(0.0, math.exp(laws.first[clock] + laws.second[clock] * value) - age)
    if kind == ERLANG:
        return gamma_remaining(laws, clock, age, target)
    return max(0.0, from_table(laws, clock, target) - age)


@compiled
def gamma_remaining(laws: Laws, clock: Number, age: Number, target: Number) -> Number:
    """Return by when so much of an Erlang distribution is over, from an age on."""
    low: Number = 0.0
    high: Number = laws.first[clock]
    while below(laws, clock, age + high) < target:
        high *= 2.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        if below(laws, clock, age + middle) < target:
            low = middle
        else:
            high = middle
    return high


@compiled
def fill_residuals(laws: Laws, ages: Float64, waits: Float64, shares: Float64) -> None:
    """Put into `shares` how likely the first clock comes within each wait at each age; and the waits by the shares."""
    for each in range(len(ages)):
        shares[each] = likely(laws, 0, 0.0, 0.0, ages[each], waits[each])
        waits[each] = remaining(laws, 0, 0.0, 0.0, ages[each], shares[each])
