"""Distributions as they are written: what they mean, and one sentence for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadheat.scenarios.distributions import parse_law, parse_laws, parse_rate_per_day
from deadheat.scenarios.profiles import PROFILES, load_profile
from deadheat.sim.errors import UsageError
from deadheat.sim.timed.laws import Law

MS, S = 1e6, 1e9


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("5ms", Law.constant(5 * MS)),
        ("constant(5ms)", Law.constant(5 * MS)),
        ("uniform(1ms, 5ms)", Law.uniform(MS, 5 * MS)),
        ("uniform(low=1ms, high=5ms)", Law.uniform(MS, 5 * MS)),
        ("exponential(mean=20ms)", Law.exponential(20 * MS)),
        ("exponential(20ms)", Law.exponential(20 * MS)),
        ("exponential(rate=4/s)", Law.exponential(S / 4)),
        ("erlang(stages=3, mean=2s)", Law.erlang(3, 2 * S)),
        ("lognormal(median=80ms, p99=2s)", Law.lognormal(80 * MS, 2 * S)),
        ("lognormal(median=80ms, p99=2s, never=20%)", Law.lognormal(80 * MS, 2 * S).but_never(0.2)),
        ("periodic(5m)", Law.periodic(300 * S)),
        ("chance(0.1%)", Law.chance(0.001)),
        ("chance(1e-3)", Law.chance(0.001)),
    ],
)
def test_a_distribution_is_read_as_it_is_written(text: str, law: Law) -> None:
    assert parse_law(text) == law


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("lognormal", "'lognormal' is not a duration"),
        ("lognormal(", "'lognormal(' is no distribution"),
        ("normal(1ms, 2ms)", "did you mean lognormal"),
        ("lognormal(median=80ms)", "lacks its p99"),
        ("lognormal(median=2s, p99=80ms)", "The p99 of lognormal(...) is below its median"),
        ("lognormal(median=80ms, p95=2s)", "no 'p95=2s'"),
        ("lognormal(median=80ms, median=2s)", "is given median twice"),
        ("exponential(mean=0)", "The mean is 0"),
        ("exponential(mean=-5ms)", "'-5ms' is not a duration"),
        ("exponential(rate=-4/s)", "The rate '-4/s' is not so many a time, more than none"),
        ("exponential(rate=0/s)", "The rate '0/s' is not so many a time, more than none"),
        ("exponential(mean=1s, rate=4/s)", "its mean and its rate"),
        ("erlang(stages=0, mean=2s)", "The stages '0' are no whole number from 1"),
        ("erlang(stages=2.5, mean=2s)", "The stages '2.5' are no whole number from 1"),
        ("periodic(0)", "The period is 0"),
        ("uniform(5ms, 1ms)", "ends before it begins"),
        ("chance(120%)", "The probability '120%' is no share"),
        ("5ms(never=2)", "is no distribution"),
        ("constant(5ms, never=2)", "The never '2' is no share"),
        ("constant(5ms, never=10%, never=20%)", "is given never twice"),
        ("chance(100%, never=50%)", "chance(...) is a share already, and takes no never; write chance(0.1%)."),
    ],
)
def test_a_bad_distribution_is_told_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_law(text)
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["T7"], "'T7' gives no latency; write NAME=DISTRIBUTION"),
        (["T7=5ms", "T7=6ms"], "The latency of 'T7' is given twice"),
        (["T7=5"], "has no unit of time"),
    ],
)
def test_a_bad_latency_is_told_in_one_sentence(texts: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as told:
        parse_laws(texts)
    assert sentence in str(told.value) or "is not a duration" in str(told.value)


@pytest.mark.parametrize(
    "content",
    [
        "latency_ms\n1\n2\n5\n",
        "1ms\n2ms\n5ms\n",
        "seconds\n0.001\n0.002\n0.005\n",
        "t_us,x\n1000,a\n2000,b\n5000,c\n",
        "when,latency (ms)\n2026-01-01,1\n2026-01-02,2\n2026-01-03,5\n",
        "\ufeffMillis\n1\n2\n5\n",
    ],
)
def test_measured_latencies_are_read_in_their_units(content: str, tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text(content)
    law = parse_law("empirical(measured.csv)", folder=tmp_path)
    assert law.shares == (0.0, 0.5, 1.0)
    assert law.quantiles == pytest.approx((MS, 2 * MS, 5 * MS))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "There are no latencies in"),
        ("latency_ms\n", "There are no latencies in"),
        ("latency\n1\n", "ends with no unit"),
        ("latency_ms\n1\nmany\n", "Measurement 2 of"),
        ("latency_ms\n1\n-2\n", "Measurement 2 of"),
        ("latency_ms\nnan\n", "Measurement 1 of"),
        ("1\n2\n", "is not a duration"),
        ("latency_ms\n1,000\n2,000\n", "has 2 columns, and there is 1; write each number without commas"),
        ("1,000ms\n", "has 2 columns, and there is 1"),
        ("5ms\n6ms,7ms\n", "Measurement 2 of"),
        ("when,wait_ms,run_s\n1,2,3\n", "has several columns with a unit, wait_ms and run_s; leave the one"),
    ],
)
def test_a_bad_csv_is_told_in_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "measured.csv").write_text(content)
    with pytest.raises(UsageError) as told:
        parse_law("empirical(measured.csv)", folder=tmp_path)
    assert sentence in str(told.value)


HISTOGRAM = """# TYPE http_seconds histogram
http_seconds_bucket{code="200",le="0.1"} 3
http_seconds_bucket{code="200",le="1"} 4
http_seconds_bucket{code="200",le="+Inf"} 4
http_seconds_bucket{code="500",le="0.1"} 0
http_seconds_bucket{code="500",le="1"} 4
http_seconds_bucket{code="500",le="+Inf"} 4
http_seconds_sum{code="200"} 1.5
"""


def test_a_prometheus_histogram_is_added_up_over_its_labels(tmp_path: Path) -> None:
    (tmp_path / "metrics.txt").write_text(HISTOGRAM)
    law = parse_law("histogram(metrics.txt)", folder=tmp_path)
    assert law.shares == (0.0, 3 / 8, 1.0, 1.0)
    assert law.quantiles == (0.0, 0.1 * S, S, S)


@pytest.mark.parametrize(
    ("name", "said", "unit_ns"),
    [
        ("http_milliseconds", "", MS),
        ("http_ms", "", MS),
        ("http:microseconds", "", MS // 1000),
        ("runtime", ", runtime, unit=ms", MS),
        ("http_seconds", ", unit=ms", MS),
    ],
)
def test_the_unit_of_a_histogram_is_that_of_its_name_or_the_one_given(
    name: str, said: str, unit_ns: int, tmp_path: Path
) -> None:
    (tmp_path / "metrics.txt").write_text(HISTOGRAM.replace("http_seconds", name))
    law = parse_law(f"histogram(metrics.txt{said})", folder=tmp_path)
    assert law.quantiles == pytest.approx((0.0, 0.1 * unit_ns, unit_ns, unit_ns))


def test_a_unit_that_there_is_not_is_told(tmp_path: Path) -> None:
    (tmp_path / "metrics.txt").write_text(HISTOGRAM)
    with pytest.raises(
        UsageError, match=r"needs a unit, and 'fortnights' is none; write histogram\(metrics\.txt, http_s"
    ):
        parse_law("histogram(metrics.txt, unit=fortnights)", folder=tmp_path)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "There is no histogram in"),
        (
            HISTOGRAM.replace('http_seconds_bucket{code="500"', 'other_bucket{code="500"'),
            "There are several histograms",
        ),
        (HISTOGRAM.replace('le="1"} 4', 'le="1"} 1'), "do not grow from bucket to bucket"),
        (HISTOGRAM.replace('+Inf"} 4', '+Inf"} 9'), "lies beyond its last finite bucket"),
        (HISTOGRAM.replace('le="+Inf"', 'le="10"'), "has no bucket +Inf"),
        (
            HISTOGRAM.replace("_seconds", ""),
            "needs a unit, which is not in its name; write histogram(metrics.txt, http, ",
        ),
        (HISTOGRAM.replace('"500",le="0.1"', '"500",le="0.2"'), "have different buckets, and cannot be added up"),
        (HISTOGRAM + HISTOGRAM, "has the same bucket twice"),
        (HISTOGRAM.replace('le="0.1"', 'le="-1"'), "has a bucket below 0"),
        (HISTOGRAM.replace('le="1"} 4', 'le="1"} NaN'), "'NaN' in"),
    ],
)
def test_a_bad_histogram_is_told_in_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.txt").write_text(content)
    with pytest.raises(UsageError) as told:
        parse_law("histogram(metrics.txt)", folder=tmp_path)
    assert sentence in str(told.value)


def test_a_file_that_there_is_not_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.csv cannot be read: No such file"):
        parse_law("empirical(nothing.csv)", folder=tmp_path)


def test_a_rate_is_so_many_a_day() -> None:
    assert parse_rate_per_day("200/h") == 4_800
    with pytest.raises(UsageError, match="'-1/h' is not so many a time"):
        parse_rate_per_day("-1/h")


@pytest.mark.parametrize("name", PROFILES)
def test_each_number_of_a_profile_that_ships_has_an_address_or_is_said_to_be_assumed(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert set(profile.sources) == set(profile.laws)
    for latency, source in profile.sources.items():
        address, _, told = source.partition(": ")
        assert address == "assumed" or address.startswith("https://"), latency
        assert len(told) > 20, latency  # what is said there, or why this number


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("name = ", "is no TOML"),
        ('name = "x"', "has no latencies"),
        ('[latencies]\nT7 = "5ms"', "did you mean latency"),
        ("[latency]\nT7 = 5", "is neither a text nor a law"),
        ('[latency]\nT7 = { law = "5ms", sauce = "x" }', "is neither a text nor a law"),
        ('[latency]\nT7 = "uniform(5ms)"', "in T7 of the profile"),
    ],
)
def test_a_bad_profile_is_told_in_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(content)
    with pytest.raises(UsageError) as told:
        load_profile(str(path))
    assert sentence in str(told.value)


def test_a_profile_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="busy"):
        load_profile("bussy")
