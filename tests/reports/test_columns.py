"""Tables with a column a property: every name stands above its column, whole, at every width."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from rich.text import Text

from deadheat.reports.columns import Columns, Row, print_columns
from deadheat.reports.frontier import print_frontiers
from deadheat.reports.matrix import print_matrix
from deadheat.reports.screen import Screen
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import check
from deadheat.scenarios.frontier import Frontier
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import Scenario

SEVERAL = (
    "terminal-is-final",
    "cancelled-means-stopped",
    "wanted-job-survives",
    "uncancelled-gets-job",
    "nothing-stuck",
)


WORDS = st.text("abcdefghijklm", min_size=1, max_size=9)


def shown(table: Columns, width: int) -> tuple[list[str], bool]:
    output = io.StringIO()
    is_upright = print_columns(table, Screen(file=output, width=width))
    return output.getvalue().splitlines()[1:], is_upright


def table_of(names: tuple[str, ...], rows: Mapping[str, tuple[str, ...]]) -> Columns:
    found = tuple(Row(name, tuple(map(Text, cells)), (f"{len(name):,}", "0.10")) for name, cells in rows.items())
    return Columns("What?", "protocol", names, ("states", "seconds"), found)


def verdict_tables(properties: tuple[str, ...], width: int) -> list[str]:
    scenario = Scenario("baseline", properties=properties)
    frontiers = [replace(Frontier(scenario, name, 1), property=name) for name in properties]
    matrix, frontier = io.StringIO(), io.StringIO()
    print_matrix([check(scenario)], Screen(file=matrix, width=width))
    print_frontiers(frontiers, Screen(file=frontier, width=width))
    return [matrix.getvalue(), frontier.getvalue()]


@pytest.mark.parametrize("properties", [SEVERAL[:1], SEVERAL[:3], SEVERAL])
def test_names_stand_a_word_a_line_where_there_is_room(properties: tuple[str, ...]) -> None:
    for text in verdict_tables(properties, 110 if len(properties) > 3 else 80):
        head = text.partition("states")[0]
        assert all(word in head for name in properties for word in name.split("-"))
        assert "│" not in text


def test_else_every_name_stands_whole_above_a_line_down_to_its_column() -> None:
    for text in verdict_tables(SEVERAL, 60):
        lines = text.splitlines()
        head = next(number for number, line in enumerate(lines) if line.startswith("protocol"))
        for name in SEVERAL:
            at = next(number for number, line in enumerate(lines) if line.endswith(name))
            column = lines[at].index(name)
            assert {line[column] for line in lines[at + 1 : head + 1]} == {"│"}
            assert lines[head + 1][column] in "✓✗?"


def test_at_80_columns_all_protocols_and_properties_have_their_names_whole_on_one_line() -> None:
    names = tuple(PROPERTIES)
    rows = dict.fromkeys(DEFAULT_PROTOCOLS, ("✗ 17", "✗ 10", "✗ 7", "✓", "✓", "✓", "✗ 11", "✗ 17", "✓", "✗ 16"))
    lines, is_upright = shown(table_of(names, rows), 80)
    assert not is_upright
    assert max(map(len, lines)) <= 80
    for name in rows:
        [line] = [each for each in lines if each.split()[:1] == [name]]
        assert line.split()[1:] == [word for cell in rows[name] for word in cell.split()] + [f"{len(name)}"]
    assert all(any(line.endswith(name) for line in lines) for name in names)


@given(
    st.lists(st.lists(WORDS, min_size=1, max_size=4).map("-".join), min_size=1, max_size=12, unique=True),
    st.lists(st.text("abcdefgh", min_size=1, max_size=40), min_size=1, max_size=3, unique=True),
    st.integers(40, 120),
)
def test_at_any_width_nothing_is_lost_and_nothing_broken(names: list[str], rows: list[str], width: int) -> None:
    cells = {row: tuple(f"{number}{row[0]}" for number in range(len(names))) for row in rows}
    lines, is_upright = shown(table_of(tuple(names), cells), width)
    room = max(width, 2 + max(map(len, names)), 26, *map(len, rows))
    assert max(map(len, lines)) <= room
    words = " ".join(lines).split()
    for row in rows:
        assert row in words
        assert all(words.count(cell) >= 1 for cell in cells[row])
    if not is_upright:
        assert all(any(line.endswith(name) for line in lines) for name in names)


def test_what_a_name_has_that_cannot_be_seen_is_an_escape_and_breaks_no_line() -> None:
    lines, _ = shown(table_of(("wrong",), {"a\x1b[31m\nb\u202e": ("✓",)}), 80)
    assert lines[1].startswith("a\\x1b[31m b\\u202e")
    assert len(lines) == 2
