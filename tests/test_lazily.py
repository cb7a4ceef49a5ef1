"""Commands are imported when they are asked for, and help needs none of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from deadheat.cli import COMMANDS, app
from tests.command import deadheat

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_of_each_what_it_says_of_itself(name: str) -> None:
    command = COMMANDS[name].command(name)
    assert COMMANDS[name].told == " ".join(command.help.partition("\n\n")[0].split())
    assert command.name == name


def modules_after(*arguments: str) -> set[str]:
    """Return the modules that a command has imported when it ends, in a program of its own."""
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print(*sys.modules, file=sys.stderr))\n"
        f"sys.argv = ['deadheat', *{arguments!r}]\n"
        "from deadheat.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return set(done.stderr.split())


def test_help_imports_no_command_and_nothing_that_is_large() -> None:
    modules = modules_after("--help")
    assert "typer" in modules
    assert not {"rich", "numpy", "numba", "networkx", "scipy", "simpy", "deadheat.commands.check"} & modules


def test_a_check_of_small_spaces_imports_nothing_that_only_large_ones_need() -> None:
    modules = modules_after("check")
    assert "deadheat.sim.explore.python" in modules
    assert not {"numpy", "numba", "networkx", "scipy", "deadheat.commands.live"} & modules


def test_help_has_the_headings_of_the_options_and_every_command_in_full() -> None:
    shown = " ".join(deadheat("--help").stdout.split())
    for name, listed in COMMANDS.items():
        assert f"{name} {listed.told}" in shown
    headings = [line for line in deadheat("check", "--help").stdout.splitlines() if line and line[0] != " "]
    assert headings[1:] == ["Arguments:", "Options:", "How it is searched:"]


def test_the_commands_are_what_typer_makes_of_the_app() -> None:
    assert list(typer.main.get_command(app).commands) == list(COMMANDS)  # type: ignore[attr-defined]
