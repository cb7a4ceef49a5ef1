"""The one grammar of durations and ranges: what is read, what is refused, and that what is written is read again."""

from __future__ import annotations

import ast
import math
import re
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import deadheat
from deadheat.sim.durations import (
    LONGEST_D,
    UNITS_NS,
    Range,
    duration_text,
    parse_duration,
    parse_range,
)
from deadheat.sim.errors import UsageError

MS = 1_000_000
S = 1_000 * MS
durations = st.integers(min_value=0, max_value=LONGEST_D * UNITS_NS["d"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("250ms", 250 * MS),
        ("1.5s", 1_500 * MS),
        ("5m", 300 * S),
        ("2h", 7_200 * S),
        ("2d", 172_800 * S),
        ("7us", 7_000),
        ("7µs", 7_000),
        ("1ns", 1),
        ("0", 0),
        ("0s", 0),
        ("007s", 7 * S),
        ("0.000000001s", 1),
        (" 212 ms ", 212 * MS),
        ("36500d", 36_500 * 86_400 * S),
    ],
)
def test_a_duration_is_a_number_and_its_unit(text: str, expected: int) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5ms..2s", Range(5 * MS, 2 * S)),
        ("1.5ms .. 1m", Range(1_500_000, 60 * S)),
        ("..2s", Range(0, 2 * S)),
        ("5ms..", Range(5 * MS, math.inf)),
        ("0..5ms", Range(0, 5 * MS)),
        ("212ms", Range(212 * MS, 212 * MS)),
        ("1s..1s", Range(S, S)),
    ],
)
def test_a_range_has_two_ends_either_of_which_may_be_left_out(text: str, expected: Range) -> None:
    assert parse_range(text) == expected


NO_DURATIONS = [
    *("5", "1.5", "00", "-1s", "+1s", "- 1s", "nan", "nans", "inf", "infs", "1e999s", "1e3ms", "0x1s", "1_000s", "٣s"),
    *(
        "",
        " ",
        ".",
        "s",
        "ms",
        ".5s",
        "5.s",
        "1.2.3s",
        "1,5s",
        "1s1s",
        "1h30m",
        "5  s",
        "5\ts",
        "soon",
        "1s;",
        "1s\n1s",
    ),
]
NO_UNITS = ["5min", "5sec", "2hours", "1w", "1mss", "3ks"]
TOO_MUCH = ["36501d", "99999999999999999999h", "9" * 21 + "s", "9" * 100_000 + "s", "0." + "1" * 100_000 + "s"]


@pytest.mark.parametrize("text", [*NO_DURATIONS, *NO_UNITS, *TOO_MUCH, "0.0000000001s", "0.5ns"], ids=lambda t: t[:20])
def test_what_is_no_duration_is_refused_in_one_sentence_that_shows_what_is_meant(text: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_duration(text, "--every")
    said = str(error.value)
    assert " in --every " in said
    assert re.search("write a number and its unit: 250ms, 1.5s or 2h|the units are|round it|is longer than", said)
    assert len(said) < 200
    assert "\n" not in said
    assert said.count(". ") == 0


@pytest.mark.parametrize("text", ["5ms...2s", "5ms....2s", "1s..2s..3s", "...", "...2s"])
def test_a_range_has_two_dots_and_no_more(text: str) -> None:
    with pytest.raises(
        UsageError, match=r"more than the two dots of a range; write 5ms\.\.2s, 5ms\.\., \.\.2s or 212ms"
    ):
        parse_range(text, "'T7'")


@pytest.mark.parametrize("text", ["", " ", "..", " .. "])
def test_a_range_has_an_end(text: str) -> None:
    with pytest.raises(UsageError, match=r"is no range of durations; write 5ms\.\.2s"):
        parse_range(text)


@pytest.mark.parametrize("text", ["5..2s", "5ms..2", "nan..2s", "-1s..2s", "5ms..inf", "5ms-2s", "5ms:2s", "5ms.2s"])
def test_both_ends_of_a_range_are_durations(text: str) -> None:
    with pytest.raises(UsageError, match=r"is not a duration|has no unit"):
        parse_range(text)


def test_a_range_that_is_reversed_is_shown_the_right_way_round() -> None:
    with pytest.raises(UsageError, match=r"'2s\.\.5ms' in 'T7=2s\.\.5ms' ends before it begins; .*: 5ms\.\.2s\."):
        parse_range("2s..5ms", "'T7=2s..5ms'")


@given(durations)
def test_what_is_written_of_a_duration_is_read_again(time_ns: int) -> None:
    assert parse_duration(duration_text(time_ns)) == time_ns
    assert parse_duration(duration_text(time_ns).replace(" ", "")) == time_ns


@given(st.integers(0, 10**9), st.sampled_from(sorted(UNITS_NS)))
def test_every_unit_is_what_it_says(number: int, unit: str) -> None:
    expected = number * UNITS_NS[unit]
    if expected <= LONGEST_D * UNITS_NS["d"]:
        assert parse_duration(f"{number}{unit}") == parse_duration(f"{number}.000{unit}") == expected


@given(st.text())
def test_any_text_is_a_range_or_refused(text: str) -> None:
    try:
        span = parse_range(text)
    except UsageError:
        return
    assert 0 <= span.lowest_ns <= span.highest_ns


def test_nobody_else_reads_units_of_time() -> None:
    """A second table of units, or a second pattern for them, would be a second grammar."""
    found = []
    for path in sorted(Path(deadheat.__file__).parent.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                keys = {each.value for each in node.keys if isinstance(each, ast.Constant)}
                if {"s", "m"} <= keys or {"ms", "s"} <= keys:
                    found.append(path.name)
    assert found == ["durations.py"]
