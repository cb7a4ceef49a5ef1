"""The console that results are printed on: what users wrote is text there, and nothing else.

A name or a status may hold rich's markup, an escape sequence of a terminal, or a mark that turns the order of letters.
None of it does anything here: markup is not read at all, and what cannot be seen is written as an escape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from deadheat.reports.inert import UNSEEN, plain

__all__ = ["Screen", "print_command"]


class Screen(Console):
    """A console on which texts are inert."""

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, markup=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Render a string as rich does, with what cannot be seen as an escape before its width is measured."""
        return super().render_str(plain(text), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """Render as rich does, with what cannot be seen as an escape."""
        for segment in super().render(renderable, options):
            if segment.control or UNSEEN.search(segment.text) is None:
                yield segment
            else:
                yield Segment(plain(segment.text), segment.style)

    def show_cursor(self, show: bool = True) -> bool:
        """Leave the cursor as it is: who ends the program at once, with a second Ctrl-C, keeps a terminal with one."""
        del show
        return False

    def on_broken_pipe(self) -> None:
        """Tell who reads that nobody does any more; rich would end the program, with 1."""
        raise BrokenPipeError


def print_command(console: Console, before: str, command: str) -> None:
    """Print a command so that it can be copied: in one line, which a narrow terminal wraps, and rich must not."""
    console.print(Text.assemble(before, (command, "bold")), soft_wrap=True)
