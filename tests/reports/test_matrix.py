"""The table of verdicts: what it says of states told apart by fingerprint."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from deadheat.reports.machine import check_to_json
from deadheat.reports.matrix import odds_text, print_matrix
from deadheat.scenarios.check import CheckResult, check
from deadheat.scenarios.scenario import Scenario


@pytest.mark.parametrize(
    ("odds", "text"),
    [(1.0, "1 in 1"), (0.5, "1 in 2"), (0.3, "1 in 3"), (1 / 1234.5, "1 in 1,200"), (2.0**-30, "1 in 1,000,000,000")],
)
def test_odds_are_told_as_one_in_so_many_and_never_too_small(odds: float, text: str) -> None:
    assert odds_text(odds) == text
    assert 1 / int(text.removeprefix("1 in ").replace(",", "")) >= odds * 0.999_999


def result_by_fingerprint(odds: float) -> CheckResult:
    result = check(Scenario("creation-lock", properties=("terminal-is-final", "no-transient-orphan")))
    exploration = replace(result.exploration, storage="fingerprint", omission_odds=odds, bytes_per_state=11.5)
    return replace(result, exploration=exploration)


def printed(result: CheckResult) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_matrix([result], console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_beside_a_verdict_that_holds_by_fingerprint_are_the_odds() -> None:
    text = printed(result_by_fingerprint(1 / 360_000))
    [row] = [line for line in text.splitlines() if line.split()[:1] == ["creation-lock"]]
    # The violated one has its steps alone: it is real, whatever was left out.
    assert row.split()[1:7] == ["✗", "8", "✓", "(1", "in", "360,000)"]
    assert "stored by fingerprint" in text
    assert "creation-lock: odds that any state was left out, because another has its fingerprint: at most 1 in" in text


def test_without_odds_a_verdict_stands_alone() -> None:
    text = printed(result_by_fingerprint(0.0))
    assert "✓ (" not in text
    assert "creation-lock: no two states have one fingerprint, so none was left out." in text


def test_machines_are_told_the_odds() -> None:
    entries = json.loads(check_to_json([result_by_fingerprint(0.25)]))["results"]
    assert [(each["storage"], each["omission_odds"]) for each in entries] == [("fingerprint", 0.25)] * 2
