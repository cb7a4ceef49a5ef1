"""Where the roles of a model make assumptions: what holds, holds only of the runs that keep to them.

An assumption is an operation that `assumes`, such as `once` of a ghost. Roles are looked through as they are written,
with the functions that they name, so one is found whether or not a run ever came to it; by whichever name a role calls
the component.
"""

from __future__ import annotations

import ast
import dis
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from inspect import unwrap
from types import FunctionType
from typing import Any

from deadheat.sim.components import Component, operation
from deadheat.sim.model import Model
from deadheat.sim.places import Place

__all__ = ["assumptions_of"]

PACKAGE = __name__.partition(".")[0]


def assumptions_of(model: Model) -> tuple[str, ...]:
    """Return the assumptions that the roles of a model make: each operation, and where it stands."""
    names = {name for each in set(map(type, model.components.values())) for name in _assuming(each)}
    if not names:
        return ()
    functions = (each for process in model.processes for each in (process.role, *process.arguments) if callable(each))
    found = {(place, name) for each in _named_by(functions) for place, name in _asked_for(each, names)}
    return tuple(f"{asked} in {place}" for place, asked in sorted(found, key=lambda each: (each[0][1:], each[1])))


def _assuming(kind: type[Component]) -> Iterator[str]:
    for name in dir(kind):
        marked = getattr(kind, name)
        if isinstance(marked, operation) and marked.traits.assumes:
            yield name


def _asked_for(function: FunctionType, names: set[str]) -> Iterator[tuple[Place, str]]:
    """Yield where a function asks for one of these operations, and how: as it is written, with its arguments."""
    line, file = function.__code__.co_firstlineno, function.__code__.co_filename
    linecache.checkcache(file)
    calls = _calls_in("".join(linecache.getlines(file)))
    for each in dis.get_instructions(function):
        line = (each.positions.lineno if each.positions else None) or line
        if each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in names:
            end = (each.positions.end_lineno, each.positions.end_col_offset) if each.positions else None
            yield Place.in_code(function.__code__, line), calls.get(end, each.argval)


@lru_cache(maxsize=64)
def _calls_in(text: str) -> Mapping[tuple[int | None, int | None] | None, str]:
    """Return each call of a method as it is written, by where the method's name ends."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return {}
    calls = (each for each in ast.walk(tree) if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute))
    return {(each.func.end_lineno, each.func.end_col_offset): ast.unparse(each) for each in calls}


def _named_by(functions: Iterable[Callable[..., Any]]) -> Iterator[FunctionType]:
    """Yield functions, and those of the user's that they name, or close over."""
    waiting, seen = list(functions), set()
    while waiting:
        function: Any = waiting.pop()
        while isinstance(function, partial):
            function = function.func
        function = unwrap(function)
        if not isinstance(function, FunctionType) or function.__code__ in seen:
            continue
        seen.add(function.__code__)
        yield function
        closed_over = (cell.cell_contents for cell in function.__closure__ or ())
        named = (function.__globals__.get(name) for name in function.__code__.co_names)
        waiting.extend(each for each in (*closed_over, *named) if isinstance(each, FunctionType) and _is_own(each))


def _is_own(function: FunctionType) -> bool:
    return function.__module__.partition(".")[0] != PACKAGE
