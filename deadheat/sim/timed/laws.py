"""Distributions of durations, and how one is drawn: in whole nanoseconds, from a counter and a key.

What is drawn for an event depends on the seed, the number of the run, the event's own name, and how often that event
has begun to wait in the run: on nothing else. So two protocols that have an event in common draw the same for it, and
what they differ by is not blurred by chance. `sim/explore/compiled/timed_laws.py` draws the same, bit for bit.

Source of the normal quantile: Michael Wichura, "Algorithm AS 241: The percentage points of the normal distribution",
Applied Statistics 37 (1988), PPND16.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise

from deadheat.sim.random_words import RandomWords, mixed, stream

__all__ = [
    "NEVER_NS",
    "Kind",
    "Law",
    "drawn",
    "generator_for",
    "key_of",
    "normal_quantile",
    "phase_of",
    "stream",
    "way_stream",
]

NEVER_NS = 1 << 62
"""The time of what does not come."""

LONGEST_NS = 36_500.0 * 86_400e9
"""A draw is cut off here, at a hundred years: the longest time that can be waited for."""

WAY = 0xA24BAED4963EE407
STEP = 0x9E3779B97F4A7C15
SMALLEST = 2.0**-54
Z99 = 2.3263478740408408
"""The 99th percentile of the standard normal distribution."""


class Kind(IntEnum):
    """The families of distributions; the numbers are those of the compiled twin."""

    CONSTANT = 0
    UNIFORM = 1
    EXPONENTIAL = 2
    ERLANG = 3
    LOGNORMAL = 4
    TABLE = 5
    PERIODIC = 6
    CHANCE = 7


@dataclass(frozen=True, slots=True)
class Law:
    """A distribution, in nanoseconds.

    `first` and `second` are the constant; the two ends of a uniform; the mean of an exponential; the mean and the
    number of stages of an Erlang; the mean and the standard deviation of the logarithm of a lognormal; the period. A
    TABLE has the `shares` from 0 to 1, and the quantile at each in `quantiles`, between which it goes straight. With
    the probability `never` it does not come at all. A CHANCE is no duration, but how likely a fault is, `first`, each
    time that its step happens.
    """

    kind: Kind
    first: float = 0.0
    second: float = 0.0
    shares: tuple[float, ...] = ()
    quantiles: tuple[float, ...] = ()
    never: float = 0.0

    @classmethod
    def constant(cls, time_ns: float) -> Law:
        """Return the law of what always takes so long."""
        return cls(Kind.CONSTANT, float(time_ns))

    @classmethod
    def uniform(cls, low_ns: float, high_ns: float) -> Law:
        """Return the law of what takes any time between two, each as likely."""
        return cls(Kind.UNIFORM, float(low_ns), float(high_ns))

    @classmethod
    def exponential(cls, mean_ns: float) -> Law:
        """Return the law without memory."""
        return cls(Kind.EXPONENTIAL, float(mean_ns))

    @classmethod
    def erlang(cls, stages: int, mean_ns: float) -> Law:
        """Return the law of so many exponential stages, one after the other."""
        return cls(Kind.ERLANG, float(mean_ns), float(stages))

    @classmethod
    def lognormal(cls, median_ns: float, p99_ns: float) -> Law:
        """Return the law whose logarithm is normal."""
        return cls(Kind.LOGNORMAL, math.log(median_ns), math.log(p99_ns / median_ns) / Z99)

    @classmethod
    def table(cls, shares: Sequence[float], quantiles_ns: Sequence[float]) -> Law:
        """Return the law with these quantiles, straight between them."""
        return cls(Kind.TABLE, shares=tuple(shares), quantiles=tuple(quantiles_ns))

    @classmethod
    def periodic(cls, period_ns: float) -> Law:
        """Return the law of what comes at every multiple of a period, which began at any moment before the run."""
        return cls(Kind.PERIODIC, float(period_ns))

    @classmethod
    def chance(cls, probability: float) -> Law:
        """Return the law of a fault that is met with this probability, each time that its step happens."""
        return cls(Kind.CHANCE, float(probability))

    def but_never(self, share: float) -> Law:
        """Return this law for what does not come at all in this share of cases."""
        return replace(self, never=float(share))

    @property
    def is_exponential(self) -> bool:
        """Whether a chain can hold it exactly: it is exponential, Erlang, or takes no time at all."""
        return self.kind in (Kind.EXPONENTIAL, Kind.ERLANG) or self.takes_no_time

    @property
    def takes_no_time(self) -> bool:
        """Whether it is 0, wherever it comes."""
        return self.kind is Kind.CONSTANT and self.first == 0

    @property
    def stages(self) -> int:
        """How many exponential stages it has; 0 where it is not made of them."""
        if self.kind is Kind.EXPONENTIAL:
            return 1
        return int(self.second) if self.kind is Kind.ERLANG else 0

    @property
    def mean_ns(self) -> float:
        """Its mean, where it comes; of a period, how long one waits for it from any moment on."""
        match self.kind:
            case Kind.UNIFORM:
                return (self.first + self.second) / 2
            case Kind.LOGNORMAL:
                return math.exp(self.first + self.second**2 / 2)
            case Kind.TABLE:
                points = zip(self.shares, self.quantiles, strict=True)
                return sum((b[0] - a[0]) * (a[1] + b[1]) / 2 for a, b in pairwise(points))
            case Kind.PERIODIC:
                return self.first / 2
            case _:
                return self.first


def key_of(text: str) -> int:
    """Return the word that stands for a name: the same on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little")


def generator_for(base: int, key: int, occurrence: int) -> RandomWords:
    """Return the numbers for one wait: of the run whose stream begins at `base`, the event, and its how manieth."""
    return RandomWords(mixed(base + key + (occurrence + 1) * STEP))


def way_stream(key: int) -> int:
    """Return which random numbers decide which way a step goes, by those of its clock."""
    return key ^ WAY


def phase_of(base: int, key: int, period_ns: float) -> int:
    """Return when, from the start of a run, a period first comes: any moment within it, each as likely."""
    return int(RandomWords(mixed(base + key)).unit() * period_ns)


def drawn(law: Law, random: RandomWords, now_ns: int, phase_ns: int = 0) -> int:
    """Return when an event comes that begins to wait now; NEVER_NS where it does not."""
    if law.never > 0 and random.unit() < law.never:
        return NEVER_NS
    if law.kind is Kind.PERIODIC:
        period = int(law.first)
        return phase_ns + ((now_ns - phase_ns) // period + 1) * period
    return now_ns + int(min(_duration(law, random), LONGEST_NS) + 0.5)


def _duration(law: Law, random: RandomWords) -> float:
    kind = law.kind
    if kind is Kind.CONSTANT:
        return law.first
    if kind is Kind.UNIFORM:
        return law.first + (law.second - law.first) * random.unit()
    if kind is Kind.EXPONENTIAL:
        return -math.log(1.0 - random.unit()) * law.first
    if kind is Kind.ERLANG:
        total = 0.0
        for _ in range(int(law.second)):
            total -= math.log(1.0 - random.unit())
        return total * (law.first / law.second)
    if kind is Kind.LOGNORMAL:
        return math.exp(law.first + law.second * normal_quantile(random.unit()))
    return _from_table(law, random.unit())


def _from_table(law: Law, unit: float) -> float:
    low, high = 0, len(law.shares) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if law.shares[middle] <= unit:
            low = middle
        else:
            high = middle
    width = law.shares[high] - law.shares[low]
    if width <= 0.0:
        return law.quantiles[high]
    return law.quantiles[low] + (law.quantiles[high] - law.quantiles[low]) * ((unit - law.shares[low]) / width)


def normal_quantile(share: float) -> float:
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
