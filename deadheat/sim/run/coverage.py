"""Which steps of the roles an exploration reached, so that a green verdict can show that it is not vacuous."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from itertools import pairwise, takewhile
from types import CodeType, FunctionType, GeneratorType, ModuleType
from typing import Any, NamedTuple

from deadheat.sim.operations import Label
from deadheat.sim.places import Place, is_of_a_component, is_users_frame
from deadheat.sim.references import is_the_users
from deadheat.sim.run.connected import CONNECTS
from deadheat.sim.run.either import MEETS
from deadheat.sim.run.intercept import DRIVE
from deadheat.sim.run.mortal import DRIVES_MORTAL
from deadheat.sim.run.noting import NOTES
from deadheat.sim.run.postpone import DRIVES
from deadheat.sim.run.split import SPLITS

__all__ = ["Site", "chain_of", "codes_of", "delegations_of", "labels_of", "place_in", "site_of", "sites_of"]

IN_BETWEEN = (DRIVE, *DRIVES, SPLITS, DRIVES_MORTAL, NOTES, CONNECTS, *MEETS)


class Site(NamedTuple):
    """A place in a role where it yields: the function's name, its file, and the line."""

    function: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.function} ({self.file}:{self.line})"


def site_of(generator: Generator[Any, Any, Any]) -> Site:
    """Return where a suspended generator yields, inside the innermost generator that it delegates to, or intercepts.

    The steps of a component of the library are no place of their own: it is the role that asks for them.
    """
    first, *others = (each.gi_frame for each in chain_of(generator) if each.gi_frame is not None)
    own = takewhile(lambda frame: not is_of_a_component(frame), others)
    *_, frame = (first, *own)
    return _site(frame.f_code, frame.f_lineno)


def place_in(generator: Generator[Any, Any, Any]) -> Place:
    """Return where a suspended generator stands, in the innermost code of the user's that it has come to, if any."""
    frames = [each.gi_frame for each in chain_of(generator) if each.gi_frame is not None]
    innermost = next((each for each in reversed(frames) if is_users_frame(each)), frames[-1])
    return Place.in_code(innermost.f_code, innermost.f_lineno)


def chain_of(generator: Generator[Any, Any, Any]) -> Iterator[GeneratorType[Any, Any, Any]]:
    """Yield a suspended generator, and those inside it that it delegates to, or intercepts, one after the other."""
    inner: GeneratorType[Any, Any, Any] | None = generator if isinstance(generator, GeneratorType) else None
    while inner is not None:
        yield inner
        inner = _inner(inner)


def sites_of(functions: Iterable[Callable[..., Any]]) -> set[Site]:
    """Return every place where the given generator functions, and those that they call by name, yield."""
    return {_site(code, line) for code in codes_of(functions) for line in _yield_lines(code)}


def delegations_of(functions: Iterable[Callable[..., Any]]) -> set[Site]:
    """Return every place where the given generator functions, and those that they call by name, delegate."""
    return {_site(code, line) for code in codes_of(functions) for line in _yield_lines(code, of_delegations=True)}


def codes_of(functions: Iterable[Callable[..., Any]]) -> set[CodeType]:
    """Return the code of the given generator functions, and of those that they call by name."""
    return {function.__code__ for function in _called_by(functions)}


def _called_by(functions: Iterable[Callable[..., Any]], *, of_any_kind: bool = False) -> Iterator[FunctionType]:
    """Yield the given generator functions, each followed by those that it calls by name; one of each code.

    Others of the user's, and methods of what has a name, are followed where they are `of_any_kind`.
    """
    named_in = _functions_named_in if of_any_kind else _generators_named_in
    seen: set[CodeType] = set()
    waiting = list(functions)
    while waiting:
        function = inspect.unwrap(waiting.pop(0))
        code = getattr(function, "__code__", None)
        if code is None or code in seen:
            continue
        seen.add(code)
        yield function
        waiting[:0] = named_in(function, code)


def labels_of(functions: Iterable[Callable[..., Any]]) -> tuple[Label, ...]:
    """Return the labels that the given generator functions, and what they call by name, put on their steps.

    Those of one function are together, and in the order in which it names them; in a container all are put on steps.
    """
    found: dict[Label, None] = {}
    for function in _called_by(functions, of_any_kind=True):
        for named in _named_in(function, function.__code__):
            held = named.values() if isinstance(named, dict) else named if isinstance(named, tuple | list) else (named,)
            found.update((each, None) for each in held if isinstance(each, Label))
    return tuple(found)


def _inner(generator: Generator[Any, Any, Any]) -> GeneratorType[Any, Any, Any] | None:
    if not isinstance(generator, GeneratorType):
        return None
    inner: object = generator.gi_yieldfrom
    if inner is None and generator.gi_code in IN_BETWEEN and generator.gi_frame is not None:
        inner = generator.gi_frame.f_locals["wrapped"]
    return inner if isinstance(inner, GeneratorType) else None


def _site(code: CodeType, line: int | None) -> Site:
    return Site(code.co_name, code.co_filename.rpartition("/")[2], line or 0)


@lru_cache(maxsize=4_096)
def _yield_lines(code: CodeType, *, of_delegations: bool = False) -> tuple[int | None, ...]:
    """Return the line of each `yield`, or of each `yield from`: those inside that resume with another argument."""
    resumed = 2 if of_delegations else 1
    found = []
    for yielding, resuming in pairwise(dis.get_instructions(code)):
        if yielding.opname == "YIELD_VALUE" and resuming.opname == "RESUME" and (resuming.arg or 0) & 3 == resumed:
            assert yielding.positions is not None
            found.append(yielding.positions.lineno)
    return tuple(found)


def _generators_named_in(function: Callable[..., Any], code: CodeType) -> Iterator[Callable[..., Any]]:
    """Yield the generator functions that a function can call: by a global name, in a module, or out of its closure."""
    closure = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    for each in (*closure, *_named_in(function, code)):
        if inspect.isgeneratorfunction(each):
            yield each


def _functions_named_in(function: Callable[..., Any], code: CodeType) -> Iterator[Callable[..., Any]]:
    """Yield the functions of the user's that a function can call, and all generator functions, by a name."""
    yield from _generators_named_in(function, code)
    closure = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    for each in (*closure, *_named_in(function, code), *_methods_named_in(function, code)):
        if isinstance(each, FunctionType) and is_the_users(each.__module__):
            yield each


def _methods_named_in(function: Callable[..., Any], code: CodeType) -> Iterator[Any]:
    """Yield what the class has that the object is of which a function asks an attribute by `name.attribute`."""
    for loading, following in pairwise(dis.get_instructions(code)):
        if loading.opname == "LOAD_GLOBAL" and following.opname in ("LOAD_ATTR", "LOAD_METHOD"):
            owner = function.__globals__.get(loading.argval)
            yield inspect.getattr_static(owner, following.argval, None)


def _named_in(function: Callable[..., Any], code: CodeType) -> Iterator[Any]:
    """Yield what a function names as `name`, and as `module.name`."""
    for name, attribute in _looked_up_in(code):
        named = function.__globals__.get(name)
        if isinstance(named, ModuleType) and attribute is not None:
            named = getattr(named, attribute, None)
        yield named


@lru_cache(maxsize=4_096)
def _looked_up_in(code: CodeType) -> tuple[tuple[str, str | None], ...]:
    """Return the global names that a code looks up, each with the attribute that it then asks for, if it does."""
    pairs = pairwise(dis.get_instructions(code))
    return tuple(
        (loading.argval, following.argval if following.opname in ("LOAD_ATTR", "LOAD_METHOD") else None)
        for loading, following in pairs
        if loading.opname == "LOAD_GLOBAL"
    )
