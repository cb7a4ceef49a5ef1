"""Properties are tried on few examples in every run, which are those that the many of a slow one begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.breadth import campaign, drawn, tried_on


@tried_on(st.integers(), st.booleans(), few=5, many=20)
def test_what_is_not_drawn_is_a_fixture(tmp_path: Path, number: int, flag: bool) -> None:
    assert tmp_path.exists()
    assert isinstance(number + flag, int)


def test_the_few_are_what_the_many_begin_with() -> None:
    drawn: list[int] = []

    def note(number: int) -> None:
        drawn.append(number)

    tried_on(st.integers(), few=5, many=20)(note)(5)
    few = list(drawn)
    drawn.clear()
    tried_on(st.integers(), few=5, many=20)(note)(20)
    assert (len(few), len(drawn)) == (5, 20)
    assert drawn[:5] == few


def test_a_property_that_fails_is_red() -> None:
    def never_large(number: int) -> None:
        assert number < 100

    with pytest.raises(AssertionError):
        tried_on(st.integers(), few=100, many=100)(never_large)(100)


def test_of_a_campaign_all_that_is_not_of_the_day_is_slow() -> None:
    every = campaign("letters", "abcdefgh", 3)
    today = [each for each in every if isinstance(each, str)]
    later = [each for each in every if not isinstance(each, str)]
    assert (len(today), len(later)) == (3, 5)
    assert {*today, *(each.values[0] for each in later)} == set("abcdefgh")
    assert all([mark.name for mark in each.marks] == ["slow"] for each in later)


def test_each_is_in_the_part_of_some_day() -> None:
    days = [f"2026-01-{number:02}" for number in range(1, 31)]
    assert set().union(*(drawn(day, "letters", "abcdefgh", 3) for day in days)) == set("abcdefgh")
