"""The names that a user can ask for, each with its line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.console import Console
from rich.table import Table

from deadheat.models.faults import FAULTS
from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.reports.names import TERMS
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.subject import Subject
from deadheat.sim.errors import unknown_name

__all__ = ["print_catalogue", "print_lines", "print_names_of"]

NOTES = {
    "protocols": (
        "In brackets is where each comes from. Options and interim solutions are those of the original analysis, the "
        "design note from which deadheat began."
    ),
    "properties": TERMS,
    "faults": (
        "A fault never happens unless --faults allows it: KIND=N allows up to N of a kind, for all together, and "
        "KIND=* any number, also without end. Those without =* are bounded by nature: each one brings a process "
        "of its own into play, such as another worker or another delivery, so there must be a last."
    ),
}
"""What stands below a section."""


def print_catalogue(what: str | None, console: Console) -> None:
    """Print the protocols, properties and faults, or one of them; raises UsageError for anything else."""
    sections: Mapping[str, Mapping[str, str]] = {
        "protocols": {
            **{each.name: f"{each.summary} ({each.source})" for each in PROTOCOLS},
            **{f"X+{each.name}": f"X, and {each.summary} ({each.source})" for each in ADDITIONS},
        },
        "properties": PROPERTIES,
        "faults": {each.kind: f"{each.meaning} ({each.source})" for each in FAULTS.values()},
    }
    if what is not None and what not in sections:
        raise unknown_name("list", what, [*sections, "operations"])
    for title, lines in sections.items():
        if what in (None, title):
            _print_section(title, lines, console, {each.kind: each.bounded for each in FAULTS.values()})


def print_names_of(what: str, subject: Subject, console: Console) -> None:
    """Print the properties or the faults of one protocol, design or model; raises UsageError for anything else."""
    if what == "properties":
        _print_section(what, subject.properties, console, subject.faults)
    elif what == "faults":
        _print_section(what, subject.meanings, console, subject.faults)
    else:
        raise unknown_name("list of one protocol:", what, ["properties", "faults", "operations"])


def _print_section(title: str, lines: Mapping[str, str], console: Console, bounded: Mapping[str, bool]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="cyan", min_width=24)
    if title == "faults":
        table.add_column(no_wrap=True)
    table.add_column()
    for name, line in lines.items():
        budgets = [("=N" if bounded[name] else "=N =*")] if title == "faults" else []
        table.add_row(name, *budgets, line)
    console.print(table)
    if note := NOTES.get(title):
        console.print(note, style="dim", highlight=False)


def print_lines(lines: Iterable[tuple[str, str]], console: Console) -> None:
    """Print names, each with its line."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column()
    for name, line in lines:
        table.add_row(name, line)
    console.print(table)
