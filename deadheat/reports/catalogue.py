"""The names that a user can ask for, each with its line."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from deadheat.models.faults import FAULTS
from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.scenarios.properties import PROPERTIES
from deadheat.sim.errors import unknown_name

__all__ = ["print_catalogue"]


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
            _print_section(title, lines, console)


def _print_section(title: str, lines: Mapping[str, str], console: Console) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="cyan", min_width=24)
    table.add_column()
    for name, line in lines.items():
        table.add_row(name, line)
    console.print(table)
