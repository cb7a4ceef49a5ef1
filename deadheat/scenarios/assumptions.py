"""Where the roles of a model make assumptions: what holds, holds only of the runs that keep to them.

An assumption is an operation that `assumes`, such as `once` of a ghost. Roles are looked through as they are written,
with the functions that they name, so one is found whether or not a run ever came to it; by whichever name a role calls
the component.

One to which some run comes, and which no run keeps to, cuts away all that is behind it: what holds then may hold for
want of that. The usual cause is a fact that is noted by another name.
"""

from __future__ import annotations

import ast
import dis
import linecache
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from inspect import unwrap
from types import FunctionType
from typing import Any, NamedTuple

from deadheat.sim.components import Component, operation
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.nearest import did_you_mean
from deadheat.sim.operations import Operation, operations_of
from deadheat.sim.places import Place
from deadheat.sim.run.coverage import Site

__all__ = ["NeverKept", "assumptions_of", "is_assumption", "never_kept"]

PACKAGE = __name__.partition(".")[0]

LOOKED_AT_MAX = 20_000
"""In so many states at most it is looked for a run that comes to an assumption."""


class NeverKept(NamedTuple):
    """An assumption to which no run keeps, of those that come to it: its name, such as `once:loaded`, and where it is.

    `meant` is what was noted by a name like that.
    """

    name: str
    site: Site
    meant: str = ""

    def __str__(self) -> str:
        return f"{self.name} in {self.site}{self.meant.removesuffix('?')}"


def never_kept(model: Model, exploration: Exploration) -> tuple[NeverKept, ...]:
    """Return the assumptions to which no explored run keeps, although one comes to them, as a short search finds."""
    if not assumptions_of(model):
        return ()
    tables = Tables(model)
    seen = {tables.initial()}
    waiting = list(seen)
    for state in waiting:
        if len(seen) > LOOKED_AT_MAX:
            break
        for _, after in tables.choices(state):
            if after not in seen:
                seen.add(after)
                waiting.append(after)
    cut = {name: site for name, site in _come_to(tables) if site not in exploration.reached}
    return tuple(NeverKept(name, site, _meant(tables, name)) for name, site in sorted(cut.items()))


def _come_to(tables: Tables) -> Iterator[tuple[str, Site]]:
    """Yield the assumptions that some process has come to, by name, and where they are asked for."""
    for states in tables.locals:
        for state in states.states:
            for each in (each for request in state.operations for each in operations_of(request)):
                if _assumes(tables.model, each) and state.site is not None:
                    yield _name_of(each), state.site


def _meant(tables: Tables, name: str) -> str:
    """Return the name nearest to that of the fact which is assumed, of those that are said to the same component."""
    asked = {
        each
        for states in tables.locals
        for state in states.states
        for request in state.operations
        for each in operations_of(request)
    }
    components = {each.component for each in asked if _assumes(tables.model, each) and _name_of(each) == name}
    said = {str(each.arguments[0]) for each in asked if each.component in components and each.arguments}
    fact = name.partition(":")[2]
    return did_you_mean(fact, sorted(said - {fact}))


def _assumes(model: Model, request: Operation) -> bool:
    component = model.components.get(request.component)
    marked = getattr(type(component), request.name, None)
    return isinstance(marked, operation) and marked.traits.assumes


def _name_of(request: Operation) -> str:
    return ":".join((request.name, *map(str, request.arguments[:1])))


def is_assumption(name: str, models: Iterable[Model]) -> bool:
    """Return whether a name is that of an assumption, such as `once:loaded`, of a component of one of the models."""
    kinds = {type(each) for model in models for each in model.components.values()}
    return name.partition(":")[0] in {each for kind in kinds for each in _assuming(kind)}


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
