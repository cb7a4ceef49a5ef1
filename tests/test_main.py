"""The program: every run of it says the same."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CODE = "import sys; from deadheat.__main__ import main; sys.argv = ['deadheat', 'schema']; print({*'abcdefgh'}); main()"


def run(*arguments: str, **environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONHASHSEED"}
    program = [sys.executable, *arguments]
    done = subprocess.run(program, env={**kept, **environment}, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.skipif(os.name != "posix", reason="a program can take the place of another one there only")
def test_the_order_of_sets_is_the_same_in_every_run() -> None:
    first, again = run("-c", CODE).splitlines(), run("-c", CODE).splitlines()
    orders, orders_again = ([line for line in lines if line.startswith("{'")] for lines in (first, again))
    assert len(orders) == 2
    assert orders[-1] == orders_again[-1]  # the line printed by the program that took the place of the first


def test_an_order_that_the_environment_asks_for_is_kept() -> None:
    lines = run("-c", CODE, PYTHONHASHSEED="7").splitlines()
    assert sum(line.startswith("{'") for line in lines) == 1


def test_arguments_arrive_as_they_are() -> None:
    assert run("-m", "deadheat", "list", "faults") == run("-m", "deadheat", "list", "faults", PYTHONHASHSEED="3")
