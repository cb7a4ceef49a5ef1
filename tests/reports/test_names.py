"""Names in lists and timelines."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from deadheat.models.faults import FAULTS
from deadheat.reports.catalogue import print_catalogue
from deadheat.reports.names import folded


def printed(show: Callable[[Console], None], width: int) -> str:
    output = io.StringIO()
    show(Console(file=output, width=width))
    return output.getvalue()


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
