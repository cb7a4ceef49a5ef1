"""Runs told in sentences, wherever a run is told, by an option or once for all by the environment."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import deadheat.commands
from deadheat import api
from deadheat.reports.wishes import PLAIN
from tests.command import deadheat as command

COMMANDS = sorted(Path(deadheat.commands.__file__).parent.glob("*.py"))


def calls_of_timeline(file: Path) -> list[ast.Call]:
    return [
        each
        for each in ast.walk(ast.parse(file.read_text()))
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "timeline"
    ]


def test_every_command_that_prints_a_timeline_can_tell_it_in_sentences() -> None:
    calling = {file.name: calls_of_timeline(file) for file in COMMANDS}
    assert {name for name, calls in calling.items() if calls} >= {"check.py", "replay.py", "fuzz.py", "rollout.py"}
    for name, calls in calling.items():
        for call in calls:
            assert "plain" in {each.arg for each in call.keywords}, f"{name}:{call.lineno}"


def test_the_option_and_the_environment_ask_for_the_same(tmp_path: Path) -> None:
    shown = command("show", "baseline", "--property", "terminal-is-final", "--save", "a.json", cwd=tmp_path)
    assert "●" in shown.stdout
    by_option = command("replay", "a.json", "--plain", cwd=tmp_path)
    by_wish = command("replay", "a.json", env={PLAIN: "1"}, cwd=tmp_path)
    assert by_option.stdout == by_wish.stdout
    assert "7. T1, worker/e1 on status/e1: set provisioning. Now status/e1 is: provisioning.\n" in by_wish.stdout
    assert "●" not in by_wish.stdout
    runs = command("show", "name-tombstone", "--runs", "2", env={PLAIN: "1"}, cwd=tmp_path)
    assert "●" not in runs.stdout
    assert next(each for each in runs.stdout.splitlines() if each.startswith("Run 2 of 2, longest")).endswith(".")


def test_what_python_shows_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    found = api.check("baseline", properties=["terminal-is-final"])
    assert "●" in found.timeline("terminal-is-final")
    monkeypatch.setenv(PLAIN, "yes")
    assert "6. T6, cancel/e1 on status/e1: set cancelled." in found.timeline("terminal-is-final")
