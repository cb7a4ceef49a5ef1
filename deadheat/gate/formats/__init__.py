"""What the gate found, written down: a module a format, each with `render(gated, screen) -> str`.

The same findings give the same bytes: they are sorted, and no format has times in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from deadheat.gate.gate import Gated
from deadheat.sim.errors import UsageError, unknown_name

__all__ = ["FORMATS", "Screen", "destinations", "rendered"]

FORMATS = ("text", "json", "markdown", "junit", "sarif", "codequality", "github")

TERMINAL = "-"


class Screen(NamedTuple):
    """What the text is read on: how many columns it has, and whether it shows colours."""

    width: int = 80
    colours: bool = False


def destinations(formats: Sequence[str], outputs: Sequence[str], *, as_json: bool) -> list[tuple[str, Path | None]]:
    """Return the formats that are asked for, each with its file; None is the terminal.

    The first output is of the first format, and so on; raises UsageError where they do not fit together.
    """
    asked = [*formats, *(["json"] if as_json else [])]
    for name in asked:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    if len(outputs) > len(formats):
        raise UsageError(f"There is an --output {outputs[len(formats)]} without a --format; give each its format.")
    files = [None if each == TERMINAL else Path(each) for each in outputs]
    found = [*zip(asked, files, strict=False), *((name, None) for name in asked[len(files) :])]
    if sum(path is None for _, path in found) > 1:
        raise UsageError("Two formats would go to the terminal; give all but one an --output FILE.")
    paths = [path.resolve() for _, path in found if path is not None]
    if len(set(paths)) < len(paths):
        raise UsageError("Two formats would go to one file; give each an --output of its own.")
    return found if any(path is None for _, path in found) else [("text", None), *found]


def rendered(gated: Gated, name: str, screen: Screen) -> str:
    """Return what was found in the named format."""
    text: str = import_module(f"deadheat.gate.formats.{name}").render(gated, screen)
    return text
