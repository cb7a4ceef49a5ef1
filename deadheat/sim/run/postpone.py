"""A role one of whose steps is put off until after a later one: what comes first happens second.

Where the role asks for the step that is put off, a copy of it runs ahead: it is told something meanwhile, and what it
asks for then happens first, looks on the way included. Then the step itself happens, and the role is told its true
outcome, and what the copy was told, for as long as it asks for the same. So nothing is made up; only the order is
another. A copy that does not come to the later step, or a role that asks for something else after all, goes on in its
own order from there.

A generator cannot be copied, so the copy is the role, run again, and told what the role was told so far. That history
is kept beside the role, and not in the frame of what drives it: two local states of the role that are equal have one
future, and so do their copies, whatever led there. It must not tell them apart. What the copy found is in the frame,
and is compared by value.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import wraps
from types import CodeType
from typing import Any, Protocol, TypeAlias
from weakref import WeakKeyDictionary

from deadheat.sim.forgotten import Unyielded, note_used
from deadheat.sim.operations import Request, RoleFunction
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.intercept import Running

__all__ = ["DRIVES", "Postponement", "postponed"]

Found: TypeAlias = tuple[tuple[Request, Any], ...]
"""What a copy asked for ahead of its role, each with its outcome."""


class Postponement(Protocol):
    """Which step is put off, and until when: an immutable value, compared by value."""

    @property
    def meanwhile(self) -> Any:
        """What a copy is told, in the place of the outcome that there is not yet."""
        ...

    def begins(self, running: Running, request: Request) -> bool:
        """Return whether this is the step to put off."""
        ...

    def passes(self, request: Request) -> bool:
        """Return whether this is a look, over which the step may be put off."""
        ...

    def ends(self, running: Running, request: Request) -> bool:
        """Return whether this is the step after which it happens."""
        ...


def postponed(role: RoleFunction, postponement: Postponement) -> RoleFunction:
    """Return the role with one of its steps put off, wherever it comes to it."""

    @wraps(role)
    def between(*arguments: Any) -> Running:
        return _drive(role, arguments, postponement)

    return between


_told: WeakKeyDictionary[Running, tuple[Any, ...]] = WeakKeyDictionary()
"""What each role that is driven was told so far."""


def _drive(role: RoleFunction, arguments: tuple[Any, ...], postponement: Postponement) -> Running:
    wrapped = begun(role, *arguments)
    found: Found = ()
    answer: Any = None
    while True:
        try:
            request = _told_so_far(wrapped, answer)
        except StopIteration as end:
            return end.value
        answer = None  # what was answered before must not tell two local states apart
        if found and request == found[0][0]:
            answer, found = found[0][1], found[1:]
            continue
        found = ()
        if postponement.begins(wrapped, request):
            found = yield from _run_ahead(_copy(wrapped, role, arguments), postponement)
        answer = yield request


def _run_ahead(wrapped: Running, postponement: Postponement) -> Generator[Request, Any, Found]:
    """Let a copy go on until the step put off may happen; return what it asked for, with the outcomes."""
    found: Found = ()
    answer = postponement.meanwhile
    while True:
        try:
            with Unyielded().noting():  # by itself: what a copy has made and not yielded yet, its role will yield
                request = wrapped.send(answer)
        except StopIteration:
            return found
        answer = None
        if postponement.ends(wrapped, request):
            answer = yield request
            return (*found, (request, answer))
        if not postponement.passes(request) or any(request == asked for asked, _ in found):  # it would wait for ever
            return found
        answer = yield request
        found = (*found, (request, answer))


def _told_so_far(wrapped: Running, answer: Any) -> Request:
    told = _told.get(wrapped)
    _told[wrapped] = () if told is None else (*told, answer)
    request = wrapped.send(answer)
    note_used(request)  # by the role; when it happens is decided here
    return request


def _copy(wrapped: Running, role: RoleFunction, arguments: tuple[Any, ...]) -> Running:
    copy = role(*arguments)
    with Unyielded().noting():
        next(copy)
        for outcome in _told[wrapped]:
            copy.send(outcome)
    return copy


DRIVES: tuple[CodeType, ...] = (_drive.__code__, _run_ahead.__code__)
"""The code of the generators in between: the role, or its copy, that each drives is its local `wrapped`."""
