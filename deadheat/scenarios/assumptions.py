"""Where the roles of a model make assumptions: what holds, holds only of the runs that keep to them.

An assumption is an operation that `assumes`, such as `once` of a ghost. Roles are looked through as they are written,
with the functions that they name, so one is found whether or not a run ever came to it; by whichever name a role calls
the component.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Iterator
from functools import partial
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
    return tuple(f"{name} in {place}" for place, name in sorted(found, key=lambda each: (each[0][1:], each[1])))


def _assuming(kind: type[Component]) -> Iterator[str]:
    for name in dir(kind):
        marked = getattr(kind, name)
        if isinstance(marked, operation) and marked.traits.assumes:
            yield name


def _asked_for(function: FunctionType, names: set[str]) -> Iterator[tuple[Place, str]]:
    line = function.__code__.co_firstlineno
    for each in dis.get_instructions(function):
        line = (each.positions.lineno if each.positions else None) or line
        if each.opname in ("LOAD_ATTR", "LOAD_METHOD") and each.argval in names:
            yield Place.in_code(function.__code__, line), each.argval


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
