"""A forked command is like one that was started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import deadheat, forked


@pytest.mark.parametrize("arguments", [["list", "faults"], ["check", "--no-such-option"], ["replay", "nowhere.json"]])
def test_a_forked_command_says_what_a_started_one_says(arguments: list[str], tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "COLUMNS": "77"}
    command = [sys.executable, "-m", "deadheat", *arguments]
    real = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120)
    done = deadheat(*arguments, env=environment, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (real.returncode, real.stdout, real.stderr)


def test_a_forked_command_works_in_its_folder(tmp_path: Path) -> None:
    saved = deadheat("show", "baseline", "-p", "no-permanent-orphan", "--save", "orphan.json", cwd=tmp_path)
    assert saved.returncode == 1
    assert (tmp_path / "orphan.json").exists()


def test_a_forked_program_is_what_runs_and_has_its_arguments() -> None:
    text = "import sys\nassert sys.modules['__main__'].sys is sys\nprint(__name__, sys.argv)\nsys.exit(3)"
    real = subprocess.run([sys.executable, "-c", text, "a"], capture_output=True, text=True, check=False)
    done = forked("python", "-c", text, "a")
    assert (done.returncode, done.stdout, done.stderr) == (real.returncode, real.stdout, real.stderr)
    assert real.stdout == "__main__ ['-c', 'a']\n"


def test_a_forked_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        deadheat("check", timeout=0)
    assert deadheat("--version").returncode == 0
