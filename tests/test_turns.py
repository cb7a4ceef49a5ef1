"""Of the tests that take long, the run of all tests has those whose turn it is."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import FORCING_DAY
from tests.turns import TURNS, left_out_on, long_tests, node_id

ROOT = Path(__file__).parents[1]
DAYS = ("2026-01-30", "2026-01-31", "2026-02-01", "2026-02-02", "2026-02-03")


def collected(*arguments: str, day: str) -> set[str]:
    program = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", *arguments]
    environment = os.environ | {FORCING_DAY: day}
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return {line for line in done.stdout.splitlines() if "::" in line}


def test_each_long_test_has_its_turn_on_one_of_any_days_in_a_row() -> None:
    assert len(DAYS) == TURNS
    today = [set(long_tests()) - left_out_on(day) for day in DAYS]
    assert sum(map(len, today)) == len(long_tests()) == len(set().union(*today))
    assert max(map(len, today)) <= min(map(len, today)) + 1


def test_all_that_is_long_is_there() -> None:
    functions = {each.partition("[")[0] for each in long_tests()}
    there = {
        f"{path.relative_to(ROOT).as_posix()}::{each.name}"
        for path in {ROOT / each.partition("::")[0] for each in functions}
        for each in ast.parse(path.read_text()).body
        if isinstance(each, ast.FunctionDef)
    }
    assert functions <= there, "measure anew: python -m tests.turns"


def test_a_run_of_all_tests_leaves_out_what_has_no_turn_and_nothing_else() -> None:
    file = "tests/sim/test_fingerprint.py"
    long = {each for each in long_tests() if each.startswith(f"{file}::")}
    named = collected(file, day=DAYS[0])
    assert long < named
    for day in DAYS:
        assert collected("-o", f"testpaths={file}", day=day) == named - left_out_on(day)
    assert collected("-o", f"testpaths={file}", "--all-turns", day=DAYS[0]) == named


@pytest.mark.parametrize("group", ["", "@live", "@incident argo-workflows-16294"])
def test_a_test_is_known_without_its_group(group: str) -> None:
    case = {"classname": "tests.live.test_redis", "name": f"test_a_url[user@host]{group}"}
    assert node_id(case) == "tests/live/test_redis.py::test_a_url[user@host]"
