"""What was measured, row by row: kept in a file as soon as it is known, and shown as tables.

A ratio is of two rows of one run: of others, the machine may have been busier.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["MARKERS", "Begun", "Measured", "Record", "Table", "Work", "put_into", "rendered"]

MARKERS = "<!-- measured -->", "<!-- end -->"
HEADER = "| what | states | seconds | states/s | bytes a state | sooner, times |\n|---|--:|--:|--:|--:|--:|"


@dataclass(frozen=True)
class Measured:
    """What one piece of work took: states (0 if that is not known), seconds, and bytes a state; and in which run."""

    states: int
    seconds: float
    bytes: float | None = None
    run: str = ""

    @property
    def rate(self) -> float:
        """States a second."""
        return self.states / self.seconds


Work = Callable[[], Measured]


@dataclass(frozen=True)
class Table:
    """Rows to measure, by their names.

    Each is compared with the last one before it whose name begins with `against`. A `large` table is measured only
    where it is asked for.
    """

    name: str
    title: str
    works: Mapping[str, Work]
    against: str = "nothing"
    large: bool = False

    @property
    def names(self) -> list[str]:
        """The names of its rows among those of all tables."""
        return [f"{self.name}/{each}" for each in self.works]


@dataclass(frozen=True)
class Begun:
    """A run that has not come to its end: by which name, of what code, on which machine, and of which rows."""

    run: str
    code: str
    machine: str
    rows: list[str]


@dataclass
class Record:
    """All rows that were measured last, what each run was measured on, and the run that is unfinished."""

    path: Path
    rows: dict[str, Measured] = field(default_factory=dict)
    machines: dict[str, str] = field(default_factory=dict)
    unfinished: Begun | None = None

    @classmethod
    def read(cls, path: Path) -> Record:
        """Return what a file has, nothing if there is none."""
        if not path.exists():
            return cls(path)
        held = json.loads(path.read_text())
        rows = {name: Measured(**each) for name, each in held["rows"].items()}
        return cls(path, rows, held["machines"], Begun(**held["unfinished"]) if held["unfinished"] else None)

    def write(self) -> None:
        """Keep it; what no row was measured in is forgotten."""
        runs = {each.run for each in self.rows.values()} | ({self.unfinished.run} if self.unfinished else set())
        self.machines = {run: machine for run, machine in self.machines.items() if run in runs}
        rows = {name: asdict(each) for name, each in self.rows.items()}
        unfinished = self.unfinished and asdict(self.unfinished)
        held = {"rows": rows, "machines": self.machines, "unfinished": unfinished}
        _write_whole(self.path, json.dumps(held, indent=1) + "\n")


def rendered(tables: Iterable[Table], record: Record, run: str | None = None) -> str:
    """Return the tables of what was measured; with a `run`, of what was measured in that one."""
    lines = []
    for table in tables:
        known = {name: record.rows.get(full) for name, full in zip(table.works, table.names, strict=True)}
        shown = {name: each for name, each in known.items() if each is not None and run in (None, each.run)}
        if not shown:
            continue
        machines = dict.fromkeys(record.machines[each.run] for each in shown.values())
        lines += [f"### {table.title}", "", *(f"Measured on {machine}." for machine in machines), "", HEADER]
        base: Measured | None = None
        for name, each in shown.items():
            base = each if name.startswith(table.against) else base
            lines.append(_row(name, each, base if base is not None and base.run == each.run else None))
        lines.append("")
    return "\n".join(lines)


def _row(name: str, measured: Measured, base: Measured | None) -> str:
    states = f"{measured.states:,}" if measured.states else "-"
    rate = f"{measured.rate:,.0f}" if measured.states else "-"
    size = f"{measured.bytes:.1f}" if measured.bytes else "-"
    ratio = f"{base.seconds / measured.seconds:.2f}" if base else "-"
    return f"| {name} | {states} | {measured.seconds:.2f} | {rate} | {size} | {ratio} |"


def put_into(page: Path, text: str) -> None:
    """Write the tables between the two marks of a page."""
    begin, end = MARKERS
    before = page.read_text()
    _write_whole(page, f"{before[: before.index(begin)]}{begin}\n{text}{before[before.index(end) :]}")


def _write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever is interrupted leaves the old one or the new one, and no part of either."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)
