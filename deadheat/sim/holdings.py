"""What an object holds that can change, as far as it is the user's own: how to read it, and what it leads to."""

from __future__ import annotations

import dataclasses
import dis
from array import array
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial, singledispatch
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from deadheat.sim.components import operation
from deadheat.sim.content import attributes_of, computed_by, slots_of
from deadheat.sim.freeze import ATOMS
from deadheat.sim.places import shown
from deadheat.sim.references import NOTED_BY_PYTHON, is_the_users

__all__ = ["Attributes", "Cell", "Global", "Held", "Named", "held_by", "name_of", "names_in"]

OURS = "deadheat"

OF_PYTHON = NOTED_BY_PYTHON | {"__dataclass_fields__", "__dataclass_params__"}
"""Attributes that the interpreter and the standard library make, some of them when they are first asked for."""

KEEPS_BOOKS = frozenset({"logging", "typing", "enum", "re", "warnings", "abc", "importlib", "simpy", "numba"})
"""Modules whose objects change what they hold by being used, and answer the same all the same."""

FUNCTOOLS = "functools"

OF_GLOBALS = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "DELETE_GLOBAL"})

Named = tuple[str, Any]
"""An object, and how it is called in a message."""

Read = Callable[[], Hashable]


@dataclass(frozen=True, slots=True)
class Attributes:
    """Reads what an object holds in its dictionary."""

    owner: Any

    def __call__(self) -> Hashable:
        """Return what tells its content from others."""
        return _attribute_tokens(self.owner.__dict__)


@dataclass(frozen=True, slots=True)
class Cell:
    """Reads what a cell of a closure holds."""

    cell: CellType

    def __call__(self) -> Hashable:
        """Return what tells its content from others."""
        return tuple(map(_token, _content_of(self.cell)))


@dataclass(frozen=True, slots=True)
class Global:
    """Reads one global of a module."""

    module: dict[str, Any]
    name: str

    def __call__(self) -> Hashable:
        """Return what tells its content from others."""
        return _token(self.module[self.name]) if self.name in self.module else None


class Held(NamedTuple):
    """What an object holds: how to read what can change in it directly, by name, and the objects that it leads to."""

    readers: list[tuple[str, Read]]
    parts: list[Named]


@singledispatch
def held_by(value: Any, name: str) -> Held:
    """Return what an object, called by this name, holds; nothing of what is not the user's own."""
    wrapped = getattr(value, "__wrapped__", None)  # such as by functools.lru_cache
    parts = [] if wrapped is None else [(name, wrapped)]
    if not _has_attributes(value):
        return Held([], parts)
    ours = type(value).__module__.partition(".")[0] == OURS
    if ours and not dataclasses.is_dataclass(value):
        return Held([], parts)
    attributes = _held_in_attributes(value, name)
    return Held([] if ours else attributes.readers, [*parts, *attributes.parts])  # ours never change


@held_by.register(list)
@held_by.register(tuple)
@held_by.register(deque)
def _(value: Any, name: str) -> Held:
    items = [(f"item {number} of {name}", each) for number, each in enumerate(value)]
    reader: Read = lambda: tuple(map(_token, value))  # noqa: E731
    return _with_attributes(value, name, Held([] if isinstance(value, tuple) else [(name, reader)], items))


@held_by.register
def _(value: dict, name: str) -> Held:  # type: ignore[type-arg]
    items = [(f"item {key!r} of {name}" if type(key) in ATOMS else name, each) for key, each in value.items()]
    reader: Read = lambda: tuple((_token(key), _token(each)) for key, each in value.items())  # noqa: E731
    return _with_attributes(value, name, Held([(name, reader)], items))


@held_by.register(set)
@held_by.register(frozenset)
def _(value: Any, name: str) -> Held:
    reader: Read = lambda: frozenset(map(_token, value))  # noqa: E731
    return _with_attributes(value, name, Held([(name, reader)], [(name, each) for each in value]))


@held_by.register(array)
@held_by.register(memoryview)
def _(value: Any, name: str) -> Held:
    return Held([(name, value.tobytes)], [])


@held_by.register
def _(value: bytearray, name: str) -> Held:
    return Held([(name, lambda: bytes(value))], [])


@held_by.register
def _(value: CellType, name: str) -> Held:
    return Held([(name, Cell(value))], [(name, each) for each in _content_of(value)])


@held_by.register
def _(value: ContextVar, name: str) -> Held:  # type: ignore[type-arg]
    return Held([(name, lambda: _token(value.get(None)))], [(name, value.get(None))])


@held_by.register
def _(value: FunctionType, _name: str) -> Held:
    called = name_of(value)
    if value.__globals__.get("__name__") == FUNCTOOLS:  # it keeps books, such as on which class is shown by what
        wrapped = [getattr(value, "__wrapped__", None), *getattr(value, "registry", {}).values()]
        return Held([], [(called, each) for each in wrapped])
    cells = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
    parts: list[Named] = [(f"{variable!r} in the closure of {called}", cell) for variable, cell in cells]
    if not is_the_users(value.__module__):
        return Held([], parts)
    parts += [(f"the defaults of {called}", value.__defaults__), (f"the defaults of {called}", value.__kwdefaults__)]
    parts += [(f"{each!r} of {called}", held) for each, held in value.__dict__.items()]
    readers: list[tuple[str, Read]] = [(called, Attributes(value))]
    for module, each in _globals_named_in(value):
        named = f"the global {each!r} of {_module_named(module)}"
        readers.append((named, Global(module, each)))
        parts.append((named, module.get(each)))
    return Held(readers, parts)


@held_by.register
def _(value: MethodType, name: str) -> Held:
    return Held([], [(name, value.__func__), (f"the object of {name_of(value)}", value.__self__)])


@held_by.register(partial)
def _(value: Any, name: str) -> Held:
    return Held([], [(name, each) for each in (value.func, value.args, value.keywords)])


@held_by.register(operation)
def _(value: Any, name: str) -> Held:
    return Held([], [(name, value.step)])


@held_by.register
def _(value: property, name: str) -> Held:
    return Held([], [(name, value.fget)])


@held_by.register(staticmethod)
@held_by.register(classmethod)
def _(value: Any, name: str) -> Held:
    return Held([], [(name, value.__func__)])


@held_by.register
def _(value: type, _name: str) -> Held:
    if not is_the_users(value.__module__):
        return Held([], [])
    called = f"the class {value.__qualname__!r}"
    parts = [(f"{each!r} of {called}", held) for each, held in vars(value).items() if each not in OF_PYTHON]
    parts.append((f"the class {type(value).__qualname__!r}", type(value)))
    return Held([(called, Attributes(value))], parts)


def _with_attributes(value: Any, name: str, held: Held) -> Held:
    """Return what a container holds, with the attributes of one of a class of its own."""
    if not _has_attributes(value):
        return held
    more = _held_in_attributes(value, name)
    return Held([*held.readers, *more.readers], [*held.parts, *more.parts])


def _held_in_attributes(value: Any, name: str) -> Held:
    parts = [(f"{each!r} of {name}", held) for each, held in _attributes_of(value).items()]
    parts.append((f"the class {type(value).__qualname__!r}", type(value)))
    kind: Any = type(value)
    if not slots_of(kind) and not _computed(kind):
        return Held([(name, Attributes(value))], parts)
    return Held([(name, lambda: _attribute_tokens(_attributes_of(value)))], parts)


def _attributes_of(value: Any) -> dict[str, Any]:
    """Return what an object holds in slots and in its dictionary; nothing that it has only computed."""
    kind: Any = type(value)
    computed = _computed(kind)
    return {name: each for name, each in attributes_of(value).items() if name not in computed and name not in OF_PYTHON}


@lru_cache(maxsize=4_096)
def _computed(kind: Any) -> frozenset[str]:
    """Return the attributes of a class's objects that are only computed, which never changes."""
    return frozenset(computed_by(kind, lambda _: True))


def _has_attributes(value: Any) -> bool:
    """Return whether an object can hold something by name; not said of what keeps books on its own, such as loggers."""
    kind: Any = type(value)
    if isinstance(value, ModuleType | BuiltinFunctionType) or kind.__module__.partition(".")[0] in KEEPS_BOOKS:
        return False
    return hasattr(value, "__dict__") or bool(slots_of(kind))


def _content_of(cell: CellType) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # it is empty
        return []


def _token(value: Any) -> Hashable:
    """Return what tells a value from others: its content, or which object it is."""
    if type(value) in ATOMS:
        return (type(value), value)
    return (type(value), repr(value)) if type(value) in (float, complex) else id(value)


def _attribute_tokens(attributes: Any) -> Hashable:
    return tuple((each, _token(value)) for each, value in attributes.items() if each not in OF_PYTHON)


def _globals_named_in(function: FunctionType) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the globals that a function names, and those of the user's modules that it names, with their module's."""
    names, ours = _globals_in(function.__code__), function.__globals__
    yield from ((ours, each) for each in sorted(names))
    attributes = set(names_in(function.__code__))
    for each in sorted(names & ours.keys()):
        if isinstance(ours[each], ModuleType) and is_the_users(ours[each].__name__):
            yield from ((vars(ours[each]), other) for other in sorted(attributes & vars(ours[each]).keys()))


def _module_named(module: dict[str, Any]) -> str:
    """Return how a module is called in a message: one that was loaded from a file by its path, by that."""
    spec, file = module.get("__spec__"), module.get("__file__")
    by_path = spec is not None and spec.loader is None and isinstance(file, str)
    return shown(str(file)) if by_path else f"the module {module.get('__name__')!r}"


@lru_cache(maxsize=4_096)
def _globals_in(code: CodeType) -> frozenset[str]:
    """Return the names of the globals that a function's code, and that of the functions in it, looks up or sets."""
    named = {each.argval for each in dis.get_instructions(code) if each.opname in OF_GLOBALS}
    return frozenset(named).union(*(_globals_in(each) for each in code.co_consts if isinstance(each, CodeType)))


def name_of(function: Any) -> str:
    """Return how a function is called in a message."""
    return f"the function {getattr(function, '__qualname__', type(function).__name__)!r}"


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that a function's code, and that of the functions in it, looks up: globals and attributes."""
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from names_in(each)
