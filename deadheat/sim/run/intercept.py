"""A role with somebody in between, who may change what it asks for and what it is told.

What is in between has no memory: it decides by where the role stands, by the request and by the outcome alone. So the
intercepted role is as pure as the role, and its histories merge where those of the role do.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from types import CodeType
from typing import Any, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from deadheat.sim.forgotten import note_used
from deadheat.sim.operations import Request, RoleFunction
from deadheat.sim.run.beginning import begun

__all__ = ["DRIVE", "Interceptor", "Running", "intercepted", "surrounded", "within"]

Running: TypeAlias = Generator[Request, Any, Any]
"""A role at work."""


class Interceptor(Protocol):
    """What is in between: an immutable value, compared by value."""

    def asked(self, running: Running, request: Request) -> Request:
        """Return what is asked for in the place of a request."""
        ...

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        """Return what the role is told, when what was asked for in the place of its request had this outcome."""
        ...


def intercepted(role: RoleFunction, interceptor: Interceptor) -> RoleFunction:
    """Return the role with an interceptor between it and the runtime."""

    @wraps(role)
    def between(*arguments: Any) -> Running:
        return _drive(begun(role, *arguments), interceptor)

    return between


def surrounded(
    between: RoleFunction, role: RoleFunction, surround: Callable[[RoleFunction], RoleFunction]
) -> RoleFunction:
    """Return a role that is another with surroundings, which are there whatever that one does."""
    _surrounded[between] = role, surround
    return between


def within(role: RoleFunction, changed: Callable[[RoleFunction], RoleFunction]) -> RoleFunction:
    """Return a role that was changed, in the surroundings that it had: a machine to live on, or a connection."""
    if role not in _surrounded:
        return changed(role)
    inner, surround = _surrounded[role]
    return surround(within(inner, changed))


_surrounded: WeakKeyDictionary[RoleFunction, tuple[RoleFunction, Callable[[RoleFunction], RoleFunction]]] = (
    WeakKeyDictionary()
)
"""What each role with surroundings does, and how others are surrounded alike."""


def _drive(wrapped: Running, interceptor: Interceptor) -> Running:
    answer: Any = None
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            return end.value
        note_used(request)  # by the role; what becomes of it is decided here
        answer = None  # what was answered before must not tell two local states apart
        answer = yield interceptor.asked(wrapped, request)
        answer = interceptor.answered(wrapped, request, answer)


DRIVE: CodeType = _drive.__code__
"""The code of the generator in between: the role that it drives is its local `wrapped`."""
