"""Every command's help has an example, and every example runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from deadheat.cli import app
from tests.command import deadheat
from tests.pages.blocks import Kind, pages
from tests.shell import trap_of

SERVERS = ("cleanup", "live")
"""Groups whose examples need servers: that the command takes them as they stand is tried, and no more."""

LIVE_TRACE = [
    {"format": "deadheat-live-trace", "version": 1, "protocol": "baseline", "evaluations": ["17"]},
    {
        "process": "worker/17",
        "component": "queue/17",
        "operation": "deliver",
        "arguments": ["17", "worker/17"],
        "at": 1,
    },
    {
        "process": "worker/17",
        "component": "status/17",
        "operation": "set",
        "arguments": ["17", "provisioning"],
        "at": 2,
    },
]


GATED = 'up_to = 0\nmutants = false\n\n[[check]]\nprotocol = "baseline"\n'


def all_commands(command: Any = None, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    command = command or typer.main.get_command(app)
    yield path, command
    for name, each in sorted(getattr(command, "commands", {}).items()):
        yield from all_commands(each, (*path, name))


COMMANDS = dict(all_commands())


def examples() -> list[tuple[tuple[str, ...], str]]:
    """The examples of every help, each with the command whose help it is in; what makes a file comes first."""
    found = []
    for path, command in COMMANDS.items():
        texts = re.split(r"Exit codes:|\n\n", command.epilog or "")
        found += [(path, each.removeprefix("Example: ").strip()) for each in texts if "deadheat " in each]
    found = [(path, line) for path, text in found for line in text.split(" && ") if line.startswith("deadheat ")]
    return sorted(found, key=lambda each: "--save" not in each[1])


EXAMPLES = examples()


def run_here(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program, *words = shlex.split(line)
    assert program == "deadheat"
    environment = {"PATH": os.environ.get("PATH", os.defpath), "COLUMNS": "110", "HOME": str(folder)}
    return deadheat(*words, env=environment, cwd=folder, timeout=580)


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: " ".join(path) or "deadheat")
def test_every_help_has_an_example_of_its_own(path: tuple[str, ...]) -> None:
    own = [line for owner, line in EXAMPLES if owner == path]
    assert own
    assert any(line.split()[1 : 1 + len(path)] == list(path) for line in own)
    assert "Exit codes: 0 " in COMMANDS[path].epilog


@pytest.mark.parametrize("line", [line for _, line in EXAMPLES])
def test_every_example_is_taken_by_its_command_and_by_zsh(line: str) -> None:
    assert trap_of(line) is None
    _, *words = shlex.split(line)
    command = COMMANDS[()]
    while hasattr(command, "commands"):
        name, *words = words
        command = command.commands[name]
    command.make_context(command.name, words)  # raises for an option that is none


def shown_by_pages() -> set[str]:
    """The commands of which a page shows all that they print: tests/pages runs them, and compares it."""
    blocks = [block for page in pages() for block in page.blocks if block.kind is Kind.SESSION]
    run = [block for block in blocks if not block.is_slow and not block.needs_servers]
    return {command for block in run for command, _ in block.commands}


def test_every_example_that_needs_no_server_runs(tmp_path: Path) -> None:
    elsewhere = shown_by_pages() - {"deadheat gate --update"}  # whose lock another example reads
    (tmp_path / "stress.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in LIVE_TRACE))
    (tmp_path / "deadheat.toml").write_text(GATED)
    for line in dict.fromkeys(line for _, line in EXAMPLES):
        if line.split()[1] in SERVERS or line in elsewhere:
            continue
        done = run_here(line, tmp_path)
        undecided = "conform" in line  # a log of two lines leaves open what comes of it
        assert done.returncode in ((3,) if undecided else (0, 1)), f"{line}: {done.stderr}"
        assert done.stderr == "", line
        assert done.stdout, line


SAMPLE = [
    *("deadheat check baseline", "deadheat check baseline --property no-transient-orphan", "deadheat list"),
    *("deadheat check baseline --max-states 1", "deadheat frontier baseline --property cancelled-means-stopped"),
    *("deadheat show status-check --property terminal-is-final --save x.json", "deadheat replay x.json"),
    *("deadheat window x.json", "deadheat window x.json --latency default=1ms", "deadheat incidents hail-7350"),
    *("deadheat mutate baseline --show 1", "deadheat conform stress.jsonl", "deadheat frontier baseline --up-to 0"),
]
PLURAL_OF_ONE = re.compile(r"(?<![\d.,:=/-])1 (?!is\b|was\b|has\b|as\b|takes\b)[a-z]+s\b")


def test_no_output_has_a_plural_of_one(tmp_path: Path) -> None:
    (tmp_path / "stress.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in LIVE_TRACE[:2]))
    for line in SAMPLE:
        done = run_here(line, tmp_path)
        text = " ".join((done.stdout + done.stderr).split())
        assert text, line
        assert [each for each in PLURAL_OF_ONE.findall(text) if each.split()[1] not in NO_PLURALS] == [], line


NO_PLURALS = {"worker", "process", "progress", "address"}


@pytest.mark.parametrize("text", ["1 outcomes", "Covers 1 evaluations, no", "(1 states)", "after 1 steps"])
def test_a_plural_of_one_would_be_found(text: str) -> None:
    assert PLURAL_OF_ONE.search(text)


@pytest.mark.parametrize(
    "text", ["1 state", "11 states", "0.1 seconds", "1,001 states", "1 process", "uid 1 is finished"]
)
def test_a_singular_is_not_taken_for_one(text: str) -> None:
    assert not [each for each in PLURAL_OF_ONE.findall(text) if each.split()[1] not in NO_PLURALS]
