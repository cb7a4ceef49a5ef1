"""Two versions of a file, each with classes of its own: what is one value in both is made to be one.

A user's enumeration, named tuple or frozen dataclass is defined once in each version of a file, so its values differ
although they are the same. Here an old role is told what the servers hold in its own classes, and what it asks for is
told the servers in those of the new version. A member of an enumeration is matched by its name and value; one that the
other version does not have stays what it is, and so is equal to none that this one knows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from deadheat.sim.model import Part, Process, Property, View
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Operation, Request
from deadheat.sim.rebuild import rebuilt
from deadheat.sim.references import OF_A_FILE, is_the_users
from deadheat.sim.run.intercept import Running, intercepted

__all__ = ["NO_TRANSLATION", "Translation", "translation_between"]


@dataclass(frozen=True)
class Classes:
    """Which class of one version stands for which of the other."""

    of: Mapping[type, type]

    def __call__(self, value: Any) -> Any:
        """Return a value in the classes of the other version; a class itself too, as SQL statements name tables."""
        if isinstance(value, type):
            return self.of.get(value, value)
        kind = type(value)
        target = self.of.get(kind)
        if isinstance(value, Enum):
            there = None if target is None else target.__members__.get(value.name)  # type: ignore[attr-defined]
            return there if there is not None and there.value == value.value else value
        inner = rebuilt(value, self)
        if target is None:
            return inner
        if isinstance(inner, tuple) and hasattr(target, "_make"):
            return target._make(inner)
        if is_dataclass(inner):
            made: Any = object.__new__(target)
            for each in fields(inner):
                object.__setattr__(made, each.name, getattr(inner, each.name))
            return made
        return inner


@dataclass(frozen=True)
class Translation:
    """What stands between a role of the old version and the servers, as an interceptor of it; falsy if nothing does."""

    to_new: Classes
    to_old: Classes

    def __bool__(self) -> bool:
        return bool(self.to_new.of)

    def asked(self, running: Running, request: Request) -> Request:
        """Return what a role asks for, in the classes of the new version."""
        asked: Request = self._request(request)
        return asked

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        """Return what a role is told, in its own classes."""
        return self.to_old(outcome)

    def process(self, process: Process) -> Process:
        """Return a process of the old version that talks to the servers of the new one."""
        if not self or process.is_environment:
            return process
        crashes = tuple(replace(each, consequences=self._request(each.consequences)) for each in process.crashes)
        return replace(process, role=intercepted(process.role, self), crashes=crashes)

    def property(self, prop: Property) -> Property:
        """Return a property of the old version that reads the servers of the new one."""
        if not self:
            return prop
        return Property.of_parts(prop.name, prop.meaning, prop.kind, map(self._part, prop.judged))

    def _part(self, part: Part) -> Part:
        def violation(*views: View) -> str | None:
            return part.violation(*({name: self.to_old(each) for name, each in view.items()} for view in views))

        return Part(part.reads, violation)

    def _request(self, request: Any) -> Any:
        if isinstance(request, AnyOf | Atomic):
            return replace(request, operations=tuple(map(self._request, request.operations)))
        if isinstance(request, Accompanied):
            return replace(request, request=self._request(request.request), by=tuple(map(self._request, request.by)))
        if isinstance(request, Block):
            return self._block(request)
        return replace(request, arguments=self.to_new(request.arguments)) if isinstance(request, Operation) else request

    def _block(self, block: Block) -> Block:
        function: Any = intercepted(block.function, self)
        return Block(
            function,
            block.called_with,
            block.arguments,
            block.reaches,
            ("translated", block.content),
            block.label,
        )


NO_TRANSLATION = Translation(Classes({}), Classes({}))
"""Where both versions have the same classes."""


def translation_between(old: Iterable[Any], new: Iterable[Any]) -> Translation:
    """Return the translation between what two versions are made of: their functions and the classes of components.

    Classes are matched by the names of their modules and their own. Those of modules that are in one version alone, as
    where a file was renamed, are matched by their own, if only one has that.
    """
    before, after = _classes(old), _classes(new)
    to_new = {kind: other for one, kind in before.items() if (other := _counterpart(one, before, after)) is not None}
    to_new = {kind: other for kind, other in to_new.items() if kind is not other and _fields(kind) == _fields(other)}
    return Translation(Classes(to_new), Classes({other: one for one, other in to_new.items()}))


class Named(NamedTuple):
    """What a class is called: its module, as whoever imports it calls that, and itself."""

    module: str
    name: str


def _counterpart(one: Named, before: Mapping[Named, type], after: Mapping[Named, type]) -> type | None:
    modules = {each.module for each in after}
    if one.module in modules:
        return after.get(one)
    there = modules - {each.module for each in before}
    called_so = [kind for each, kind in after.items() if each.module in there and each.name == one.name]
    return called_so[0] if len(called_so) == 1 else None


def _classes(parts: Iterable[Any]) -> dict[Named, type]:
    """Return the classes of the user's modules that something is defined in, and of those that these import from."""
    found: dict[Named, type] = {}
    waiting, seen = [namespace for each in parts if (namespace := _namespace(each)) is not None], set[str]()
    while waiting:
        namespace = waiting.pop()
        module = str(namespace.get("__name__"))
        if module in seen or not is_the_users(module):
            continue
        seen.add(module)
        values = list(namespace.values())
        waiting.extend(other for each in values if (other := _namespace(each)) is not None)
        found |= {Named(OF_A_FILE.sub("", module), each.__qualname__): each for each in _defined_in(module, values)}
    return found


def _namespace(value: Any) -> Mapping[str, Any] | None:
    """Return the names of the module that a function or class is defined in, or of a module itself."""
    if isinstance(value, FunctionType):
        return value.__globals__
    if isinstance(value, type):
        value = sys.modules.get(value.__module__)
    return vars(value) if isinstance(value, ModuleType) else None


def _defined_in(module: str, values: Iterable[Any], around: str = "") -> Iterator[type]:
    """Yield the classes that a module defines, and those inside of them."""
    for each in values:
        if isinstance(each, type) and each.__module__ == module and each.__qualname__ == f"{around}{each.__name__}":
            yield each
            yield from _defined_in(module, vars(each).values(), f"{each.__qualname__}.")


def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of what a named tuple or a dataclass holds: with others, it is not stored alike."""
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else names
