"""A user's mistake is answered with what, where and how to mend it, in one sentence and without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.command import deadheat
from tests.users_mistakes import CREATE, EVERY, MODEL, Mistake, model, protocol

SOON = {"DEADHEAT_STEP_SECONDS": "1", "COLUMNS": "1000"}


def checked(folder: Path, text: str, of: str = "PROTOCOL", *options: str) -> subprocess.CompletedProcess[str]:
    """Check what is in a file of the user's, as a command."""
    (folder / "ours.py").write_text(text)
    done = deadheat("check", f"ours.py:{of}", *options, cwd=folder, env={**os.environ, **SOON})
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("mistake", EVERY, ids=str)
def test_a_mistake_is_answered_in_one_sentence_with_its_place(mistake: Mistake, tmp_path: Path) -> None:
    done = checked(tmp_path, mistake.text, mistake.of)
    assert done.stderr == f"deadheat: {mistake.said}\n"
    assert (done.returncode, done.stdout) == (2, "")


def test_no_two_mistakes_have_one_name() -> None:
    assert len({each.name for each in EVERY}) == len(EVERY)


def test_what_is_as_it_should_be_is_checked(tmp_path: Path) -> None:
    """So that each mistake is the only one in its file."""
    assert checked(tmp_path, protocol(CREATE)).returncode == 1
    assert checked(tmp_path, model(), "model").returncode == 0


# Exceptions of the user's own, with the user's part of the traceback and the steps that lead there

DIVIDES = """
def share(whole, parts):
    return whole / parts
"""


def test_an_exception_in_a_role_is_shown_with_the_users_frames_and_the_schedule(tmp_path: Path) -> None:
    done = checked(tmp_path, protocol("yield system.store.get(request.evaluation)\nreturn share(1, 0)", DIVIDES))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == dedent("""\
        deadheat: The process 'dispatcher/e1/1' failed after 2 outcomes in share (ours.py:10): \
        ZeroDivisionError('division by zero').
          ours.py:8, in dispatch: return share(1, 0)
          ours.py:10, in share: return whole / parts
        It comes to that so:
           1  worker/e1        T0 queue/e1.deliver(e1, worker/e1) -> None
           2  worker/e1        T1 status/e1.set(e1, provisioning) -> None
           3  worker/e1        T2 http/e1.send(e1, worker/e1, None) -> 1
           4  dispatcher/e1/1  T7 http/e1.accept(e1, 1) -> from worker/e1
           5  dispatcher/e1/1  status/e1.get(e1)  <- is answered, and then it fails
        """)


def test_so_is_one_in_an_operation(tmp_path: Path) -> None:
    done = checked(tmp_path, model("return (Step(None, 3 // (1 - value)),)", "yield counter.add(1)\n" * 2), "model")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == dedent("""\
        deadheat: counter.add(1) failed in add (ours.py:9): ZeroDivisionError('integer division or modulo by zero').
          ours.py:9, in add: return (Step(None, 3 // (1 - value)),)
        It comes to that so:
           1  counting  counter.add(1)  <- fails
        """).replace("It", "It") or done.stderr


def test_so_is_one_in_a_property(tmp_path: Path) -> None:
    done = checked(tmp_path, model(role="yield counter.add(1)\n" * 3, violation='3 // (2 - view["counter"]) < 0'), "model")
    assert (done.returncode, done.stdout) == (2, "")
    said, frame, *way = done.stderr.splitlines()
    assert said == (
        "deadheat: The property 'low' failed in <lambda> (ours.py:18): "
        "ZeroDivisionError('integer division or modulo by zero')."
    )
    assert frame.startswith("  ours.py:18, in <lambda>: low = Property(")
    assert way == [
        "It comes to that so:",
        "   1  counting  counter.add(1) -> None",
        "   2  counting  counter.add(1) -> None",
    ]


@pytest.mark.parametrize("size", ["1", "2"])
def test_the_way_there_is_told_however_it_was_searched(size: str, tmp_path: Path) -> None:
    """Two evaluations are searched by worker processes, in parts and by the kernel."""
    done = checked(tmp_path, protocol("yield 1 / 0"), "PROTOCOL", "-n", size)
    assert done.returncode == 2
    assert "\nIt comes to that so:\n   1  worker/e1" in done.stderr
