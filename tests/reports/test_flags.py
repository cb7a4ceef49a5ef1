"""What the engine says of its options is passed on with the names that the command line has for them."""

from __future__ import annotations

import pickle

import pytest
from typer.testing import CliRunner

from deadheat.cli import app
from deadheat.reports.flags import FLAGS, said, told
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.stop import Limit, Stop


@pytest.mark.parametrize("limit", sorted({*Limit} - {Limit.DISK, Limit.INTERRUPTED}))
def test_a_limit_is_told_with_the_flag_that_raises_it(limit: Limit) -> None:
    assert told(Stop(limit, "it is reached")) == f"it is reached ({FLAGS[limit]})"
    assert (
        told(Stop(limit, "it is reached", "x grew")) == f"it is reached ({FLAGS[limit]}); x grew, and may have no bound"
    )
    assert FLAGS[limit] in CliRunner().invoke(app, ["check", "--help"]).output


@pytest.mark.parametrize("limit", [Limit.DISK, Limit.INTERRUPTED])
def test_what_no_flag_raises_is_told_as_it_is(limit: Limit) -> None:
    assert told(Stop(limit, "it is reached")) == "it is reached"


def test_an_error_is_told_with_the_flag_that_it_is_about_and_its_notes_below() -> None:
    error = UsageError("It takes no such size.", about="settings")
    error.add_note("It came from ours.py.")
    assert said(error) == "It takes no such size (--set NAME=VALUE).\nIt came from ours.py."
    assert said(UsageError("It takes no such size.")) == "It takes no such size."


def test_what_an_error_is_about_is_not_lost_between_processes() -> None:
    error = pickle.loads(pickle.dumps(UsageError("It takes no such size.", about="settings")))
    assert said(error) == "It takes no such size (--set NAME=VALUE)."
