"""What the runs of a model's roles share, which none of them may change.

A role, an operation or a property that keeps something in a global, a closure, a default, an attribute or an argument
does not depend on its outcomes alone: what it does next depends on what the engine ran before. So all that can change,
of what the user's functions can reach, is found once, and looked at after each run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from types import FunctionType
from typing import Any, NamedTuple

from deadheat.sim.errors import PurityError
from deadheat.sim.freeze import ATOMS
from deadheat.sim.holdings import Named, held_by, is_the_users, name_of
from deadheat.sim.model import Model
from deadheat.sim.rules.delegation import require_delegation
from deadheat.sim.rules.world import require_no_world

__all__ = ["SharedState"]

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
            if isinstance(each, FunctionType) and is_the_users(each.__module__):
                require_delegation(each)
                require_no_world(each)
                self.functions.append(each)
            held = held_by(each, name)
            yield from (_Holder(called, read, read()) for called, read in held.readers)
            waiting.extend(held.parts)


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
