"""What a log may tell of, as a table for people and as JSON (`docs/json.md`)."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.live.logs.vocabulary import Tellable
from deadheat.version import VERSION

__all__ = ["operations_to_json", "print_operations"]

SCHEMA = 1


def operations_to_json(tellable: Sequence[Tellable]) -> str:
    """Return the operations, one entry each; outcomes and the example are JSON values, not texts."""
    entries = [
        {
            "component": each.component,
            "operation": each.operation,
            "meaning": each.meaning,
            "arguments": [
                {"name": one.name, "types": list(one.types), "optional": one.optional} for one in each.arguments
            ],
            "processes": list(each.processes),
            "outcomes": [json.loads(text) for text in each.outcomes],
            "example": json.loads(each.example),
        }
        for each in tellable
    ]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


def print_operations(tellable: Sequence[Tellable], console: Console) -> None:
    """Print each operation with its arguments, who does it, what it may be answered, and a line of a log."""
    for each in tellable:
        arguments = ", ".join(
            f"{one.name}: {' or '.join(one.types)}" + " (optional)" * one.optional for one in each.arguments
        )
        console.print(Text.assemble((f"{each.component}.{each.operation}", "bold cyan"), f"({arguments})"))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1, 0, 0))
        table.add_column(no_wrap=True, style="dim", min_width=10)
        table.add_column(overflow="fold")
        table.add_row("  means", Text(each.meaning))
        table.add_row("  done by", Text(", ".join(each.processes)))
        table.add_row("  outcomes", Text(", ".join(each.outcomes) or "none that was seen"))
        console.print(table)
        console.print(Text(f"  {each.example}", style="green"), soft_wrap=True)  # a line that can be copied
