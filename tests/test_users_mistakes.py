"""A user's mistake is answered with what, where and how to mend it, in one sentence and without a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command import deadheat
from tests.following import rest_of
from tests.users_mistakes import EVERY, Mistake
from tests.users_mistakes.files import CREATE, HELPING, design, model, protocol

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
    # How deep Python can go depends on how deep it is already.
    depth = re.compile(r"(?<=without an end after )\d+")
    assert depth.sub("N", done.stderr) == depth.sub("N", f"deadheat: {mistake.said}\n")
    assert (done.returncode, done.stdout) == (2, "")


def test_no_two_mistakes_have_one_name() -> None:
    assert len({each.name for each in EVERY}) == len(EVERY)


@pytest.mark.parametrize(
    ("text", "of", "code"), [(protocol(CREATE), "PROTOCOL", 1), (model(), "model", 0), (design(), "DESIGN", 0)]
)
def test_the_files_are_as_they_should_be_but_for_that_mistake(text: str, of: str, code: int, tmp_path: Path) -> None:
    assert checked(tmp_path, text, of).returncode == code


def test_a_file_in_another_folder_is_named_by_the_path_that_leads_to_it(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "ours.py").write_text(protocol("yield 1 / 0"))
    done = deadheat("check", "inner/ours.py:PROTOCOL", cwd=tmp_path, env={**os.environ, **SOON})
    assert " in dispatch (inner/ours.py:7): ZeroDivisionError('division by zero').\n" in done.stderr


def test_what_a_dataclass_of_the_users_makes_for_itself_is_no_place(tmp_path: Path) -> None:
    making = "def made():\n    return replace(DESIGN, components=Shop(Ledger('leger')))\n"
    done = checked(tmp_path, "from dataclasses import replace\n" + design() + making, "made")
    assert done.stderr == (
        "deadheat: ours.py:made failed to make its model in made (ours.py:24): The component 'ledger' of Shop is named "
        "'leger'; name it as its field.\n"
    )


# Exceptions of the user's own, with the user's part of the traceback and the steps that lead there

DIVIDES = """
def share(whole, parts):
    return whole / parts
"""

RAISES = protocol("yield system.store.get(request.evaluation)\nreturn share(1, 0)", DIVIDES)

SAID = """\
The process 'dispatcher/e1/1' failed after 2 outcomes in share (ours.py:11): ZeroDivisionError('division by zero').
  ours.py:8, in dispatch: return share(1, 0)
  ours.py:11, in share: return whole / parts
It comes to that so:
   1  worker/e1        T0 queue/e1.deliver(e1, worker/e1) -> None
   2  worker/e1        T1 status/e1.set(e1, provisioning) -> None
   3  worker/e1        T2 http/e1.send(e1, worker/e1, None) -> 1
   4  dispatcher/e1/1  T7 http/e1.accept(e1, 1) -> from worker/e1
   5  dispatcher/e1/1  status/e1.get(e1)  <- is answered, and then it fails
"""


def test_an_exception_in_a_role_is_shown_with_the_users_frames_and_the_schedule(tmp_path: Path) -> None:
    done = checked(tmp_path, RAISES)
    assert done.stderr == f"deadheat: {SAID}"
    assert (done.returncode, done.stdout) == (2, "")


def test_so_is_one_in_an_operation(tmp_path: Path) -> None:
    done = checked(
        tmp_path, model("return (Step(None, value + 1 // (1 - value)),)", "yield counter.add(1)\n" * 2), "model"
    )
    assert done.stderr == (
        "deadheat: counter.add(1) failed in add (ours.py:9): "
        "ZeroDivisionError('integer division or modulo by zero').\n"
        "  ours.py:9, in add: return (Step(None, value + 1 // (1 - value)),)\n"
        "It comes to that so:\n"
        "   1  counting  counter.add(1) -> None\n"
        "   2  counting  counter.add(1)  <- fails\n"
    )
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("kind", ["ALWAYS", "STEP", "SETTLED", "EVENTUALLY"])
def test_so_is_one_in_a_property(kind: str, tmp_path: Path) -> None:
    failing = '3 // (2 - view["counter"]) < 0'
    text = model(role="yield counter.add(1)\n" * 2, violation=failing, kind=kind)
    views = "lambda before, view:" if kind == "STEP" else "lambda view:"
    done = checked(tmp_path, text.replace("lambda view:", views), "model")
    assert (done.returncode, done.stdout) == (2, "")
    sentence, frame, *way = done.stderr.splitlines()
    assert sentence == (
        "deadheat: The property 'low' failed in <lambda> (ours.py:18): "
        "ZeroDivisionError('integer division or modulo by zero')."
    )
    assert frame.startswith("  ours.py:18, in <lambda>: low = Property(")
    assert way == [
        "It comes to that so:",
        "   1  counting  counter.add(1) -> None",
        "   2  counting  counter.add(1) -> None",
    ]


def test_a_property_of_a_design_is_named_by_its_own_place(tmp_path: Path) -> None:
    done = checked(tmp_path, design(claim="def low(ledger: int) -> bool:\n    return 1 // ledger > 3"), "DESIGN")
    assert done.stderr == (
        "deadheat: The property 'low' failed in low (ours.py:19): "
        "ZeroDivisionError('integer division or modulo by zero').\n"
        "  ours.py:19, in low: return 1 // ledger > 3\n"
    )


@pytest.mark.parametrize(
    "options", [("-n", "2"), ("--explorer", "kernel"), ("--explorer", "reference"), ("--no-merging",)]
)
def test_the_way_there_is_told_however_it_was_searched(options: tuple[str, ...], tmp_path: Path) -> None:
    done = checked(tmp_path, protocol("yield 1 / 0"), "PROTOCOL", *options)
    assert done.returncode == 2
    assert "\nIt comes to that so:\n   1  worker/e1" in done.stderr


def test_an_exception_without_an_end_is_shown_with_its_beginning_and_its_end(tmp_path: Path) -> None:
    done = checked(tmp_path, protocol("yield deeper()", "\ndef deeper():\n    return deeper()\n"))
    assert len(done.stderr.splitlines()) < 40
    assert " more ...\n" in done.stderr


def test_a_component_that_cannot_be_described_is_named(tmp_path: Path) -> None:
    describe = "0\n\n    def describe(self, value):\n        return value / 0"
    done = checked(tmp_path, model(initial=describe, violation='view["counter"] > 0'), "model")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "deadheat: Counter.describe failed of a value of the component 'counter' in describe (ours.py:8): "
        "ZeroDivisionError('division by zero').\n"
    )


def test_a_description_that_never_comes_back_is_ended(tmp_path: Path) -> None:
    describe = "0\n\n    def describe(self, value):\n        while True: pass"
    done = checked(tmp_path, model(initial=describe, violation='view["counter"] > 0'), "model")
    assert done.returncode == 2
    assert (
        "Counter.describe failed of a value of the component 'counter': it went on for 1 s in describe" in done.stderr
    )


# What is no error of its own, and told with the verdict


def test_a_variable_that_grows_without_a_bound_is_named_with_the_line_at_which_it_grows(tmp_path: Path) -> None:
    done = checked(tmp_path, protocol("n = 0\nwhile True:\n    n += 1\n    yield system.store.get(request.evaluation)"))
    assert (
        "the local 'n' of dispatch (ours.py:9) took on 250 values, and seems to have no bound; give it one"
        in done.stdout
    )
    done = checked(
        tmp_path, model(role="seen = []\nwhile True:\n    yield counter.add(0)\n    seen.append(1)"), "model"
    )
    assert "the local 'seen' of counting (ours.py:15) took on 250 values, and seems to have no bound" in done.stdout
    assert done.returncode == 3


def test_a_role_that_is_handed_to_something_that_never_runs_it_is_a_step_that_no_run_reaches(tmp_path: Path) -> None:
    ignoring = "\ndef ignoring(steps):\n    yield from ()\n"
    done = checked(
        tmp_path,
        protocol(f"yield from ignoring(helping(system, request))\n{CREATE}", HELPING + ignoring),
        "PROTOCOL",
        "--json",
    )
    assert '"helping' in done.stdout


def test_what_functools_remembers_of_a_users_function_is_no_change(tmp_path: Path) -> None:
    shown = "\nfrom functools import singledispatch\n\n@singledispatch\ndef shown(value):\n    return str(value)\n"
    assert checked(tmp_path, protocol(f"shown(3)\n{CREATE}", shown)).returncode == 1


# From Python, and from pytest

TEST = """
import deadheat
from ours import PROTOCOL


def test_ours():
    deadheat.check(PROTOCOL).require("no-permanent-orphan")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_pytest_shows_the_line_of_the_test_and_no_frame_of_ours(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(RAISES)
    (tmp_path / "test_ours.py").write_text(TEST)
    done = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_ours.py")
    shown = "".join(f"{line.removeprefix('E').removeprefix('       ')}\n" for line in done.stdout.splitlines())
    assert f"deadheat.sim.errors.ModelError: {SAID}" in shown
    assert "\ntest_ours.py:7: ModelError\n" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith("E   ") and ".venv" in line]
    for frame in ("api.py:", "environment.py:", "simpy", "direct cause", "During handling"):
        assert frame not in done.stdout


def test_python_shows_the_callers_frame_and_one_of_ours(tmp_path: Path) -> None:
    (tmp_path / "ours.py").write_text(RAISES)
    done = run(tmp_path, "-c", "import deadheat; deadheat.check('ours.py:PROTOCOL')")
    assert done.stderr.count("  File ") == 2
    assert done.stderr.endswith(f"deadheat.sim.errors.ModelError: {SAID}")


# What never comes back, and Ctrl-C


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(
    "text",
    ["import sys\nprint('at work', file=sys.stderr, flush=True)\nwhile True:\n    pass\n", ""],
    ids=["at the top of a file", "in a function that makes a model"],
)
def test_ctrl_c_ends_what_is_still_being_imported_or_made(text: str, tmp_path: Path) -> None:
    making = "sys.stderr.write('at work\\n') and [0 for _ in iter(int, 1)]"
    (tmp_path / "ours.py").write_text(text or "import sys\n" + model(made=making))
    command = [sys.executable, "-m", "deadheat", "check", "ours.py:model"]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "DEADHEAT_STEP_SECONDS": "60", "PYTHONUNBUFFERED": "1"}
    running = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=environment)
    assert running.stderr is not None
    assert running.stderr.readline() == "at work\n"
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    _, err = rest_of(running, 30)
    assert (running.returncode, err) == (130, "deadheat: interrupted; nothing was decided.\n")
