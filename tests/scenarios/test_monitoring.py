"""The monitoring curve: closed forms, and what is simulated beside them."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from deadheat.scenarios.in_time import Question, memoryless
from deadheat.scenarios.monitoring import curve, detection_s, false_alarms_per_day
from deadheat.scenarios.profiles import load_profile
from deadheat.sim.errors import UsageError

BUSY = load_profile("busy").laws


def test_the_median_lifetime_is_half_a_period_while_nothing_else_ends_an_orphan() -> None:
    question = Question(laws=BUSY, given={}, cancellations=60_000, arrivals_per_day=2_400.0, cores=2)
    points = curve("baseline+orphan-cleanup", question, 20.0, (30, 60, 120))
    for each in points:
        assert each.lifetime_s is not None
        assert each.lifetime_s.low * 0.9 <= each.uniform_s <= each.lifetime_s.high * 1.1
        assert each.lifetime_p99_s is not None
        assert each.lifetime_p99_s.value == pytest.approx(0.99 * each.period_s, rel=0.05)
    assert [each.sweeps_per_hour for each in points] == [120, 60, 30]
    billed = [each.job_seconds_after_cancel.value or 0 for each in points]
    assert billed == sorted(billed)  # the same runs, so that a longer period costs more in each of them


def test_where_sweeps_come_without_memory_the_closed_form_is_that_of_an_exponential_time() -> None:
    question = Question(laws=memoryless(BUSY), given={}, method="exact")
    [point] = curve("baseline+orphan-cleanup", question, None, (10,))
    assert point.uniform_s == pytest.approx(10 * math.log(2))
    assert point.lifetime_s is not None
    assert point.lifetime_s.value == pytest.approx(point.uniform_s, rel=0.05)  # and the sweep itself takes some time


def test_false_alarms_are_the_tail_of_what_a_sweep_finds() -> None:
    assert false_alarms_per_day(12, 36, 600) == pytest.approx(144 * stats.poisson.sf(6, 2))
    assert false_alarms_per_day(12, 36, 10) == pytest.approx(8_640 * (1 - math.exp(-1 / 30)))


def test_a_rise_is_noticed_sooner_by_a_shorter_period_and_never_below_the_alert() -> None:
    noticed = stats.poisson.sf(6, 20)
    assert detection_s(12, 36, 600) == pytest.approx(600 * (0.5 + 1 / noticed))
    assert detection_s(12, 36, 60) < detection_s(12, 36, 3_600)
    assert detection_s(0, 36, 600) == math.inf


def test_a_protocol_without_a_cleanup_has_no_period_to_choose() -> None:
    with pytest.raises(UsageError, match="baseline has no cleanup"):
        curve("baseline", Question(laws=BUSY, given={}))
