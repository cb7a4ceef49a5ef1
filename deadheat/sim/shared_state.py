"""What the runs of a model's roles share, which none of them may change.

A role, an operation or a property that keeps something in a global, a closure, a default, an attribute or an argument
does not depend on its outcomes alone: what it does next would depend on how often the engine ran it before.
"""

from __future__ import annotations

import dataclasses
import sys
from collections import deque
from collections.abc import Hashable, Iterable, Iterator
from functools import partial
from itertools import count
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

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


class SharedState:
    """What a model's functions, arguments and components held when this was made, as far as it is the user's own.

    `functions` are the user's functions among all that the model can call.
    """

    def __init__(self, model: Model) -> None:
        self._roots = list(_roots(model))
        self._kept: list[Any] = []  # so that no id is used twice
        self.functions: list[FunctionType] = []
        self._before = self._look()

    def require_unchanged(self) -> None:
        """Raise PurityError, naming what has changed, if anything has."""
        after = self._look()
        for name, content in self._before.items():
            if after.get(name, content) != content:
                raise PurityError(
                    f"{name} changed while the model ran. Every run must find it as it was: keep what changes in the "
                    "values of components, and in the locals of roles."
                )

    def _look(self) -> dict[str, Hashable]:
        """Return what each object holds directly, by its name: the first under which it was met."""
        seen: set[int] = set()
        found: dict[str, Hashable] = {}
        waiting = deque(self._roots)
        while waiting and len(seen) < OBJECTS_MAX:
            name, each = waiting.popleft()
            if id(each) in seen or isinstance(each, (*ATOMS, float, complex)):
                continue
            seen.add(id(each))
            self._kept.append(each)
            if isinstance(each, FunctionType) and _is_the_users(each.__module__):
                self.functions.append(each)
            parts = list(_parts(name, each))
            found[name] = (*_content(each), *((part, _token(value)) for part, value in parts))
            waiting.extend(parts)
        return found


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


def _content(value: Any) -> tuple[Hashable, ...]:
    if isinstance(value, set | frozenset):
        return (frozenset(map(_token, value)),)
    if isinstance(value, count):
        return (repr(value),)
    return (bytes(value),) if isinstance(value, bytearray) else ()


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
        yield from _parts_of_function(value) if _is_the_users(value.__module__) else ()
    elif isinstance(value, type):
        yield from (
            _attributes(f"the class {value.__qualname__!r}", vars(value)) if _is_the_users(value.__module__) else ()
        )
    elif not isinstance(value, ModuleType) and _is_the_users(type(value).__module__):
        yield from _attributes(name, _instance_attributes(value))
        yield f"the class {type(value).__qualname__!r}", type(value)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):  # one of ours may hold what is the user's
        yield from _attributes(name, _instance_attributes(value))


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


def _parts_of_function(function: FunctionType) -> Iterator[Named]:
    name = _name_of(function)
    for variable, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield f"{variable!r} in the closure of {name}", cell
    yield f"the defaults of {name}", function.__defaults__
    yield f"the defaults by name of {name}", function.__kwdefaults__
    yield from _attributes(name, function.__dict__)
    names = set(names_in(function.__code__))
    for each in sorted(names & function.__globals__.keys()):
        value = function.__globals__[each]
        if isinstance(value, ModuleType):
            yield from _in_module(value, names)
        else:
            yield f"the global {each!r} of the module {function.__module__!r}", value


def _in_module(module: ModuleType, names: Iterable[str]) -> Iterator[Named]:
    if _is_the_users(module.__name__):
        for each in sorted(set(names) & vars(module).keys()):
            yield f"the global {each!r} of the module {module.__name__!r}", getattr(module, each)


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
