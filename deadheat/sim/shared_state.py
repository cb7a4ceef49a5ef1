"""What the runs of a model's roles share, which none of them may change.

A role, an operation or a property that keeps something in a global, a closure, a default, an attribute or an argument
does not depend on its outcomes alone: what it does next depends on what the engine ran before. So all that can change,
of what the user's functions can reach, is found once, and looked at after each run.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from deadheat.sim.components import operation
from deadheat.sim.errors import PurityError
from deadheat.sim.freeze import ATOMS
from deadheat.sim.model import Model

__all__ = ["SharedState", "names_in"]

OBJECTS_MAX = 20_000
"""So many objects are looked at, at most; of a model that shares more, not all are."""

OURS = "deadheat"

Named = tuple[str, Any]
"""An object, and how it is called in a message."""


class _Holder(NamedTuple):
    """Something that can change: how it is called, how to read what it holds, and what that was."""

    name: str
    read: Callable[[], Hashable]
    before: Hashable


class SharedState:
    """What a model's functions, arguments and components held when this was made, as far as it is the user's own.

    `functions` are the user's functions among all that the model can call.
    """

    def __init__(self, model: Model) -> None:
        self.functions: list[FunctionType] = []
        self._kept: dict[int, Any] = {}  # so that no id is used twice
        self._holders = list(self._find(model))

    def require_unchanged(self) -> None:
        """Raise PurityError, naming what has changed, if anything has."""
        for holder in self._holders:
            if holder.read() != holder.before:
                raise PurityError(
                    f"What runs of the model share has changed: {holder.name}. Each must find it as it was; keep what "
                    "changes in the values of components, and in the locals of roles."
                )

    def _find(self, model: Model) -> Iterator[_Holder]:
        waiting = deque(_roots(model))
        while waiting and len(self._kept) < OBJECTS_MAX:
            name, each = waiting.popleft()
            if id(each) in self._kept or isinstance(each, (*ATOMS, float, complex)):
                continue
            self._kept[id(each)] = each
            if hasattr(type(each), "__next__"):
                raise PurityError(
                    f"Runs of the model share an iterator, which the first of them uses up: {name}. Let each run make "
                    "one of its own."
                )
            if isinstance(each, FunctionType) and _is_the_users(each.__module__):
                self.functions.append(each)
            for called, read in _what_can_change(name, each):
                yield _Holder(called, read, read())
            waiting.extend(_parts(name, each))


def _roots(model: Model) -> Iterator[Named]:
    for process in model.processes:
        yield _name_of(process.role), process.role
        for number, each in enumerate(process.arguments, start=1):
            yield f"argument {number} of the process {process.name!r}", each
    for name, component in model.components.items():
        yield f"the component {name!r}", component
    for prop in model.properties:
        for violation in (prop.violation, *(part.violation for part in prop.parts)):
            yield f"the property {prop.name!r}", violation


def _name_of(function: Any) -> str:
    return f"the function {getattr(function, '__qualname__', type(function).__name__)!r}"


def _token(value: Any) -> Hashable:
    """Return what tells a value from others: its content, or which object it is."""
    if type(value) in ATOMS:
        return (type(value), value)
    return (type(value), repr(value)) if type(value) in (float, complex) else id(value)


# What can change


def _what_can_change(name: str, value: Any) -> Iterator[tuple[str, Callable[[], Hashable]]]:
    """Yield what can change directly in an object, with how to read it."""
    if isinstance(value, list | deque):
        yield name, lambda: tuple(map(_token, value))
    elif isinstance(value, dict):
        yield name, lambda: tuple((_token(key), _token(each)) for key, each in value.items())
    elif isinstance(value, set):
        yield name, lambda: frozenset(map(_token, value))
    elif isinstance(value, bytearray):
        yield name, lambda: bytes(value)
    elif isinstance(value, CellType):
        yield name, lambda: tuple(map(_token, _held_by(value)))
    elif isinstance(value, FunctionType):
        if _is_the_users(value.__module__):
            yield name, lambda: tuple((each, _token(held)) for each, held in value.__dict__.items())
            yield from _globals_named_in(value)
    elif isinstance(value, type):
        if _is_the_users(value.__module__):
            yield f"the class {value.__qualname__!r}", lambda: _attribute_tokens(vars(value))
    elif not isinstance(value, ModuleType) and _is_the_users(type(value).__module__):
        yield name, lambda: _attribute_tokens(_instance_attributes(value))


def _globals_named_in(function: FunctionType) -> Iterator[tuple[str, Callable[[], Hashable]]]:
    """Yield the globals that a function names, and those of modules of the user's that it names."""
    for module, named in _named_in(function):
        for each in named:
            name = f"the global {each!r} of the module {module.get('__name__')!r}"
            yield name, partial(_global_token, module, each)


def _global_token(module: dict[str, Any], name: str) -> Hashable:
    return _token(module[name]) if name in module else None


def _attribute_tokens(attributes: Any) -> Hashable:
    return tuple((each, _token(value)) for each, value in attributes.items() if not each.startswith("__"))


# What it leads to


def _parts(name: str, value: Any) -> Iterator[Named]:
    """Yield what a value holds, by name; nothing of what is not the user's own."""
    if isinstance(value, list | tuple | deque):
        yield from ((f"item {number} of {name}", each) for number, each in enumerate(value))
    elif isinstance(value, dict):
        yield from ((f"item {key!r} of {name}" if type(key) in ATOMS else name, each) for key, each in value.items())
    elif isinstance(value, set | frozenset | CellType):
        yield from ((name, each) for each in _held_by(value))
    elif isinstance(value, MethodType):
        yield from ((_name_of(value), value.__func__), (f"the object of {_name_of(value)}", value.__self__))
    elif isinstance(value, partial):
        yield from ((name, each) for each in (value.func, value.args, value.keywords))
    elif isinstance(value, operation):
        yield name, value.step
    elif isinstance(value, property | staticmethod | classmethod):
        yield name, value.fget if isinstance(value, property) else value.__func__
    elif isinstance(value, FunctionType):
        yield from _parts_of_function(value)
    elif isinstance(value, type):
        if _is_the_users(value.__module__):
            yield from _attributes(f"the class {value.__qualname__!r}", vars(value))
    elif not isinstance(value, ModuleType) and (_is_the_users(type(value).__module__) or _is_dataclass(value)):
        yield from _attributes(name, _instance_attributes(value))
        yield f"the class {type(value).__qualname__!r}", type(value)


def _parts_of_function(function: FunctionType) -> Iterator[Named]:
    name = _name_of(function)
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield f"{variable!r} in the closure of {name}", cell
    if not _is_the_users(function.__module__):
        return
    yield f"the defaults of {name}", function.__defaults__
    yield f"the defaults by name of {name}", function.__kwdefaults__
    yield from _attributes(name, function.__dict__)
    for module, named in _named_in(function):
        for each in named:
            yield f"the global {each!r} of the module {module.get('__name__')!r}", module.get(each)


def _held_by(value: Any) -> list[Any]:
    if not isinstance(value, CellType):
        return list(value)
    try:
        return [value.cell_contents]
    except ValueError:  # it is empty
        return []


def _attributes(name: str, attributes: Any) -> Iterator[Named]:
    yield from ((f"{each!r} of {name}", value) for each, value in attributes.items() if not each.startswith("__"))


def _instance_attributes(value: Any) -> dict[str, Any]:
    slots = (vars(kind).get("__slots__", ()) for kind in type(value).__mro__)
    names = [name for each in slots for name in ([each] if isinstance(each, str) else each)]
    named = {name: getattr(value, name) for name in names if name != "__weakref__" and hasattr(value, name)}
    return {**named, **getattr(value, "__dict__", {})}


def _is_dataclass(value: Any) -> bool:
    """Return whether it is a dataclass of ours, which never changes, but may hold what is the user's."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _named_in(function: FunctionType) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Yield the globals of a function, and of the user's modules that it names, with the names that it looks up."""
    names = set(names_in(function.__code__))
    ours = function.__globals__
    yield ours, sorted(names)
    for each in sorted(names & ours.keys()):
        if isinstance(ours[each], ModuleType) and _is_the_users(ours[each].__name__):
            yield vars(ours[each]), sorted(names & vars(ours[each]).keys())


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function's code, and that of the functions in it, looks up: globals and attributes."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from names_in(each)


def _is_the_users(module: str | None) -> bool:
    """Return whether a module is neither ours, nor of the standard library, nor installed as a package."""
    top = (module or "").partition(".")[0]
    if top == OURS or top in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules.get(module or ""), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file
