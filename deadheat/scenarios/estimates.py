"""Estimates with confidence intervals: of shares, means and quantiles, and of the difference between two protocols.

Sources: Wilson, "Probable inference" (1927), for shares; order statistics for quantiles, by the binomial distribution
(David and Nagaraja, "Order Statistics", 7.1); Student's distribution for means; the exact sign test on runs that come
out differently (McNemar), for which of two is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Comparison", "Estimate", "compared", "compared_in_time", "mean_of", "quantile_of", "share_of", "widened"]

LEVEL = 0.95
Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, and between which it lies with 95% confidence; without choices that nobody has made, `value` is given.

    Where there are such choices, `low` and `high` are the least and the greatest answer.
    """

    value: float | None
    low: float
    high: float

    @property
    def at_most(self) -> float:
        """The value; where there are choices that nobody has made, the greatest."""
        return self.high if self.value is None else self.value

    def scaled(self, factor: float) -> Estimate:
        """Return it in another unit."""
        value = None if self.value is None else self.value * factor
        return Estimate(value, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Comparison:
    """How two protocols differ, on the same random numbers: `difference` is the second less the first, of a run.

    `measure` is what differs: how many runs leave an orphan, or how many seconds orphans live. `confidence` is that of
    the sign: how sure it is that the better one is better.
    """

    measure: Literal["orphans", "orphan-seconds"]
    first: str
    second: str
    difference: Estimate
    confidence: float

    @property
    def better(self) -> str | None:
        """The one with less, if there is a difference."""
        value = self.difference.value
        return None if not value else (self.second if value < 0 else self.first)


def share_of(count: int, total: int) -> Estimate:
    """Return a share, with Wilson's interval."""
    if total == 0:
        return Estimate(None, 0.0, 1.0)
    share = count / total
    middle = (share + Z * Z / (2 * total)) / (1 + Z * Z / total)
    half = Z / (1 + Z * Z / total) * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    low = 0.0 if count == 0 else max(0.0, middle - half)
    return Estimate(share, low, 1.0 if count == total else min(1.0, middle + half))


def mean_of(values: Any) -> Estimate:
    """Return a mean, with the interval of the central limit theorem; infinite where some value is."""
    from scipy.special import stdtrit

    count = len(values)
    if count == 0:
        return Estimate(None, 0.0, math.inf)
    mean = float(values.mean())
    if math.isinf(mean):
        return Estimate(mean, mean, mean)
    spread = float(values.std(ddof=1)) / math.sqrt(count) if count > 1 else math.inf
    half = float(stdtrit(count - 1, 0.5 + LEVEL / 2)) * spread if count > 1 else math.inf
    return Estimate(mean, mean - half, mean + half)


def quantile_of(ordered: Any, share: float) -> Estimate | None:
    """Return a quantile of ordered times, with the interval between two of them; None where there is none.

    How many lie below a quantile is binomial, whatever the distribution. Where so few were seen that none of them is
    surely above it, nothing bounds it, and where none is surely below it, but 0.
    """
    count = len(ordered)
    if count == 0:
        return None
    below, above = _fewest(0.5 - LEVEL / 2, count, share), _fewest(0.5 + LEVEL / 2, count, share) + 1
    return Estimate(
        float(ordered[min(count - 1, int(count * share))]),
        float(ordered[below - 1]) if below > 0 else 0.0,
        float(ordered[above - 1]) if above <= count else math.inf,
    )


def _fewest(likely: float, count: int, share: float) -> int:
    """Return the least number of successes that at most so many are, of that many, with at least this probability."""
    from scipy.special import bdtr, bdtrik

    found = math.ceil(bdtrik(likely, count, share))
    return found - 1 if found > 0 and bdtr(found - 1, count, share) >= likely else max(found, 0)


def compared(first: str, second: str, first_met: Any, second_met: Any) -> Comparison:
    """Compare two protocols by what each of the same runs has met."""
    from scipy.stats import binomtest

    count = len(first_met)
    more, less = int((second_met & ~first_met).sum()), int((first_met & ~second_met).sum())
    value = (more - less) / count
    spread = math.sqrt(max(more + less - (more - less) ** 2 / count, 0.0)) / count
    confidence = 1.0 - float(binomtest(min(more, less), more + less).pvalue) if more + less else 0.0
    return Comparison("orphans", first, second, Estimate(value, value - Z * spread, value + Z * spread), confidence)


def compared_in_time(first: str, second: str, first_s: Any, second_s: Any) -> Comparison | None:
    """Compare two protocols by how long orphans live in the same runs; None where some live for ever."""
    difference = second_s - first_s
    if not (abs(difference) < math.inf).all():
        return None
    found = mean_of(difference)
    if found.value is None or found.high == math.inf:
        return None
    spread = (found.high - found.low) / (2 * Z)
    confidence = math.erf(abs(found.value) / spread / math.sqrt(2)) if spread > 0 else float(found.value != 0)
    return Comparison("orphan-seconds", first, second, found, confidence)


def widened(estimates: list[Estimate]) -> Estimate:
    """Return the least and the greatest of several answers, one for each way to choose."""
    if len(estimates) == 1:
        return estimates[0]
    return Estimate(None, min(each.low for each in estimates), max(each.high for each in estimates))
