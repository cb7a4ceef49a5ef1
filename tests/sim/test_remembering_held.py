"""What was learned is not kept where it may be true no longer, although all code and all data look the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from deadheat.library import Row
from deadheat.sim import kept
from deadheat.sim.explore import python
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Operation
from tests.sim.test_remembering import ONE, cache, program, said

__all__ = ["cache", "program"]  # the fixtures

HELD = """
import logging, os
from datetime import timedelta
from functools import cached_property, lru_cache

GIVEN = int(os.environ.get("LIMIT", "1"))


class Settings:
    @cached_property
    def limit(self):
        return 1


class Delay(timedelta):
    pass


computed, delay, log, asked = Settings(), Delay(), logging.getLogger("ours"), [GIVEN]
computed.limit += GIVEN - 1
delay.limit = GIVEN
log.setLevel(GIVEN)


@lru_cache
def remembered():
    return asked[0]


remembered()
asked[0] = 1
"""


@pytest.mark.parametrize("limit", ["computed.limit", "delay.limit", "log.level", "remembered()"])
def test_what_an_object_holds_beside_what_it_is_made_of_is_noticed(program: Path, limit: str) -> None:
    """A property that was computed, attributes that no copy has, and what a function has returned before."""
    (program / "other.py").write_text(HELD)
    by = f"return (Step(None, Count(min(value.number + by, other.{limit}))),)"
    assert said(program, operation=by).startswith(ONE)
    assert said(program, operation=by, LIMIT="9").startswith("['few']")


INSTALLED = """
import os

from deadheat import Component, Model, Process, Property, Step, operation
from deadheat.sim.model import Kind

LIMIT = int(os.environ["LIMIT"])


class Count(Component):
    initial = 0

    @operation
    def add(self, value, by: int):
        return (Step(None, value + by),)


def role(count):
    for _ in range(LIMIT):
        yield count.add(1)


def few(view):
    return "two" if view["count"] > 1 else None


def model():
    count = Count("count")
    fewer = Property("few", "", Kind.ALWAYS, ("count",), few)
    return Model({"count": count}, (Process("p", role, (count,)),), (fewer,))
"""


def test_a_protocol_that_is_installed_is_learned_each_time_for_nobody_knows_what_it_was_told(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    about = packages / "ours-1.0.dist-info"
    about.mkdir(parents=True)
    (packages / "ours.py").write_text(INSTALLED)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    (about / "RECORD").write_text("ours.py,sha256=x,1\n")
    (about / "top_level.txt").write_text("ours\n")
    path = os.pathsep.join([str(packages), str(Path(__file__).parents[2])])
    environment = {**os.environ, "PYTHONPATH": path, kept.VARIABLE: str(tmp_path / "cache")}
    command = [sys.executable, "-m", "deadheat", "check", "ours:model"]
    codes = [
        subprocess.run(command, env={**environment, "LIMIT": limit}, capture_output=True, check=False).returncode
        for limit in ("1", "2")
    ]
    assert codes == [0, 1]


def test_a_value_that_no_file_can_hold_is_explored_and_not_kept(cache: Path) -> None:
    name = Row("name", "")

    def role() -> Generator[Operation, Any, None]:
        yield name.set("\ud800")  # what os.fsdecode makes of a byte that is no UTF-8

    found = python.explore(Model({"name": name}, (Process("p", role),)))
    assert (found.complete, found.states) == (True, 2)
    assert list(cache.iterdir()) == []
