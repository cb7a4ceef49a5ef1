"""A page is gone through from its beginning to its end, in a folder of its own, as its reader would."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import typer

from tests import command as commands
from tests.pages.blocks import ROOT, Block, Kind, Page, PageError
from tests.shell import trap_of

__all__ = ["Session", "matches", "parse", "renewed", "run_here", "updated"]

TIMES = re.compile(r" *\d+\.\d+ *$| in \d+\.\d+s", re.MULTILINE)
"""What differs from run to run: the seconds that a search took, at a line's end, and those of pytest."""

LEFT_OUT = "..."
TIMEOUT_S = 580
SEEN_BY_READERS = ("examples", "k8s")
"""Folders of a clone that are there for a page which names them."""


def run_here(command: str, folder: Path, columns: int = 80, last: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command as if it were typed in a folder, after one that ended with `last`; all output is in `stdout`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    environment = {"PATH": path, "COLUMNS": str(columns), "HOME": str(folder), "LANG": "C.UTF-8"}
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        environment["KUBEBUILDER_ASSETS"] = assets
    plain = re.sub(r"\\\n\s*", "", command)
    words = shlex.split(plain)
    if words[0] in commands.PROGRAMS and trap_of(plain) is None and not {"|", "&&", "||"} & set(words):
        return commands.forked(*words, env=environment, cwd=folder, timeout=TIMEOUT_S, together=True)
    return subprocess.run(
        ["bash", "-c", f"(exit {last})\n{command}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=folder,
        timeout=TIMEOUT_S,
        check=False,
    )


def matches(shown: str, printed: str) -> bool:
    """Return whether a page shows what is printed, but for times; `...` stands for anything, alone for any lines."""
    pattern = []
    for line in TIMES.sub("", shown).splitlines():
        if line.strip() == LEFT_OUT:
            pattern.append(r"(?:.*\n)*?")
        else:
            pattern.append(re.escape(line.rstrip()).replace(re.escape(LEFT_OUT), ".*?") + r"\n")
    return re.fullmatch("".join(pattern), _tidy(TIMES.sub("", printed))) is not None


def renewed(shown: str, printed: str) -> str:
    """Return what is printed as a page should show it: where it left out lines in one place, so many again."""
    lines, old = _tidy(printed).splitlines(keepends=True), shown.splitlines(keepends=True)
    left_out = [number for number, line in enumerate(old) if line.strip() == LEFT_OUT]
    if len(left_out) == 1 and len(lines) > len(old):
        [first] = left_out
        lines[first : len(lines) - (len(old) - first - 1)] = [old[first]]
    return "".join(lines)


def _tidy(printed: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def parse(command: str) -> None:
    """Raise where deadheat would not take a command, without running it."""
    from deadheat.cli import app

    for part in re.split(r" && | \|\| | \| ", command):
        if part.startswith("deadheat "):
            _, *words = shlex.split(part)
            typer.main.get_command(app).make_context("deadheat", words, resilient_parsing=False).close()
            group = typer.main.get_command(app)
            while hasattr(group, "commands"):
                name, *words = words
                group = group.commands[name]
            group.make_context(group.name, words).close()


@dataclass
class Session:
    """One reading of a page; `gone_through` are the blocks that were dealt with so far."""

    page: Page
    folder: Path
    servers: bool = False
    slow: bool = False
    gone_through: list[Block] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    python: str = ""
    _last: int = 0
    _printed: str = ""
    _new: str = ""

    def run(self) -> Iterator[tuple[Block, str]]:
        """Go through the page; yield each block that shows output, with the text that it should have."""
        for name in SEEN_BY_READERS:
            if f"{name}/" in self.page.text:
                shutil.copytree(ROOT / name, self.folder / name, dirs_exist_ok=True)
        for part in self.page.parts:
            if isinstance(part, Block):
                yield from self._deal_with(part)
                self.gone_through.append(part)
            elif self.slow or part not in self.page.slow:
                self._run(part, (0, 1))

    def _deal_with(self, block: Block) -> Iterator[tuple[Block, str]]:
        kind = block.kind
        left = (block.needs_servers and not self.servers) or (block.is_slow and not self.slow)
        if kind is Kind.NOT_RUN or left:
            for command, _ in block.commands:
                parse(command)
        elif kind is Kind.SESSION:
            yield block, self._session(block)
        elif kind is Kind.COMMANDS:
            for command, _ in block.commands:
                self._run(command, block.codes or (0, 1))
        elif kind is Kind.FILE:
            path = self.folder / block.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif kind is Kind.PART:
            path = self.folder / block.title
            path.write_text(updated(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
        elif kind is Kind.PYTHON:
            self._run_python(block)
        else:
            yield block, self._new

    def _session(self, block: Block) -> str:
        """Run the commands; return the block's text as it should be."""
        codes = block.codes or (0,)
        text = ""
        for number, (command, shown) in enumerate(block.commands):
            printed = self._run(command, (codes[number] if number < len(codes) else codes[-1],), block)
            text += f"$ {command}\n" + (shown if matches(shown, printed) else renewed(shown, printed))
        return text

    def _run(self, command: str, codes: tuple[int, ...], block: Block | None = None) -> str:
        done = run_here(command, self.folder, self.page.columns, self._last)
        self._last = done.returncode
        if done.returncode not in codes:
            where = block.where if block else self.page.name
            self.complaints.append(f"{where}: `{command}` ends with {done.returncode}, not {codes}:\n{done.stdout}")
        return done.stdout

    def _run_python(self, block: Block) -> None:
        """Run all Python blocks so far; what the last one prints is what comes to what the others print."""
        self.python += block.text
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "page.py"
            script.write_text(self.python, encoding="utf-8")
            printed = self._run(f"python {script}", (0,), block)
        self._new = _tidy(printed.removeprefix(self._printed))
        self._printed = printed


def updated(text: str, part: str) -> str:
    """Return a module in which each definition of a part has the place of that of the same name.

    What has no namesake comes before the module's last statement, and imports behind its last import.
    """
    new = part.splitlines(keepends=True)
    for statement in ast.parse(part).body:
        name = _name_of(statement)
        first, last = _lines_of(statement)
        lines = text.splitlines(keepends=True)
        body = ast.parse(text).body
        if isinstance(statement, ast.Import | ast.ImportFrom):
            at = max(_lines_of(each)[1] for each in body if isinstance(each, ast.Import | ast.ImportFrom))
            lines[at:at] = new[first:last]
        elif not name:
            raise PageError(f"a part of a file defines or imports something; {ast.unparse(statement)!r} does not.")
        elif namesakes := [each for each in body if _name_of(each) == name]:
            begin, end = _lines_of(namesakes[-1])
            lines[begin:end] = new[first:last]
        else:
            at = _lines_of(body[-1])[0]
            lines[at:at] = [*new[first:last], "\n", "\n"]
        text = "".join(lines)
    return text


def _name_of(statement: ast.stmt) -> str:
    """Return what a statement defines; nothing for one that defines nothing."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return statement.name
    if isinstance(statement, ast.Assign | ast.AnnAssign):
        return ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else statement.target)
    return ""


def _lines_of(statement: ast.stmt) -> tuple[int, int]:
    decorators = getattr(statement, "decorator_list", [])
    first = min([statement.lineno, *(each.lineno for each in decorators)])
    return first - 1, statement.end_lineno or statement.lineno
