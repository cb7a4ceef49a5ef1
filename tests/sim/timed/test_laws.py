"""Distributions: what is drawn is distributed so, and the same in compiled code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy
import pytest
from scipy import special, stats

from deadheat.sim.explore.compiled.timed_laws import Laws, fill_due
from deadheat.sim.explore.compiled.timed_residuals import fill_residuals
from deadheat.sim.random_words import stream
from deadheat.sim.timed.laws import NEVER_NS, Law, drawn, generator_for, normal_quantile, phase_of

MS = 1e6
DRAWS = 4_000

LAWS = {
    "constant": (Law.constant(5 * MS), None),
    "uniform": (Law.uniform(2 * MS, 9 * MS), stats.uniform(2 * MS, 7 * MS)),
    "exponential": (Law.exponential(80 * MS), stats.expon(scale=80 * MS)),
    "Erlang": (Law.erlang(4, 80 * MS), stats.gamma(4, scale=20 * MS)),
    "lognormal": (Law.lognormal(80 * MS, 2_000 * MS), stats.lognorm(1.383686, scale=80 * MS)),
    "table": (Law.table((0.0, 0.25, 1.0), (MS, 2 * MS, 8 * MS)), None),
    "periodic": (Law.periodic(300 * MS), stats.uniform(0, 300 * MS)),
    "now and then": (Law.exponential(80 * MS).but_never(0.3), None),
}


def drawn_ns(law: Law, count: int) -> list[int]:
    """Return what is drawn at the start of so many runs."""
    bases = [stream(11, number) for number in range(count)]
    return [drawn(law, generator_for(base, 7, 0), 0, phase_of(base, 7, law.first)) for base in bases]


@pytest.mark.parametrize("name", [name for name, (_, known) in LAWS.items() if known is not None])
def test_what_is_drawn_is_distributed_as_scipy_says(name: str) -> None:
    law, known = LAWS[name]
    assert known is not None
    assert stats.kstest(drawn_ns(law, DRAWS), known.cdf).pvalue > 0.001
    if name != "periodic":  # from then on a whole period
        assert law.mean_ns == pytest.approx(known.mean(), rel=1e-4)


def test_a_table_is_straight_between_its_quantiles() -> None:
    found = numpy.array(drawn_ns(LAWS["table"][0], DRAWS))
    assert numpy.mean(found < 2 * MS) == pytest.approx(0.25, abs=0.03)
    assert numpy.mean(found < 5 * MS) == pytest.approx(0.625, abs=0.03)
    assert found.mean() == pytest.approx(LAWS["table"][0].mean_ns, rel=0.03)


def test_what_may_never_come_does_not_in_that_share_of_cases() -> None:
    found = numpy.array(drawn_ns(LAWS["now and then"][0], DRAWS))
    assert numpy.mean(found == NEVER_NS) == pytest.approx(0.3, abs=0.03)


def test_a_period_comes_at_every_multiple_and_never_twice_at_one_instant() -> None:
    law = Law.periodic(300)
    assert drawn(law, generator_for(1, 2, 0), 0, 17) == 17
    assert drawn(law, generator_for(1, 2, 1), 17, 17) == 317
    assert drawn(law, generator_for(1, 2, 2), 1_000, 17) == 1_217


def laws_of(law: Law) -> Laws:
    """Return the arrays of one clock with this law."""
    floats = {each: numpy.array([getattr(law, each)]) for each in ("first", "second", "never")}
    return Laws(
        kind=numpy.array([int(law.kind)]),
        **floats,
        table_first=numpy.array([0]),
        table_last=numpy.array([len(law.shares)]),
        shares=numpy.array(law.shares, float),
        quantiles=numpy.array(law.quantiles, float),
        stream=numpy.array([7], numpy.uint64),
    )


@pytest.mark.parametrize("name", LAWS)
def test_compiled_code_draws_the_same_bit_for_bit(name: str) -> None:
    law, _ = LAWS[name]
    laws = laws_of(law)
    for number in range(5):
        base = stream(3, number)
        out = numpy.zeros(2_000, numpy.int64)
        fill_due(laws, 0, numpy.zeros(1, numpy.uint64), numpy.uint64(base), 12_345, out)
        phase = phase_of(base, 7, law.first)
        assert out.tolist() == [drawn(law, generator_for(base, 7, each), 12_345, phase) for each in range(2_000)]


TABLE = (0.0, 0.25, 1.0), (1.0, 2.0, 8.0)
LEFT: dict[str, tuple[Law, Any]] = {
    "uniform": (Law.uniform(2, 9), stats.uniform(2, 7)),
    "exponential": (Law.exponential(3), stats.expon(scale=3)),
    "Erlang": (Law.erlang(4, 6), stats.gamma(4, scale=1.5)),
    "lognormal": (Law.lognormal(3, 30), stats.lognorm(numpy.log(10) / 2.3263478740408408, scale=3)),
    "table": (
        Law.table(*TABLE),
        stats.rv_histogram((numpy.array([0.25, 0.75]), numpy.array([1.0, 2.0, 8.0])), density=False),
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_of_a_clock_is_as_likely_as_its_age_says(name: str) -> None:
    law, known = LEFT[name]
    ages, waits = (each.ravel() for each in numpy.meshgrid([0.0, 0.5, 1.5, 3.0, 6.5], [3e-3, 0.01, 0.7, 2.0, 5.0]))
    shares, again = numpy.zeros(len(ages)), waits.copy()
    fill_residuals(laws_of(law), ages, again, shares)
    expected = (known.cdf(ages + waits) - known.cdf(ages)) / known.sf(ages)
    assert shares == pytest.approx(expected, rel=1e-5, abs=1e-300)
    inside = (shares > 0) & (shares < 1)
    assert again[inside] == pytest.approx(waits[inside], rel=1e-6)


def test_the_normal_quantile_is_scipys_to_the_last_digits() -> None:
    shares = numpy.concatenate([numpy.linspace(1e-4, 1 - 1e-4, 2_001), 10.0 ** -numpy.arange(4, 16)])
    for share in shares:
        assert normal_quantile(share) == pytest.approx(special.ndtri(share), rel=1e-14, abs=1e-15)


def test_an_event_draws_the_same_whatever_else_is_drawn() -> None:
    law = Law.exponential(MS)
    alone = drawn(law, generator_for(5, 7, 3), 0)
    for _ in range(3):
        drawn(law, generator_for(5, 8, 0), 0)
    assert drawn(law, generator_for(5, 7, 3), 0) == alone
    assert drawn(replace(law, first=2 * MS), generator_for(5, 7, 3), 0) == pytest.approx(2 * alone, abs=1)
