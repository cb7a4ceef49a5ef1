"""Generator functions that are called and left alone: a forgotten `yield from` does nothing, and looks as if it did."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any

from deadheat.sim.errors import ModelError

__all__ = ["require_delegation"]


def require_delegation(function: FunctionType) -> None:
    """Raise ModelError if a statement of a function calls a generator function, and does nothing with the generator.

    Only what a function names by a global, by its closure or in a module is known; nothing is said without its source.
    """
    for path, line in _calls_left_alone(function.__code__):
        if inspect.isgeneratorfunction(_found(function, path)):
            file = function.__code__.co_filename.rpartition("/")[2]
            raise ModelError(
                f"The function {function.__qualname__!r} calls {'.'.join(path)} ({file}:{line}) and drops what it "
                "returns, so nothing of it happens; write `yield from` before it."
            )


@lru_cache(maxsize=4_096)
def _calls_left_alone(code: CodeType) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return the names of what is called as a statement of its own, each with its line in the file."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    except (OSError, SyntaxError, TypeError):
        return ()
    statements = (node.value for node in ast.walk(tree) if isinstance(node, ast.Expr))
    calls = (node for node in statements if isinstance(node, ast.Call))
    named = ((tuple(_names(call.func)), call.lineno + code.co_firstlineno - 1) for call in calls)
    return tuple((path, line) for path, line in named if path)


def _names(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Attribute):
        before = list(_names(node.value))
        if before:
            yield from (*before, node.attr)
    elif isinstance(node, ast.Name):
        yield node.id


def _found(function: FunctionType, path: tuple[str, ...]) -> Any:
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    first, *others = path
    try:
        found = cells[first].cell_contents if first in cells else function.__globals__.get(first)
    except ValueError:  # an empty cell
        return None
    for name in others:
        found = inspect.getattr_static(found, name, None)
    return found
