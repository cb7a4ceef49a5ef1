"""What the runs of a model's roles share, which none of them may change.

A role, an operation or a property that keeps something in a global, a closure, a default, an attribute or an argument
does not depend on its outcomes alone: what it does next depends on what the engine ran before. So all that can change,
of what the user's functions can reach, is found once, and looked at after each run.
"""

from __future__ import annotations

import dis
import re
from collections import deque
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from itertools import repeat
from operator import attrgetter, is_
from types import CellType, FunctionType
from typing import Any, NamedTuple

from deadheat.sim.errors import PurityError
from deadheat.sim.freeze import ATOMS
from deadheat.sim.holdings import Attributes, Cell, Global, Named, held_by, name_of
from deadheat.sim.model import Model
from deadheat.sim.places import Place
from deadheat.sim.references import codes_in, is_the_users
from deadheat.sim.rules.delegation import require_delegation
from deadheat.sim.rules.world import require_no_world

__all__ = ["SharedState"]

DICTIONARY = attrgetter("__dict__")
ABSENT = object()

SETS = ("STORE_", "DELETE_")
CONSTANT = "LOAD_CONST"

OBJECTS_MAX = 5_000
"""So many objects are looked at, at most; of a model that shares more, not all are."""


class _Holder(NamedTuple):
    """Something that can change: how it is called, how to read what it holds, and what that was."""

    name: str
    read: Callable[[], Hashable]
    before: Hashable


class _Glance:
    """The very objects that attributes, globals and closures held: where these are the same, none needs to be read.

    What is in one of those that can change is read by a holder of its own.
    """

    def __init__(self, readers: Collection[Callable[[], Hashable]]) -> None:
        modules = {id(each.module): each.module for each in readers if isinstance(each, Global)}
        named: dict[int, set[str]] = {number: set() for number in modules}
        for each in readers:
            if isinstance(each, Global):
                named[id(each.module)].add(each.name)
        self._globals = [
            (module, sorted(named[number]), list(_globals_in(module, sorted(named[number]))))
            for number, module in modules.items()
        ]
        owners = [each.owner for each in readers if isinstance(each, Attributes)]
        self._without = [each for each in owners if not each.__dict__]
        self._attributes = [(each, list(each.__dict__), [*each.__dict__.values()]) for each in owners if each.__dict__]
        self._cells = [each.cell for each in readers if isinstance(each, Cell)]
        self._contents = list(map(_content_of, self._cells))

    def sees_the_same(self) -> bool:
        """Return whether all are still the same."""
        return (
            not any(map(DICTIONARY, self._without))
            and all(map(is_, map(_content_of, self._cells), self._contents))
            and all(all(map(is_, _globals_in(module, names), held)) for module, names, held in self._globals)
            and all(
                len(now := owner.__dict__) == len(held)
                and all(map(is_, now.values(), held))
                and all(map(is_, now, names))
                for owner, names, held in self._attributes
            )
        )


def _globals_in(module: dict[str, Any], names: list[str]) -> Iterator[Any]:
    return map(module.get, names, repeat(ABSENT))


def _content_of(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty
        return ABSENT


class SharedState:
    """What a model's functions, arguments and components held when this was made, as far as it is the user's own.

    `functions` are the user's functions among all that the model can call. Raises PurityError for what cannot be
    shared at all, and ModelError for a function that forgets to delegate.
    """

    def __init__(self, model: Model) -> None:
        self.functions: list[FunctionType] = []
        self._kept: dict[int, Any] = {}  # so that no id is used twice
        self._holders = list(self._find(model))
        self._unseen = [each for each in self._holders if not isinstance(each.read, Global | Attributes | Cell)]
        self._glance = self._new_glance()

    def require_unchanged(self) -> None:
        """Raise PurityError, naming what has changed, if anything has."""
        if self._glance.sees_the_same():
            self._require_unchanged(self._unseen)
        else:
            self._require_unchanged(self._holders)
            self._glance = self._new_glance()  # such as where something was only computed

    def _new_glance(self) -> _Glance:
        return _Glance([each.read for each in self._holders])

    def _require_unchanged(self, holders: Iterable[_Holder]) -> None:
        for holder in holders:
            now = holder.read()
            if now != holder.before:
                attributes = _changed(holder.before, now)
                name = f"{holder.name} (its {' and '.join(map(repr, attributes))})" if attributes else holder.name
                place = self._written(attributes or re.findall(r"'(\w+)'", holder.name)[:1])
                raise PurityError(
                    f"What runs of the model share has changed: {name}{f', in {place}' if place else ''}. Each must "
                    "find it as it was; keep what changes in the values of components, and in the locals of roles."
                )

    def _written(self, names: list[str]) -> Place | None:
        """Return where a function of the user's sets one of these names, or else where one first looks it up."""
        found = [
            (not each.opname.startswith(SETS), Place.in_code(code, each.positions.lineno))
            for function in self.functions
            for code in codes_in(function.__code__)
            for each in dis.get_instructions(code)
            if each.argval in names and each.positions is not None and not each.opname.startswith(CONSTANT)
        ]
        return min(found, key=lambda each: each[0])[1] if found else None

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
            if isinstance(each, FunctionType) and is_the_users(each.__module__):
                require_delegation(each)
                require_no_world(each)
                self.functions.append(each)
            held = held_by(each, name)
            yield from (_Holder(called, read, read()) for called, read in held.readers)
            waiting.extend(held.parts)


def _changed(before: Hashable, now: Hashable) -> list[str]:
    """Return the attributes in which two readings differ; none where it is not attributes that were read."""
    if not (isinstance(before, tuple) and isinstance(now, tuple)):
        return []
    differing = [each for pair in ((now, before), (before, now)) for each in pair[0] if each not in pair[1]]
    named = [each[0] for each in differing if isinstance(each, tuple) and len(each) == 2]
    return list(dict.fromkeys(each for each in named if isinstance(each, str)))


def _roots(model: Model) -> Iterator[Named]:
    for process in model.processes:
        yield name_of(process.role), process.role
        for number, each in enumerate(process.arguments, start=1):
            yield f"argument {number} of the process {process.name!r}", each
    for name, component in model.components.items():
        yield f"the component {name!r}", component
    for prop in model.properties:
        for violation in (prop.violation, *(part.violation for part in prop.parts)):
            yield f"the property {prop.name!r}", violation
