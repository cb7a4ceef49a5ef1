"""Names in tables: written out where there is room, else one letter a property, the same everywhere."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st
from rich.console import Console

from deadheat.models.faults import FAULTS
from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.reports.catalogue import print_catalogue
from deadheat.reports.frontier import print_frontiers
from deadheat.reports.matrix import print_matrix
from deadheat.reports.names import BROKEN_AT, broken, folded, property_letters
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import check
from deadheat.scenarios.frontier import Frontier
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import Scenario

LATER = ("terminal-is-final", "cancelled-means-stopped", "wanted-job-survives", "uncancelled-gets-job", "nothing-stuck")
"""Properties from the middle of the list, too many for their names to be written out at 60 columns."""


def printed(show: Callable[[Console], None], width: int) -> str:
    output = io.StringIO()
    show(Console(file=output, width=width))
    return output.getvalue()


def tables(properties: tuple[str, ...], width: int) -> list[str]:
    """Each table that has properties in its header."""
    scenario = Scenario("baseline", properties=properties)
    frontier = Frontier(scenario, properties[0], 1)
    frontiers = [replace(frontier, property=name) for name in properties]
    return [
        printed(lambda console: print_matrix([check(scenario)], console), width),
        printed(lambda console: print_frontiers(frontiers, console), width),
    ]


def test_a_letter_means_the_same_property_in_every_table() -> None:
    for text in tables(LATER, 60):
        legend = {line.split()[0]: line.split()[1].rstrip(":") for line in text.splitlines() if line[1:2] == " "}
        found = {name: letter for letter, name in legend.items() if name in PROPERTIES}
        assert found == {name: "ABCDEFGHIJ"[list(PROPERTIES).index(name)] for name in LATER}
        header = next(line for line in text.splitlines() if line.startswith("protocol"))
        assert header.split()[1:-2] == [found[name] for name in LATER]


@pytest.mark.parametrize("properties", [LATER[:1], LATER[:3], LATER])
def test_names_are_written_out_where_there_is_room(properties: tuple[str, ...]) -> None:
    for text in tables(properties, 110 if len(properties) > 3 else 80):
        head = text.partition("states")[0]
        assert all(word in head for name in properties for word in name.split("-"))
        assert not [line for line in text.splitlines() if line[:2] in {f"{letter} " for letter in "ABCDEFGHIJ"}]


def test_what_is_nobodys_property_has_a_letter_of_its_own() -> None:
    assert property_letters(["mine", "no-transient-orphan", "yours"]) == ["K", "B", "L"]
    assert len(set(property_letters([f"mine-{number}" for number in range(60)]))) == 60


@pytest.mark.parametrize("name", [*DEFAULT_PROTOCOLS, "state-machine+orphan-cleanup-by-uid+storage-worker"])
def test_a_long_name_is_broken_where_it_is_composed(name: str) -> None:
    lines = broken(name, Console(width=80)).split("\n")
    assert "".join(lines) == name
    assert all(len(line) <= BROKEN_AT for line in lines)
    assert all(line.startswith("+") or before.endswith("-") for before, line in itertools.pairwise(lines))
    assert broken(name, Console(width=120)) == name


@given(st.text())
def test_nothing_of_a_name_is_lost(name: str) -> None:
    assert broken(name, Console(width=80)).replace("\n", "") == name.replace("\n", "")


def test_at_80_columns_no_word_of_the_table_of_all_protocols_is_cut() -> None:
    """Every protocol fits into the width that `broken` leaves, and with it the widest verdicts."""
    results = [check(Scenario(each.name)) for each in PROTOCOLS[:3]]
    results.append(check(Scenario(f"baseline+{ADDITIONS[-1].name}")))
    lines = printed(lambda console: print_matrix(results, console), 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert "baseline" in map(str.strip, lines)
    assert "…" not in "".join(lines)


def test_the_list_of_faults_says_which_have_a_bound_by_nature() -> None:
    text = printed(lambda console: print_catalogue("faults", console), 120)
    for fault in FAULTS.values():
        [row] = [line for line in text.splitlines() if line.split()[:1] == [fault.kind]]
        assert ("=*" in row.split()[:3]) is not fault.bounded
    assert "bounded by nature" in text


@pytest.mark.parametrize(
    "name",
    [
        "worker/e1",
        "dispatcher/e1/2",
        "the-role-with-the-long-name/the_long_key_name1/1",
        "x" * 60,
        "/" * 30,
        "-_/" * 20,
    ],
)
def test_the_long_name_of_a_process_leaves_room_and_is_whole(name: str) -> None:
    lines = folded(name).split("\n")
    assert "".join(lines) == name
    assert all(len(line) <= 24 for line in lines) or name == "x" * 60
    assert len(name) > 24 or lines == [name]
