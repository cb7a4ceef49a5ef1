"""The README: what it shows is what the commands print, and the commands that it names work.

`python -m tests.test_readme` writes the outputs anew.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.command import deadheat

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COLUMNS = 110
SHOWN = re.compile(r"<!-- (deadheat [^>]*?) -->(?:\n\n```text\n(.*?)```)?", re.DOTALL)
TIMES = re.compile(r" *\d+\.\d+ *$", re.MULTILINE)
COMMANDS = re.compile(r"`(deadheat (?:check|list)[^`]*)`")


def output_of(command: str) -> str:
    arguments = command.split()[1:]
    done = deadheat(*arguments, env={"PATH": "", "COLUMNS": str(COLUMNS)}, timeout=300)
    assert done.stderr == ""
    assert done.returncode in (0, 1)
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def without_times(text: str) -> str:
    return TIMES.sub("", text)


def shown() -> list[tuple[str, str]]:
    return SHOWN.findall(README.read_text())


@pytest.mark.parametrize(("command", "text"), shown(), ids=[command for command, _ in shown()])
def test_what_the_readme_shows_is_what_the_command_prints(command: str, text: str) -> None:
    assert without_times(text) == without_times(output_of(command)), "run python -m tests.test_readme"


@pytest.mark.parametrize("command", sorted(set(COMMANDS.findall(README.read_text()))))
def test_a_command_that_the_readme_names_works(command: str) -> None:
    assert output_of(command)


def rewrite() -> None:
    def with_output(match: re.Match[str]) -> str:
        return f"<!-- {match[1]} -->\n\n```text\n{output_of(match[1])}```"

    README.write_text(SHOWN.sub(with_output, README.read_text()))


if __name__ == "__main__":
    rewrite()
