"""What the runs of a model's roles share, which none of them may change.

A role, an operation or a property that keeps something in a global, a closure, a default, an attribute or an argument
does not depend on its outcomes alone: what it does next depends on what the engine ran before. So all that can change,
of what the user's functions can reach, is found once, and looked at after each run.
"""

from __future__ import annotations

import dis
import re
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from deadheat.sim.errors import PurityError
from deadheat.sim.freeze import ATOMS
from deadheat.sim.holdings import Named, held_by, name_of
from deadheat.sim.model import Model
from deadheat.sim.places import Place
from deadheat.sim.references import codes_in, is_the_users
from deadheat.sim.rules.delegation import require_delegation
from deadheat.sim.rules.world import require_no_world

__all__ = ["SharedState"]

SETS = ("STORE_", "DELETE_")
CONSTANT = "LOAD_CONST"

OBJECTS_MAX = 5_000
"""So many objects are looked at, at most; of a model that shares more, not all are."""


class _Holder(NamedTuple):
    """Something that can change: how it is called, how to read what it holds, and what that was."""

    name: str
    read: Callable[[], Hashable]
    before: Hashable


class SharedState:
    """What a model's functions, arguments and components held when this was made, as far as it is the user's own.

    `functions` are the user's functions among all that the model can call. Raises PurityError for what cannot be
    shared at all, and ModelError for a function that forgets to delegate.
    """

    def __init__(self, model: Model) -> None:
        self.functions: list[FunctionType] = []
        self._kept: dict[int, Any] = {}  # so that no id is used twice
        self._holders = list(self._find(model))

    def require_unchanged(self) -> None:
        """Raise PurityError, naming what has changed, if anything has."""
        for holder in self._holders:
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
