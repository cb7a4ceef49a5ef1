"""Programs that run users' code end with whoever asks, and with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from deadheat.gate import processes
from deadheat.gate.base import COPY
from tests.gate.project import CLOUD, Project

SLEEPS = """
import pathlib, subprocess, sys
from deadheat.gate.processes import answering

def answer(question):
    child = subprocess.Popen(["sleep", "300"])
    pathlib.Path(sys.argv[-1] if len(sys.argv) > 1 else "child").write_text(str(child.pid))
    return question.strip()[::-1]

if __name__ == "__main__":
    answering(answer)
"""

ASKS = """
import pathlib
from deadheat.gate.processes import ask
ask("hangs", b"?", pathlib.Path.cwd(), {"PYTHONPATH": "."}, 300)
"""

HANGS = """
import os, pathlib, time
from deadheat.gate.processes import answering

def answer(question):
    pathlib.Path("child").write_text(str(os.getpid()))
    time.sleep(300)
    return b""

answering(answer)
"""


def is_gone(process: int) -> bool:
    """Wait some seconds for a process to be gone, or to be nobody's child any more."""
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def number_in(file: Path) -> int:
    """Return the number in a file, once it is there."""
    for _ in range(600):
        if file.is_file() and file.read_text():
            return int(file.read_text())
        time.sleep(0.05)
    raise AssertionError(f"{file.name} was not written")


@pytest.fixture
def paths(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "sleeps.py").write_text(SLEEPS)
    (tmp_path / "hangs.py").write_text(HANGS)
    return {"PYTHONPATH": str(tmp_path)}


def test_an_answer_is_there_when_the_program_ends_whatever_it_started_and_that_is_ended(
    tmp_path: Path, paths: dict[str, str]
) -> None:
    said = processes.ask("sleeps", b"abc", tmp_path, paths, 60)
    assert (said.out, said.code) == (b"cba", 0)
    assert is_gone(number_in(tmp_path / "child"))


def test_neither_what_is_printed_early_nor_a_thread_that_stays_comes_before_the_answer(
    tmp_path: Path, paths: dict[str, str]
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello', flush=True)\n")
    stays = "import threading, time\n    threading.Thread(target=time.sleep, args=(300,)).start()\n    return question"
    (tmp_path / "sleeps.py").write_text(SLEEPS.replace("return question", stays))
    said = processes.ask("sleeps", b"abc", tmp_path, paths, 60)
    assert (said.out, said.code) == (b"cba", 0)


def test_what_takes_longer_is_ended(tmp_path: Path, paths: dict[str, str]) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        processes.ask("hangs", b"", tmp_path, paths, 2)
    assert is_gone(number_in(tmp_path / "child"))


def test_a_program_ends_with_whoever_asks_however_that_ends(tmp_path: Path, paths: dict[str, str]) -> None:
    (tmp_path / "asks.py").write_text(ASKS)
    asking = subprocess.Popen([sys.executable, "asks.py"], cwd=tmp_path, env={**os.environ, **paths})
    child = number_in(tmp_path / "child")
    asking.kill()
    asking.wait()
    assert is_gone(child)


def test_after_an_interruption_nothing_is_started(tmp_path: Path, paths: dict[str, str]) -> None:
    with pytest.raises(KeyboardInterrupt), processes.ended_if_interrupted():
        raise KeyboardInterrupt
    with pytest.raises(InterruptedError):
        processes.ask("sleeps", b"", tmp_path, paths, 60)
    with processes.ended_if_interrupted():
        assert processes.ask("sleeps", b"ab", tmp_path, paths, 60).out == b"ba"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_gate_that_is_asked_to_end_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    project.commit()
    sleeping = f"import os, pathlib, time\npathlib.Path({str(tmp_path / 'child')!r}).write_text(str(os.getpid()))\n"
    project.write("cloud.py", CLOUD.replace("from dataclasses", f"{sleeping}time.sleep(300)\nfrom dataclasses"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    gate = project.start("--base", "HEAD", TMPDIR=str(scratch))
    child = number_in(tmp_path / "child")
    gate.send_signal(number)
    gate.communicate(timeout=60)
    assert gate.returncode == 130
    assert is_gone(child)
    assert list(scratch.iterdir()) == []


def test_a_copy_that_a_killed_gate_has_left_is_removed_by_the_next(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    left, others = (Path(tempfile.mkdtemp(prefix=f"{COPY}{each}-", dir=tmp_path)) for each in (gone.pid, os.getpid()))
    somebodys = tmp_path / f"{COPY}9to5-notes"
    somebodys.mkdir()
    project = Project(tmp_path / "project")
    project.commit()
    assert project.gate("--base", "HEAD", TMPDIR=str(tmp_path)).code == 0
    assert (left.exists(), others.exists(), somebodys.exists()) == (False, True, True)
