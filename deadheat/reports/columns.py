"""A table with a column for each property, whose names stand above it whatever the width, and are never broken.

Where there is room, a name is written a word a line above its column. Where there is not, the names stand one below
the other like stairs, each at the height of its own line and with a line down to its column:

                      no-permanent-orphan
                      │    terminal-is-final
    protocol          │    │     states  seconds
    baseline          ✗ 17 ✗ 7      209     0.14

If that does not fit either, the last of the columns at the end is left out, which says least; else the rows' names get
lines of their own, and in the end the columns are divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from deadheat.reports.inert import one_line

__all__ = ["Columns", "Row", "print_columns"]

GAPS = (2, 1)
INDENT = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its name, a cell for each property, and what stands at its end."""

    name: str
    cells: tuple[Text, ...]
    end: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """A table: its title, what its rows are, the names of its columns, those at its end, and its rows."""

    title: str
    of: str
    names: tuple[str, ...]
    ends: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def widths(self) -> list[int]:
        """How wide each column's cells are."""
        return [max(1, *(each.cells[index].cell_len for each in self.rows)) for index in range(len(self.names))]

    @property
    def end_widths(self) -> list[int]:
        """The same of the columns at the end, with their names."""
        return [
            max(cell_len(name), *(cell_len(each.end[index]) for each in self.rows))
            for index, name in enumerate(self.ends)
        ]


def print_columns(table: Columns, console: Console) -> bool:
    """Print a table in the roomiest way that fits; return whether every name has its whole room above its column."""
    rows = tuple(replace(each, name=one_line(each.name)) for each in table.rows)
    table = replace(table, names=tuple(map(one_line, table.names)), rows=rows)
    console.print(Text(table.title, style="italic"))
    upright = _upright(table)
    if _fits(upright, console):
        _print(upright, console)
        return True
    for each in _stairs(table, console):
        _print(each, console)
    return False


def _print(lines: Sequence[Text], console: Console) -> None:
    for line in lines:
        console.print(line, no_wrap=True, soft_wrap=True)


def _fits(lines: Sequence[Text], console: Console) -> bool:
    return max(line.cell_len for line in lines) <= console.width


# A word a line


def _upright(table: Columns) -> list[Text]:
    words = [name.split("-") for name in table.names]
    widths = [max(width, *map(cell_len, each)) for width, each in zip(table.widths, words, strict=True)]
    widths += table.end_widths
    height = max(map(len, words), default=1)
    first = max(cell_len(table.of), *(cell_len(each.name) for each in table.rows))
    above = [
        *([""] * (height - len(each)) + each for each in words),
        *([""] * (height - 1) + [each] for each in table.ends),
    ]
    lines = []
    for level in range(height):
        of = table.of if level == height - 1 else ""
        lines.append(_line([Text(of), *(Text(each[level]) for each in above)], [first, *widths], GAPS[0]))
    for line in lines:
        line.stylize("bold")
    for row in table.rows:
        cells = [Text(row.name), *row.cells, *map(Text, row.end)]
        lines.append(_line(cells, [first, *widths], GAPS[0]))
    return lines


def _line(cells: Sequence[Text], widths: Sequence[int], gap: int) -> Text:
    """Return a line of cells: the first one begins it, and the others end where their columns do."""
    line = Text()
    for number, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        room = " " * (width - cell.cell_len)
        line.append_text(Text.assemble(cell, room) if not number else Text.assemble(" " * gap, room, cell))
    line.rstrip()
    return line


# Stairs


def _stairs(table: Columns, console: Console) -> list[list[Text]]:
    """Return the table as stairs: one, or several that each have some of the columns."""
    shorter = replace(table, ends=table.ends[:-1], rows=tuple(replace(each, end=each.end[:-1]) for each in table.rows))
    ways = [
        *(_as_stairs(table, gap, own_lines=False) for gap in GAPS),
        _as_stairs(shorter, GAPS[-1], own_lines=False),
        *(_as_stairs(table, gap, own_lines=True) for gap in GAPS),
    ]
    for lines in ways:
        if _fits(lines, console):
            return [lines]
    if len(table.names) < 2:
        return [ways[-1]]
    half = len(table.names) // 2
    first = replace(
        table,
        names=table.names[:half],
        ends=(),
        rows=tuple(replace(each, cells=each.cells[:half], end=()) for each in table.rows),
    )
    second = replace(
        table, names=table.names[half:], rows=tuple(replace(each, cells=each.cells[half:]) for each in table.rows)
    )
    return [*_stairs(first, console), *_stairs(second, console)]


def _as_stairs(table: Columns, gap: int, *, own_lines: bool) -> list[Text]:
    first = INDENT if own_lines else max(cell_len(table.of), *(cell_len(each.name) for each in table.rows)) + gap
    places, at = [], first
    for width in table.widths:
        places.append(at)
        at += width + gap
    lines = []
    for number, name in enumerate(table.names):
        lines.append(
            _placed(
                [(place, Text("│", style="dim")) for place in places[:number]]
                + [(places[number], Text(name, style="bold"))]
            )
        )
    ends, right = [], at - gap
    for width in table.end_widths:
        right += GAPS[0] + width
        ends.append(right)
    bars = [(place, Text("│", style="dim")) for place in places]
    lines.append(
        _placed(
            [
                (0, Text(table.of, style="bold")),
                *([] if own_lines and cell_len(table.of) >= first else bars),
                *_ended(table.ends, ends),
            ]
        )
    )
    for row in table.rows:
        cells = [*zip(places, row.cells, strict=True), *_ended(row.end, ends)]
        if own_lines:
            lines += [Text(row.name), _placed(cells)]
        else:
            lines.append(_placed([(0, Text(row.name)), *cells]))
    return lines


def _ended(texts: Sequence[str], ends: Sequence[int]) -> list[tuple[int, Text]]:
    return [(end - cell_len(text), Text(text)) for text, end in zip(texts, ends, strict=True)]


def _placed(parts: Sequence[tuple[int, Text]]) -> Text:
    """Return a line with each part at its place; what would come over another comes behind it."""
    line = Text()
    for at, part in parts:
        line.append(" " * (at - line.cell_len))
        line.append_text(part)
    return line
