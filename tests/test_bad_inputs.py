"""Whatever is asked for that cannot be: one sentence on stderr, nothing on stdout, and the exit code of bad input."""

from __future__ import annotations

import io
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import typer

from deadheat.cli import app
from deadheat.commands.ending import ended
from tests.bad_inputs import NUMBERS, Case, cases, files_for_bad_inputs
from tests.test_exit_codes import environment

CASES = list(cases())
AS_PROGRAMS = [
    *CASES[:: len(CASES) // 12],
    next(each for each in CASES if "--redis=foo" in each.arguments),  # what it says passes what hides secrets
    next(each for each in CASES if "--status=redis://h:port" in each.arguments),
]

SECONDS_MAX = 30


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("inputs")
    files_for_bad_inputs(made)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made)
        assert answered(("show", "baseline", "--save", "t.json"))[0] == 1
    return made


@pytest.fixture
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    for name in ("KUBECONFIG", "DEADHEAT_STATUS_URL", "KUBEBUILDER_ASSETS"):
        monkeypatch.delenv(name, raising=False)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    names = sorted(folder.iterdir())
    yield
    assert sorted(folder.iterdir()) == names  # what is refused leaves nothing behind
    for number, handler in before.items():
        signal.signal(number, handler)


def _too_long(number: int, frame: object) -> None:
    """End what was taken for good input, and goes on and on."""
    raise TimeoutError


def answered(arguments: tuple[str, ...]) -> tuple[int, str, str]:
    """Run a command in this process, and return its exit code, and what it wrote to stdout and stderr."""
    command = typer.main.get_command(app)
    out, err = io.StringIO(), io.StringIO()

    def run() -> None:
        with command.make_context("deadheat", list(arguments)) as context:
            command.invoke(context)

    signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS_MAX)
    with redirect_stdout(out), redirect_stderr(err):
        code = ended(run)
    signal.alarm(0)
    return int(code), out.getvalue(), err.getvalue()


def require_told(case: Case, code: int, out: str, err: str) -> None:
    assert (code, out) == (case.code, "")
    assert "Traceback" not in err
    assert "defect" not in err
    [sentence] = err.splitlines()
    assert sentence.startswith(f"deadheat: {case.said}")
    assert sentence.endswith(case.ends or (".", "?"))
    assert len(sentence) < 1_000


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_bad_input_gets_one_sentence_and_its_code(case: Case) -> None:
    require_told(case, *answered(case.arguments))


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize("case", AS_PROGRAMS, ids=str)
def test_a_program_answers_bad_input_in_the_same_way(case: Case) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "deadheat", *case.arguments],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=60,
    )
    require_told(case, done.returncode, done.stdout, done.stderr)


@pytest.mark.usefixtures("in_folder")
@pytest.mark.parametrize(
    "case", [each for each in CASES if each.arguments[0] in ("check", "mutate", "window")][::9], ids=str
)
def test_nothing_but_json_ever_comes_out_where_json_is_asked_for(case: Case) -> None:
    require_told(case, *answered((*case.arguments, "--json")))


def test_there_are_many_cases_and_no_two_alike() -> None:
    assert len(CASES) > 120
    assert len({each.arguments for each in CASES}) == len(CASES)


def test_every_option_that_takes_a_number_is_among_the_cases() -> None:
    cases_of = {(" ".join(command[: 2 if command[0] == "live" else 1]), option) for command, option, *_ in NUMBERS}
    assert {(command, option) for command, option in _numbers_in_the_help()} == cases_of


def _numbers_in_the_help() -> Iterator[tuple[str, str]]:
    for command in ("check", "show", "frontier", "mutate", "cleanup", "live check", "live stress", "live replay"):
        _, text, _ = answered((*command.split(), "--help"))
        for option in re.findall(r"(--[a-z-]+)\s+(?:-[a-z]\s+)?N\s", text):
            yield command, option
