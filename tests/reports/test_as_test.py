"""A counterexample written as a test fails today, and passes once the protocol is mended."""

from __future__ import annotations

import ast
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deadheat import Steps
from deadheat.reports.as_test import as_test
from deadheat.scenarios.check import check
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Component
from deadheat.sim.model import Kind, Model, Process, Property
from tests.command import deadheat, forked


def made(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return deadheat("show", *arguments, cwd=folder)


def ends_with(folder: Path, test: str) -> tuple[int, str]:
    done = forked("pytest", "-q", "-p", "no:cacheprovider", test, cwd=folder, together=True)
    return done.returncode, done.stdout


OURS = "from deadheat.library import {0}\n\nPROTOCOL = {0}.{1}\n"


def test_it_fails_today_and_passes_once_the_file_is_mended_wherever_the_test_lies(tmp_path: Path) -> None:
    ours, folder = tmp_path / "ours.py", tmp_path / "tests of it"
    folder.mkdir()
    ours.write_text(OURS.format("state_machine", "STATE_MACHINE"))
    done = made(tmp_path, "ours.py:PROTOCOL", "-p", "no-permanent-orphan", "--faults", "http-timeout=1",
                "--as-test", "tests of it/test_race.py")  # fmt: skip
    assert done.returncode == 1, done.stderr
    code, told = ends_with(tmp_path, "tests of it/test_race.py")
    assert code == 1
    assert "NotHeldError: no-permanent-orphan is violated." in told
    ours.write_text(OURS.format("name_tombstone", "NAME_TOMBSTONE"))
    assert ends_with(tmp_path, "tests of it/test_race.py")[0] == 0
    assert ends_with(folder, "test_race.py")[0] == 0


def test_it_is_of_the_size_and_the_settings_that_were_asked_for(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"
    assert example.exists()
    done = made(tmp_path, f"{example}:two_phase_commit~2", "--set", "managers=2", "--as-test", "test_it.py")
    assert done.returncode == 1, done.stderr
    text = (tmp_path / "test_it.py").read_text()
    assert 'settings={"managers": "2"},' in text
    assert "is violated." in ends_with(tmp_path, "test_it.py")[1]
    made(tmp_path, "baseline", "-n", "2", "-p", "no-transient-orphan", "--quiet-period", "--as-test", "test_two.py")
    assert "evaluations=2,\n" in (tmp_path / "test_two.py").read_text()
    assert "quiet=True,\n" in (tmp_path / "test_two.py").read_text()


def test_a_fault_that_can_no_longer_happen_does_not_keep_the_mended_one_red(tmp_path: Path) -> None:
    done = made(tmp_path, "baseline+orphan-cleanup", "-p", "no-permanent-orphan", "--faults", "cleanup-loss=1",
                "--as-test", "test_it.py")  # fmt: skip
    assert done.returncode == 1, done.stderr
    test = tmp_path / "test_it.py"
    test.write_text(test.read_text().replace('"baseline+orphan-cleanup"', '"name-tombstone"'))
    assert ends_with(tmp_path, "test_it.py")[0] == 0


def test_a_stop_of_a_rollout_names_both_its_files_from_where_the_test_lies(tmp_path: Path) -> None:
    for name, protocol in (("old", "baseline"), ("new", "request_token")):
        (tmp_path / f"{name}.py").write_text(OURS.format(protocol, protocol.upper()))
    (tmp_path / "tests").mkdir()
    done = made(tmp_path, "old.py:PROTOCOL%new.py:PROTOCOL%worker", "-p", "no-transient-orphan",
                "--as-test", "tests/test_it.py")  # fmt: skip
    assert done.returncode == 1, done.stderr
    text = (tmp_path / "tests" / "test_it.py").read_text()
    assert 'f"{HERE}/../old.py:PROTOCOL%{HERE}/../new.py:PROTOCOL%worker"' in text
    assert "is violated." in ends_with(tmp_path, "tests/test_it.py")[1]


def test_where_nothing_is_violated_nothing_is_written(tmp_path: Path) -> None:
    done = made(tmp_path, "name-tombstone", "-p", "no-transient-orphan", "--as-test", "test_it.py")
    assert done.returncode == 0
    assert "nothing is violated, so test_it.py was not written." in done.stderr
    assert not (tmp_path / "test_it.py").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("race.py", "give it a name such as test_the_race.py"),
        ("test_race.txt", "give it a name such as test_the_race.py"),
        ("test_mine.py", "is there already and is no test as deadheat has written it"),
        ("nowhere/test_it.py", "nowhere/test_it.py cannot be written: No such file or directory"),
    ],
)
def test_no_file_of_somebody_elses_is_overwritten(name: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text("mine\n")
    done = made(tmp_path, "baseline", "--as-test", name)
    assert done.returncode == 2
    assert told in done.stderr
    assert (tmp_path / "test_mine.py").read_text() == "mine\n"


def test_one_that_was_written_before_is_written_anew(tmp_path: Path) -> None:
    for name in ("no-transient-orphan", "no-permanent-orphan"):
        assert made(tmp_path, "baseline", "-p", name, "--as-test", "test_it.py").returncode == 1
    assert "no-permanent-orphan" in (tmp_path / "test_it.py").read_text()


def test_one_to_which_somebody_has_put_a_hand_stays(tmp_path: Path) -> None:
    write = ("baseline", "-p", "no-transient-orphan", "--as-test", "test_it.py")
    assert made(tmp_path, *write).returncode == 1
    edited = (tmp_path / "test_it.py").read_text() + "\n\ndef test_more() -> None:\n    ...\n"
    (tmp_path / "test_it.py").write_text(edited)
    assert made(tmp_path, *write).returncode == 2
    assert (tmp_path / "test_it.py").read_text() == edited


class Odd(Component):
    """A component whose texts would end a comment, a string or a line."""

    initial = 0

    def describe(self, value: object) -> str:
        return ODD_NAME


ODD_NAME = 'a"b\'c"""\n\\\u202e{HERE}</script>'


def idle() -> Steps:
    return
    yield


def test_no_name_is_ever_code() -> None:
    never = Property(ODD_NAME, ODD_NAME, Kind.ALWAYS, ("odd",), lambda view: ODD_NAME)
    model = Model({"odd": Odd("odd")}, (Process(ODD_NAME, idle),), (never,))
    result = check(Scenario(reference_to(model)))
    counterexample = result.outcomes[0].counterexample
    assert counterexample is not None
    text = as_test(replace(counterexample, violation=ODD_NAME), Path())
    [imported, function] = ast.parse(text).body
    assert isinstance(imported, ast.Import)
    assert isinstance(function, ast.FunctionDef)
    [statement] = function.body
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Call)
    assert ast.literal_eval(statement.value.args[0]) == ODD_NAME
    assert "\u202e" not in text
