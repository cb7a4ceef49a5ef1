"""Intervals: those that tables have, and as many of them cover as they say."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from deadheat.scenarios import estimates
from deadheat.scenarios.estimates import Estimate, mean_of, quantile_of, share_of

REPETITIONS = 600


@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(0, 10, 0.0, 0.2775), (1, 10, 0.0179, 0.4042), (10, 100, 0.0552, 0.1744), (10, 10, 0.7225, 1.0)],
)
def test_the_interval_of_a_share_is_wilsons(count: int, total: int, low: float, high: float) -> None:
    found = share_of(count, total)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(("count", "low", "high"), [(10, 2, 9), (25, 8, 18), (100, 40, 61)])
def test_the_interval_of_a_median_lies_between_the_ranks_that_tables_have(count: int, low: int, high: int) -> None:
    assert quantile_of(numpy.arange(1.0, count + 1), 0.5) == Estimate(count // 2 + 1, low, high)


def test_nothing_bounds_a_quantile_of_which_too_little_was_seen() -> None:
    """Of 50 all lie below the 99th percentile in 60% of cases; of one alone nobody knows where the median is."""
    assert quantile_of(numpy.arange(1.0, 51.0), 0.99) == Estimate(50.0, 48.0, math.inf)
    assert quantile_of(numpy.array([7.0]), 0.5) == Estimate(7.0, 0.0, math.inf)
    assert quantile_of(numpy.array([]), 0.5) is None


def test_the_interval_of_a_mean_is_students() -> None:
    found = mean_of(numpy.array([1.0, 2.0, 3.0, 4.0]))
    assert found.value == 2.5
    assert found.high - 2.5 == pytest.approx(3.1824 * math.sqrt(5 / 3 / 4), rel=1e-4)
    assert mean_of(numpy.array([1.0])) == Estimate(1.0, -math.inf, math.inf)
    assert mean_of(numpy.array([1.0, math.inf])) == Estimate(math.inf, math.inf, math.inf)


def covered(estimate: Callable[[Any], Estimate | None], truth: float, count: int) -> float:
    """Return how many intervals have the truth in them, each of so many exponential times of mean 1."""
    random = numpy.random.default_rng(count)
    found = [estimate(numpy.sort(random.exponential(size=count))) for _ in range(REPETITIONS)]
    return sum(each is not None and each.low <= truth <= each.high for each in found) / REPETITIONS


@pytest.mark.parametrize("count", [1, 5, 50, 400])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_intervals_of_quantiles_cover_however_few_were_seen(count: int, share: float) -> None:
    assert covered(lambda each: quantile_of(each, share), -math.log(1 - share), count) >= 0.93


@pytest.mark.parametrize("count", [60, 400])
def test_intervals_of_means_cover(count: int) -> None:
    assert 0.91 <= covered(mean_of, 1.0, count) <= 0.98


def test_ranks_that_are_off_by_one_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    fewest = estimates._fewest
    monkeypatch.setattr(estimates, "_fewest", lambda likely, count, share: fewest(likely, count - 1, share))
    assert quantile_of(numpy.arange(1.0, 26.0), 0.5) != Estimate(13.0, 8.0, 18.0)
    assert quantile_of(numpy.arange(1.0, 101.0), 0.5) != Estimate(51.0, 40.0, 61.0)
