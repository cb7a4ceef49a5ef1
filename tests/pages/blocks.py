"""What stands in a page: its code blocks, each of a kind that says what is done with it.

A *mark* is an HTML comment right above a block, which no reader sees:

    <!-- not run: REASON -->      the block is shown, and no more (its `deadheat` commands are still parsed)
    <!-- needs servers -->        the block is run where there are servers, with `-m live`; else parsed
    <!-- slow -->                 the block is run with `-m slow` alone; else parsed
    <!-- exits with 1 -->         how its commands end, where that is not with 0; several: `exits with 0, 1`
    <!-- in its place -->         each definition takes the place of that of the same name in the file of the title
    <!-- printed by Python -->    the text that the Python block above prints
    <!-- columns: 110 -->         how wide the page's terminal is, where that is not 80; anywhere in the page
    <!-- slow: COMMAND -->        a command of a table that is run with `-m slow` alone; anywhere in the page
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property
from pathlib import Path

__all__ = ["ROOT", "Block", "Kind", "Page", "PageError", "pages"]

ROOT = Path(__file__).parents[2]

FENCE = re.compile(r"^```(.*)$")
MARK = re.compile(r"^<!-- (.*) -->$")
TITLE = re.compile(r'title="([^"]+)"')
INDENTED_CODE = re.compile(r"^\s*\n( {4,}|\t)\S", re.MULTILINE)
ON_BLOCKS = re.compile(r"not run: .+|needs servers|slow|exits with \d+(, \d+)*|in its place|printed by Python")
ON_PAGES = re.compile(r"columns: (\d+)|slow: (.+)")
COLUMNS = 80
MADE = "<!-- made by "
"""In a page that is made of something else, whose tables speak of commands and do not ask for them."""


class PageError(Exception):
    """A page holds something that would be passed over in silence; says where."""


class Kind(Enum):
    """What is done with a block."""

    SESSION = auto()
    """Commands, each after `$ `, run in their order; what they print is compared."""
    COMMANDS = auto()
    """Commands, one a line, run in their order; that they end with 0 or 1 is asked, and no more."""
    FILE = auto()
    """Becomes a file of the name in the title, which later blocks use."""
    PART = auto()
    """Changes the file of the name in the title."""
    PYTHON = auto()
    """Run after the Python blocks above it."""
    PRINTED = auto()
    """Compared with what the Python block above prints."""
    NOT_RUN = auto()
    """Shown, and no more, for the reason in its mark."""


@dataclass(frozen=True, slots=True)
class Block:
    """One code block; `line` is that of its opening fence, counted from 1."""

    page: str
    line: int
    info: str
    text: str
    marks: tuple[str, ...]

    @property
    def language(self) -> str:
        return self.info.split(" ")[0]

    @property
    def title(self) -> str:
        found = TITLE.search(self.info)
        return found[1] if found else ""

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def needs_servers(self) -> bool:
        return "needs servers" in self.marks

    @property
    def is_slow(self) -> bool:
        return "slow" in self.marks

    @property
    def codes(self) -> tuple[int, ...]:
        """How its commands end; empty where the page does not say."""
        found = [each.removeprefix("exits with ") for each in self.marks if each.startswith("exits with ")]
        return tuple(int(code) for each in found for code in each.split(", "))

    @property
    def kind(self) -> Kind:
        """What is done with it; raises PageError for one of no kind."""
        for mark in self.marks:
            if not ON_BLOCKS.fullmatch(mark):
                raise PageError(f"{self.where}: nobody knows the mark {mark!r}; tests/pages/blocks.py has them all.")
        if any(each.startswith("not run: ") for each in self.marks):
            return Kind.NOT_RUN
        if self.title and self.language in ("console", "sh"):
            raise PageError(f"{self.where}: commands with a title would become a file, and not be run; leave it out.")
        if self.title:
            return Kind.PART if "in its place" in self.marks else Kind.FILE
        if "printed by Python" in self.marks:
            return Kind.PRINTED
        kinds = {"console": Kind.SESSION, "sh": Kind.COMMANDS, "python": Kind.PYTHON}
        if self.language not in kinds:
            raise PageError(
                f"{self.where}: a block of {self.language or 'no language'} is neither run nor a file; give it a "
                "title, or mark it with the reason why it is not run (tests/pages/blocks.py)."
            )
        return kinds[self.language]

    @property
    def commands(self) -> list[tuple[str, str]]:
        """The commands of a session or a list, each with what is shown below it; of other blocks, none."""
        if self.language == "sh":
            joined = re.sub(r" \\\n\s+", " ", self.text)
            lines = [line.partition("  #")[0].rstrip() for line in joined.splitlines()]
            return [(line, "") for line in lines if line and not line.startswith("#")]
        if self.language != "console":
            return []
        found: list[tuple[str, str]] = []
        rest = iter(self.text.splitlines(keepends=True))
        for line in rest:
            if line.startswith("$ "):
                command = line.removeprefix("$ ")
                while command.endswith("\\\n"):
                    command += next(rest)
                found.append((command.rstrip("\n"), ""))
            elif not found:
                raise PageError(f"{self.where}: a session begins with a command, after `$ `.")
            else:
                found[-1] = (found[-1][0], found[-1][1] + line)
        for command, shown in found:
            if shown.strip() == "...":
                raise PageError(f"{self.where}: nothing of what {command!r} prints is shown; show some of it.")
        return found


@dataclass(frozen=True)
class Page:
    """A Markdown file."""

    path: Path
    text: str

    @classmethod
    def at(cls, path: Path) -> Page:
        return cls(path, path.read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def blocks(self) -> list[Block]:
        """All code blocks; raises PageError for code that is in no fence, and for a fence without an end."""
        lines = self.text.splitlines(keepends=True)
        found = []
        begun: int | None = None
        outside = list(lines)
        for number, line in enumerate(lines):
            fence = FENCE.match(line.rstrip("\n"))
            if begun is not None:
                outside[number] = ""
                if fence is not None and not fence[1]:
                    text, info = "".join(lines[begun + 1 : number]), lines[begun].strip().removeprefix("```")
                    found.append(Block(self.name, begun + 1, info.strip(), text, self._marks_above(lines, begun)))
                    begun = None
            elif fence is not None:
                begun, outside[number] = number, "fence\n"
        if begun is not None:
            raise PageError(f"{self.name}:{begun + 1}: the block has no end.")
        indented = INDENTED_CODE.search("".join(outside))
        if indented or any(line.lstrip().startswith(("```", "~~~")) for line in outside):
            shown = indented[0].strip() if indented else "an indented fence"
            raise PageError(f"{self.name}: code that is only indented is not run; put it into a fence: {shown}")
        return found

    @staticmethod
    def _marks_above(lines: list[str], fence: int) -> tuple[str, ...]:
        marks: list[str] = []
        for line in reversed(lines[:fence]):
            mark = MARK.match(line.rstrip("\n"))
            if mark is None:
                break
            if not ON_PAGES.fullmatch(mark[1]):
                marks.insert(0, mark[1])
        return tuple(marks)

    @property
    def columns(self) -> int:
        found = re.search(r"^<!-- columns: (\d+) -->$", self.text, re.MULTILINE)
        return int(found[1]) if found else COLUMNS

    @property
    def slow(self) -> list[str]:
        """Commands of its tables that take long."""
        return re.findall(r"^<!-- slow: (.+) -->$", self.text, re.MULTILINE)

    @property
    def parts(self) -> list[Block | str]:
        """All that is run, in its order: the blocks, and the commands of the tables between them."""
        from tests.shell import commands_of_tables

        found: list[Block | str] = []
        blocks = {each.line: each for each in self.blocks}
        inside = False
        for number, line in enumerate(self.text.splitlines(), 1):
            if number in blocks:
                found.append(blocks[number])
            inside ^= line.startswith("```")
            found += [] if inside or MADE in self.text else commands_of_tables(line)
        return found


def pages() -> list[Page]:
    """Every page that a reader may open."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [Page.at(each) for each in paths]
