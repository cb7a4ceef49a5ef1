"""Long tests take turns: each is in the run of all tests on every fifth day, and short ones are in each run.

Which ones are long was measured, and is kept in `turns.txt`, the longest first, so that every day has as much to do.
Whoever names what is to be run gets all of it, and so does `--all-turns`.

`python -m tests.turns FILE` measures anew: it reads what `pytest --all-turns --junitxml FILE` has written.
"""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

__all__ = ["TURNS", "left_out_on", "long_tests", "node_id"]

TURNS = 5
LONG_SECONDS = 1.0

KEPT = Path(__file__).with_name("turns.txt")
FOLDER = KEPT.parents[1]


def long_tests() -> list[str]:
    """Return the node ids of the long tests, the longest first."""
    return [line.split(maxsplit=1)[1] for line in KEPT.read_text().splitlines() if not line.startswith("#")]


def left_out_on(day: str) -> frozenset[str]:
    """Return the node ids of the long tests that have no turn on a day, such as 2026-01-31."""
    today = date.fromisoformat(day).toordinal() % TURNS
    return frozenset(each for number, each in enumerate(long_tests()) if number % TURNS != today)


def node_id(case: dict[str, Any]) -> str:
    """Return how pytest calls a test case of a JUnit file, without the group that xdist has put it into."""
    return f"{case['classname'].replace('.', '/')}.py::{re.sub('@[^]]*$', '', case['name'])}"


def main() -> None:
    """Write down which tests are long."""
    cases = [each.attrib for each in ElementTree.parse(sys.argv[1]).iter("testcase") if each.attrib.get("classname")]
    found = sorted(((float(each["time"]), node_id(each)) for each in cases), reverse=True)
    elsewhere = [name for _, name in found if str(FOLDER) in name]
    if elsewhere:
        sys.exit(f"{elsewhere[0]} has another name wherever else the project lies; give it an id.")
    lines = [f"{seconds:6.1f} {name}" for seconds, name in found if seconds >= LONG_SECONDS]
    about = f"# What takes {LONG_SECONDS:g} s or more, of all processes together; see turns.py."
    KEPT.write_text("\n".join([about, *lines]) + "\n")


if __name__ == "__main__":
    main()
