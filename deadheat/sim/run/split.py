"""A role one of whose requests for several operations at one instant is answered one operation after the other.

Whoever else takes part may come in between: so what the role relies on being atomic is so no longer. Each operation
waits until it is enabled, in the order in which they are written, and the role is told all their outcomes.
"""

from __future__ import annotations

from functools import wraps
from types import CodeType
from typing import Any, Protocol

from deadheat.sim.forgotten import note_used
from deadheat.sim.operations import Atomic, Request, RoleFunction
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.intercept import Running

__all__ = ["SPLITS", "Splitting", "split"]


class Splitting(Protocol):
    """Which request is split: an immutable value, compared by value."""

    def splits(self, running: Running, request: Request) -> bool:
        """Return whether the operations of this request happen one after the other."""
        ...


def split(role: RoleFunction, splitting: Splitting) -> RoleFunction:
    """Return the role with one of its requests split, wherever it comes to it."""

    @wraps(role)
    def between(*arguments: Any) -> Running:
        return _drive(begun(role, *arguments), splitting)

    return between


def _drive(wrapped: Running, splitting: Splitting) -> Running:
    answer: Any = None
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            return end.value
        note_used(request)  # by the role; when it happens is decided here
        answer = None  # what was answered before must not tell two local states apart
        if not isinstance(request, Atomic) or not splitting.splits(wrapped, request):
            answer = yield request
            continue
        answer = ()
        for each in request.operations:
            answer = (*answer, (yield each))


SPLITS: CodeType = _drive.__code__
"""The code of the generator in between: the role that it drives is its local `wrapped`."""
