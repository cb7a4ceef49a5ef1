"""Tables and timelines are what is kept of them, fit their terminals, and hold what users wrote as text."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from deadheat.reports.lanes import shortened
from deadheat.reports.screen import Screen
from deadheat.reports.timeline import Likely, Marks, print_plainly, print_timeline
from deadheat.scenarios.check import Counterexample, check
from deadheat.scenarios.race import race_of
from deadheat.scenarios.scenario import Scenario
from tests.reports.golden_outputs import FOLDER, OUTPUTS, WIDTHS, file_of, shown

COPIED = "See one: "
"""Commands to be copied are in one line, whatever the terminal."""


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_is_as_it_is_kept(name: str) -> None:
    """After a change that is meant: python -m tests.reports.golden_outputs."""
    for width in WIDTHS:
        text = shown(OUTPUTS[name], width)
        assert text == file_of(name, width).read_text(encoding="utf-8")
        if "plain" not in name:
            assert max(len(line) for line in text.splitlines() if not line.startswith(COPIED)) <= width


def test_no_output_is_kept_of_what_is_no_longer_there() -> None:
    assert {each.name for each in FOLDER.iterdir()} == {
        file_of(name, width).name for name in OUTPUTS for width in WIDTHS
    }


@pytest.fixture(scope="module")
def orphan() -> Counterexample:
    found = check(Scenario("baseline", properties=("no-transient-orphan",))).outcomes[0].counterexample
    assert found is not None
    return found


def drawn(found: Counterexample, width: int, **options: object) -> str:
    output = io.StringIO()
    print_timeline(found, Screen(file=output, width=width, **options), 7, race_of(found))
    return output.getvalue()


def test_sixteen_colours_are_enough(orphan: Counterexample) -> None:
    text = drawn(orphan, 80, force_terminal=True, color_system="standard")
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", text) for code in found.split(";")}
    assert codes - {"", "0"}
    assert "38" not in codes  # of 256 colours, or more
    assert "48" not in codes


def test_without_colours_nothing_is_lost(orphan: Counterexample, monkeypatch: pytest.MonkeyPatch) -> None:
    coloured = drawn(orphan, 80, force_terminal=True, color_system="standard")
    monkeypatch.setenv("NO_COLOR", "1")
    without = drawn(orphan, 80, force_terminal=True)
    assert not re.search(r"\x1b\[(?:\d;)*3\d", without)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == re.sub(r"\x1b\[[\d;]*m", "", without) == drawn(orphan, 80)


def test_the_race_window_is_between_the_steps_that_the_free_step_must_keep_to(orphan: Counterexample) -> None:
    race = race_of(orphan)
    assert race is not None
    assert (race.step, race.late, race.early) == (4, ((2, 6),), ((7, 10),))
    marks = Marks(race=race)
    assert [number for number in range(1, 11) if marks.is_in_race(number)] == list(range(3, 11))
    assert [line[3] for line in drawn(orphan, 80).splitlines() if re.match(r" ?\d+ [ ░]", line)] == list("  ░░░░░░░░")


def test_an_arrow_goes_from_the_lane_of_its_process_to_that_of_its_component(orphan: Counterexample) -> None:
    lines = drawn(orphan, 200).splitlines()
    lanes = {line.split()[-1]: line.rindex(line.split()[-1]) for line in lines if re.fullmatch(r" +(│ +)*\S+", line)}
    [killed] = [line for line in lines if line.startswith(" 7 ")]
    assert killed[lanes["cancel"]] == "◀"
    [created] = [line for line in lines if line.startswith("10 ")]
    assert created[lanes["dispatcher/1"]] == "●"
    head = next(line for line in lines if "kubernetes " in line or line.endswith("kubernetes"))
    at = head.index("kubernetes")
    assert (killed[at], created[at]) == ("●", "▶")
    assert set(killed[lanes["cancel"] + 1 : at]) == {"─", "┼"}


def test_likelihoods_have_a_column_where_they_are_known_and_none_where_they_are_not(orphan: Counterexample) -> None:
    output = io.StringIO()
    likely = Likely({7: "12 %", 10: "1.5 %"}, "What that is.")
    print_timeline(orphan, Screen(file=output, width=100), 7, None, likely)
    with_them = output.getvalue().splitlines()
    assert "What that is." in with_them
    [killed] = [line for line in with_them if line.startswith(" 7 ")]
    [created] = [line for line in with_them if line.startswith("10 ")]
    assert killed.split()[:4] == ["7", "T5", "12", "%"]
    assert created.split()[:4] == ["10", "T8", "1.5", "%"]
    assert "%" not in drawn(orphan, 100)


HOSTILE = """
from deadheat import Component, Model, Process, Property, Kind, Step, operation

NAME = "w\\x1b[31mx[bold]y[/bold]\\u202ez\\n ✗ ━━ the race is lost here"

class Cell(Component):
    initial = "[red]" + NAME

    @operation
    def set(self, value, text):
        return (Step("[link=x]" + NAME, text),)

    def describe(self, value):
        return value

def role():
    yield Cell("cell" + NAME).set("\\x07[blink]" + NAME)

def wrong(text):
    return NAME if "blink" in text else None

def model() -> Model:
    name = "cell" + NAME
    return Model(
        {name: Cell(name)},
        (Process(NAME, role),),
        (Property("never[bold]", "m[red]\\x1b[2J", Kind.ALWAYS, (name,), lambda view: wrong(view[name])),),
    )
"""


def test_names_are_inert_whatever_they_hold(tmp_path: Path) -> None:
    file = tmp_path / "hostile.py"
    file.write_text(HOSTILE, encoding="utf-8")
    result = check(Scenario(f"{file}:model"))
    found = result.outcomes[0].counterexample
    assert found is not None
    for width in (80, 200):
        output = io.StringIO()
        console = Screen(file=output, width=width)
        print_timeline(found, console, 1)
        print_plainly(found, console, 1)
        text = output.getvalue()
        assert not set("\x1b\x07\u202e") & set(text)
        assert "[bold]" in text
        assert "[blink]" in text.replace("\n", "")
        assert "\\x1b" in text
        assert [line for line in text.splitlines() if line.startswith(" ✗  ━━ ")] == [
            line for line in text.splitlines() if re.match(r" ✗  ━━ the race is lost here ━+$", line)
        ]


@pytest.mark.parametrize(("name", "width", "short"), [("abcdef", 6, "abcdef"), ("abcdefgh", 6, "abc…gh")])
def test_a_name_that_is_too_long_keeps_its_beginning_and_its_end(name: str, width: int, short: str) -> None:
    assert shortened(name, width) == short
