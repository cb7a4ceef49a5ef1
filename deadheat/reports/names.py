"""Names and words in tables: long names over several lines, and the words that properties are told in."""

from __future__ import annotations

import re

from rich.console import Console

__all__ = ["TERMS", "folded", "is_narrow", "lines_of"]

TERMS = (
    "Settled: nothing is left to happen but faults and what a user need not do. Fair: nothing waits for ever that "
    "could go on."
)
"""The words that properties are told in and that are not everybody's."""

NARROW = 100
"""In a terminal of fewer columns what is long is put on several lines."""
PROCESS_WIDTH_MAX = 24


def is_narrow(console: Console) -> bool:
    """Return whether what is long is better put on several lines."""
    return console.width < NARROW


def folded(name: str, width: int = PROCESS_WIDTH_MAX) -> str:
    """Return a name over several lines, none of which ends within a word, if it would leave no room for all else."""
    return name if len(name) <= width else "\n".join(lines_of(name, width, "-/_+:"))


def lines_of(part: str, width: int, after: str) -> list[str]:
    """Return a text as lines of so many columns, broken only after these characters."""
    lines = [""]
    for piece in re.findall(f"[^{after}]+[{after}]?|[{after}]", part):
        if lines[-1] and len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return lines
