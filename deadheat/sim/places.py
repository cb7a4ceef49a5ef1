"""Places in the user's code, as they stand in every message: `dispatch (ours.py:7)`, the file as one would write it."""

from __future__ import annotations

import inspect
import linecache
import textwrap
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any, NamedTuple

from deadheat.sim.references import is_the_users

__all__ = [
    "Place",
    "function_of",
    "in_place_of",
    "is_of_a_component",
    "is_users_frame",
    "lines_of",
    "place_of",
    "place_of_class",
    "places_of",
    "shown",
    "source_of",
    "text_of",
]


LINES_MAX = 20
"""Of a longer traceback, the beginning and the end are shown."""


COMPONENTS = "deadheat.models.components."


class Place(NamedTuple):
    """A line of a function; `<module>` is the function of what stands in none."""

    function: str
    file: str
    line: int

    @classmethod
    def in_code(cls, code: CodeType, line: int | None = None) -> Place:
        """Return the place of a line of a code, or of its first."""
        return cls(code.co_name, shown(code.co_filename), line or code.co_firstlineno)

    @property
    def at(self) -> str:
        """The file and the line."""
        return f"{self.file}:{self.line}"

    def __str__(self) -> str:
        return f"{self.function} ({self.at})"


def shown(filename: str) -> str:
    """Return a path as one would write it where one is."""
    path = Path(filename)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def is_of_a_component(frame: FrameType) -> bool:
    """Return whether what runs in a frame are steps that a component of the library takes for a role."""
    return str(frame.f_globals.get("__name__")).startswith(COMPONENTS)


def function_of(function: Any) -> Any:
    """Return the function that somebody wrote, of what stands around it: an operation, `partial`, a wrapper."""
    while isinstance(function, partial):
        function = function.func
    return inspect.unwrap(getattr(function, "step", function))


def place_of(function: Any) -> Place | None:
    """Return where a function, or what stands around one, such as an operation, is defined; None for what is none."""
    function = function_of(function)
    code = getattr(function, "__code__", None) or getattr(getattr(type(function), "__call__", None), "__code__", None)  # noqa: B004
    return Place.in_code(code) if isinstance(code, CodeType) else None


def place_of_class(kind: type) -> str:
    """Return ` (ours.py:3)`, where a class of the user's is defined, as far as that can be told, or nothing."""
    try:
        file, (_, line) = inspect.getfile(kind), inspect.findsource(kind)
    except (OSError, TypeError):
        return ""
    return f" ({shown(file)}:{line + 1})" if is_the_users(kind.__module__) else ""


def source_of(code: CodeType, module: dict[str, Any] | None = None) -> str:
    """Return the text of a function by its code, as it is indented; raises OSError for what was made without a file.

    `inspect.getsource` says the same, but looks for the function's module among the files of all that are loaded, which
    takes as long as a small check. The module is asked for what is in no file of its own, such as in an archive.
    """
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename, module)
    if code.co_firstlineno > len(lines):
        raise OSError(f"{code.co_name} has no text.")
    return "".join(inspect.getblock(lines[code.co_firstlineno - 1 :]))


def text_of(function: Any) -> str:
    """Return the text of a function or a class, not indented; raises OSError or TypeError for what has none."""
    written = inspect.unwrap(getattr(function, "__func__", function))
    if isinstance(written, FunctionType):
        return textwrap.dedent(source_of(written.__code__, written.__globals__))
    return textwrap.dedent(inspect.getsource(written))


def places_of(error: BaseException) -> list[Place]:
    """Return the places of the user's code that an error has come through, the innermost last."""
    frames = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if is_users_frame(frame)]
    return [Place.in_code(frame.f_code, line) for frame, line in frames]


def in_place_of(error: BaseException, called: Callable[..., Any] | None = None) -> str:
    """Return ` in f (ours.py:3)`, the innermost place of the user's code that an error has come through.

    If it has come through none, that is where what was `called` is defined, or nothing.
    """
    places = places_of(error)
    place = places[-1] if places else place_of(called)
    return f" in {place}" if place is not None else ""


def lines_of(error: BaseException) -> str:
    """Return the user's part of a traceback: each place with what stands there, below each other."""
    shown_lines = []
    for frame, line in traceback.walk_tb(error.__traceback__):
        if is_users_frame(frame):
            place = Place.in_code(frame.f_code, line)
            text = linecache.getline(frame.f_code.co_filename, line, frame.f_globals).strip()
            shown_lines.append(f"  {place.at}, in {place.function}" + (f": {text}" if text else ""))
    if len(shown_lines) > LINES_MAX:
        left_out = len(shown_lines) - LINES_MAX
        shown_lines[LINES_MAX // 2 : -LINES_MAX // 2] = [f"  ... {left_out:,} more ..."]
    return "\n".join(shown_lines)


def is_users_frame(frame: FrameType) -> bool:
    """Return whether a frame runs what the user wrote; not what a dataclass of the user's has made for itself."""
    is_made = frame.f_code.co_filename == "<string>" and "__file__" in frame.f_globals
    return not is_made and is_the_users(frame.f_globals.get("__name__"))
