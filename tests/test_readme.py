"""The README: its commands run in their order, as a user would type them, and print what it shows.

`python -m tests.test_readme` writes the outputs anew.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell import documented_commands, is_a_mention, trap_of, words_in_zsh

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
COLUMNS = 110
SHOWN = re.compile(r"```console\n\$ (deadheat [^\n]*)\n(.*?)```", re.DOTALL)
TIMES = re.compile(r" *\d+\.\d+ *$", re.MULTILINE)

NOT_HERE = {
    "python3 dev.py check": "is what .ci/run does",
    "python3 dev.py test": "would run this test again",
    "deadheat live replay orphan.json": "needs servers; tests/live/test_replay.py runs it where there are some",
}
LONG = ("deadheat mutate state-machine", "deadheat incidents")
"""They take half a minute, and are run with -m slow."""


def commands() -> list[str]:
    """Every command of the README, in its order."""
    return documented_commands(README.read_text())


def run_here(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {"PATH": path, "COLUMNS": str(COLUMNS), "HOME": str(folder)}
    return subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=environment, cwd=folder, timeout=580
    )


def printed(done: subprocess.CompletedProcess[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


def without_times(text: str) -> str:
    return TIMES.sub("", text)


def run_in_order(left_out: tuple[str, ...], folder: Path) -> Iterator[tuple[str, str]]:
    """Run all commands, and yield those that the README shows the output of, with that which they print."""
    shown = dict(SHOWN.findall(README.read_text()))
    for command in commands():
        if command in NOT_HERE or command in left_out:
            continue
        done = run_here(command, folder)
        assert done.returncode in (0, 1), f"{command}: {done.stderr}"
        assert done.stderr == "", command
        assert done.stdout, command
        if command in shown:
            yield command, printed(done)


def test_the_commands_run_in_their_order_in_a_fresh_folder_and_print_what_is_shown(tmp_path: Path) -> None:
    shown = dict(SHOWN.findall(README.read_text()))
    found = dict(run_in_order(LONG, tmp_path))
    assert {each: without_times(text) for each, text in found.items()} == {
        each: without_times(text) for each, text in shown.items()
    }, "run python -m tests.test_readme"
    left = {each.name for each in tmp_path.iterdir() if not each.name.startswith((".", "__"))}
    assert left == {"orphan.json", "ours.py", "test_ours.py"}


@pytest.mark.slow
def test_all_commands_run_in_their_order(tmp_path: Path) -> None:
    assert dict(run_in_order((), tmp_path))


def test_what_is_not_run_is_in_the_readme_and_so_is_what_is_long() -> None:
    assert [each for each in (*NOT_HERE, *LONG) if each not in commands()] == []


def test_the_gate_in_the_readme_ends_with_0(tmp_path: Path) -> None:
    [gate] = [each for each in commands() if each.startswith("deadheat check name-tombstone")]
    assert run_here(gate, tmp_path).returncode == 0


PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_can_be_typed_in_zsh(page: Path) -> None:
    for command in documented_commands(page.read_text()):
        assert trap_of(command) is None, command


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed; the rule above stands for it")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_zsh_itself_takes_every_command_as_it_stands(page: Path) -> None:
    for command in documented_commands(page.read_text()):
        for part in re.split(r" && | \|\| | \| ", command):
            assert words_in_zsh(part) == shlex.split(part), command


@pytest.mark.parametrize(
    "trap",
    [
        *("deadheat check --faults k8s-refusal=*", "pip install deadheat[live]", "deadheat show x?", "ls ~1", "a =cmd"),
        *("deadheat check a & b", "echo $HOME", "a <b", "a >b", "a (b)", "a;b", "a !b", "a `b`", "a #b"),
    ],
)
def test_what_a_shell_would_take_for_its_own_is_noticed(trap: str) -> None:
    assert trap_of(trap) is not None


@pytest.mark.parametrize(
    "command",
    [
        *("deadheat check --faults 'k8s-refusal=*'", "pip install 'deadheat[live]'", "deadheat show creation-lock~6"),
        *(
            'deadheat cleanup --status "https://x/{id}#/status"',
            "deadheat live up && deadheat live down",
            "a | head -1",
        ),
        "deadheat window orphan.json --latency http.accept=5ms..2s",
    ],
)
def test_what_is_quoted_or_harmless_is_not(command: str) -> None:
    assert trap_of(command) is None


@pytest.mark.parametrize(
    ("text", "is_mention"),
    [("deadheat replay FILE", True), ("deadheat", True), ("deadheat list", False), ("deadheat mutate PROTOCOL", True)],
)
def test_a_command_with_a_placeholder_is_a_mention(text: str, is_mention: bool) -> None:
    assert is_a_mention(text) is is_mention


def rewrite(folder: Path) -> None:
    """Write the outputs anew; where only times differ, the old ones stay."""
    found = dict(run_in_order(LONG, folder))
    for command, old in SHOWN.findall(README.read_text()):
        if without_times(old) == without_times(found[command]):
            found[command] = old
    README.write_text(SHOWN.sub(lambda match: f"```console\n$ {match[1]}\n{found[match[1]]}```", README.read_text()))


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as fresh:
        rewrite(Path(fresh))
