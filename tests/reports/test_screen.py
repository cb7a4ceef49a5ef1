"""The console on which results are printed: what users wrote does nothing there."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.table import Table
from rich.text import Text

from deadheat.commands.ending import console, say
from deadheat.reports.matrix import print_matrix
from deadheat.reports.screen import Screen, print_command
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario

HOSTILE = "a\x1b[2Jb\u202ec[bold]d[/]"
SHOWN = "a\\x1b[2Jb\\u202ec[bold]d[/]"


def printed(*what: object, **options: object) -> str:
    output = io.StringIO()
    for each in what:
        Screen(file=output, width=120, **options).print(each)
    return output.getvalue()


def test_texts_strings_and_cells_are_shown_and_do_nothing() -> None:
    table = Table()
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    for what in (HOSTILE, Text(HOSTILE), table):
        text = printed(what)
        assert SHOWN in text
        assert not {"\x1b", "\u202e"} & set(text)
        assert len({len(line) for line in text.splitlines()[1:]}) <= 1  # the table is as wide as what it shows


def test_colours_are_still_there_on_a_terminal() -> None:
    assert printed(Text("red", style="red"), force_terminal=True, color_system="standard").startswith("\x1b[31m")


def test_commands_print_on_such_a_console() -> None:
    assert isinstance(console(), Screen)


def test_what_is_said_of_a_mistake_does_nothing_either(capsys: pytest.CaptureFixture[str]) -> None:
    say(f"deadheat: there is no {HOSTILE}")
    assert capsys.readouterr().err == f"deadheat: there is no {SHOWN}\n"


def test_a_command_to_be_copied_stays_in_one_line() -> None:
    output = io.StringIO()
    print_command(Screen(file=output, width=40), "See one: ", "deadheat show " + "x" * 60)
    assert output.getvalue() == f"See one: deadheat show {'x' * 60}\n"


def test_the_name_of_a_protocol_in_a_table_of_verdicts_is_text() -> None:
    result = check(Scenario("baseline", properties=("terminal-is-final",)))
    scenario = replace(result.scenario)
    object.__setattr__(scenario, "protocol", HOSTILE)
    output = io.StringIO()
    named = replace(result, scenario=scenario)
    monkeyed = replace(named, outcomes=tuple(replace(each, counterexample=None) for each in named.outcomes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Scenario, "subject", result.scenario.subject)
        print_matrix([monkeyed], Screen(file=output, width=120))
    assert SHOWN in output.getvalue()
    assert not {"\x1b", "\u202e"} & set(output.getvalue())
