"""Two versions of a file, each with classes of its own: what is one value in both is made to be one.

A user's enumeration, named tuple or frozen dataclass is defined once in each version of a file, so its values differ
although they are the same. Here an old role is told what the servers hold in its own classes, and what it asks for is
told the servers in those of the new version. A member of an enumeration is matched by its name and value; one that the
other version does not have stays what it is, and so is equal to none that this one knows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import Any

from deadheat.sim.model import Part, Process, Property, View
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Operation, Request
from deadheat.sim.rebuild import rebuilt
from deadheat.sim.run.intercept import Running, intercepted

__all__ = ["NO_TRANSLATION", "Translation", "translation_between"]

OF_A_FILE = re.compile(r"_[0-9a-f]{12}$")
"""What the name of a module ends in that was made of a file (see `scenarios/user_code`)."""


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
    """Return the translation between what two versions are made of: their functions and the classes of components."""
    before, after = _modules(old), _modules(new)
    to_new: dict[type, type] = {}
    for stem, name in before.items():
        there = after.get(stem)
        if there is not None and there != name:
            to_new.update(_alike(vars(sys.modules[name]), vars(sys.modules[there]), name, there))
    return Translation(Classes(to_new), Classes({other: one for one, other in to_new.items()}))


def _modules(parts: Iterable[Any]) -> dict[str, str]:
    """Return the modules of files that functions and classes are defined in, by the names of the files."""
    names = {getattr(each, "__module__", None) or "" for each in parts}
    return {OF_A_FILE.sub("", each): each for each in names if OF_A_FILE.search(each) and each in sys.modules}


def _alike(old: Mapping[str, Any], new: Mapping[str, Any], old_name: str, new_name: str) -> dict[type, type]:
    found = {}
    for name, kind in old.items():
        other = new.get(name)
        if not (isinstance(kind, type) and isinstance(other, type)):
            continue
        if (kind.__module__, other.__module__) == (old_name, new_name) and _fields(kind) == _fields(other):
            found[kind] = other
    return found


def _fields(kind: type) -> tuple[str, ...]:
    """Return the names of what a named tuple or a dataclass holds: with others, it is not stored alike."""
    names: tuple[str, ...] = getattr(kind, "_fields", ())
    return tuple(each.name for each in fields(kind)) if is_dataclass(kind) else names
