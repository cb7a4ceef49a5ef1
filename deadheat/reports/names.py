"""Names in tables: properties as headers, and long names broken where they are composed.

A property's name is written out wherever a table has room for it. Where it has not, each property has one letter,
the same in every table of every command, and the legend below says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from string import ascii_uppercase

from rich.console import Console
from rich.table import Table

from deadheat.scenarios.properties import PROPERTIES

__all__ = ["TERMS", "broken", "folded", "is_narrow", "print_whole", "property_letters", "table_that_fits"]

TERMS = (
    "Settled: nothing is left to happen but faults and what a user need not do. Fair: nothing waits for ever that "
    "could go on."
)
"""The words that properties are told in and that are not everybody's."""

NARROW = 100
"""In a terminal of fewer columns long names are broken."""
BROKEN_AT = 16
PROCESS_WIDTH_MAX = 24

Headers = Sequence[str]


def property_letters(names: Sequence[str]) -> list[str]:
    """Return the letter of each property: its place among all of them; those of nobody's list come behind."""
    known = list(dict.fromkeys([*PROPERTIES, *names]))
    return [_letter(known.index(name)) for name in names]


def table_that_fits(
    properties: Sequence[str], build: Callable[[Headers], Table], console: Console
) -> tuple[Table, list[str]]:
    """Return the table that `build` makes with the properties as headers, and the letters that it needs a legend for.

    The names are written out, a word a line, if that fits the terminal; then there are no letters.
    """
    written_out = build([name.replace("-", "\n") for name in properties])
    if console.measure(written_out, options=console.options.update_width(1_000)).maximum <= console.width:
        return written_out, []
    letters = property_letters(properties)
    return build(letters), letters


def print_whole(table: Table, console: Console) -> None:
    """Print a table with nothing of it left out, if need be in lines that a terminal this narrow breaks."""
    width = console.width
    needed = console.measure(table, options=console.options.update_width(1_000)).maximum
    console.width = max(width, needed)
    try:
        console.print(table)
    finally:
        console.width = width


def is_narrow(console: Console) -> bool:
    """Return whether what is long is better put on several lines."""
    return console.width < NARROW


def broken(name: str, console: Console) -> str:
    """Return a long name over several lines in a narrow terminal, broken before a `+` and after a colon or hyphen."""
    if not is_narrow(console):
        return name
    return "\n".join(line for part in re.split(r"(?=\+)|(?<=:)", name) for line in _lines(part))


def folded(name: str) -> str:
    """Return the name of a process over several lines, if it would leave no room for what the process does."""
    return name if len(name) <= PROCESS_WIDTH_MAX else "\n".join(_lines(name, PROCESS_WIDTH_MAX, "-/_"))


def _lines(part: str, width: int = BROKEN_AT, after: str = "-") -> list[str]:
    lines = [""]
    for piece in re.findall(f"[^{after}]+[{after}]?|[{after}]", part):
        if lines[-1] and len(lines[-1] + piece) > width:
            lines.append("")
        lines[-1] += piece
    return lines


def _letter(place: int) -> str:
    """Return A to Z, then A2, B2, ..."""
    turn, index = divmod(place, len(ascii_uppercase))
    return ascii_uppercase[index] + (str(turn + 1) if turn else "")
