"""Requests that a role has made and not yielded: a forgotten `yield` does nothing, and looks as if it did.

While a role runs, every request that is made is noted; one that is handed over, or put into another one, is not waited
for any more. What has gone out of existence before that was forgotten, and so was whatever is left when the role ends.
"""

from __future__ import annotations

import gc
import sys
from _thread import get_ident
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType
from typing import Any, NamedTuple
from weakref import ReferenceType, ref

from deadheat.sim.places import is_of_a_component

__all__ = ["Forgotten", "Unyielded", "note_made", "note_used", "noting_nothing"]


class Forgotten(NamedTuple):
    """A request that was never yielded, as text, the code and line that made it, and the word that is missing there."""

    request: str
    code: CodeType
    line: int
    missing: str


class _Made(NamedTuple):
    request: ReferenceType[Any]
    forgotten: Forgotten


class Unyielded:
    """The requests that one run of a role has made and not yet yielded."""

    def __init__(self) -> None:
        self._made: list[_Made] = []
        self.thread = get_ident()

    def noting(self) -> _Noting:
        """Note what is made and used meanwhile, by the role that runs: the garbage collector ends no other one then."""
        return _Noting(self)

    def note(self, request: Any, frame: Any) -> None:
        """Note a request that was made by what a frame runs, or for it by steps of a component of the library."""
        missing = "yield"
        while frame.f_back is not None and is_of_a_component(frame):
            frame, missing = frame.f_back, "yield from"
        text = f"{request.component}.{request.name}"
        self._made.append(_Made(ref(request), Forgotten(text, frame.f_code, frame.f_lineno, missing)))

    def use(self, request: Any) -> None:
        """Note that a request was yielded, or is part of another one."""
        if self._made:
            self._made = [each for each in self._made if each.request() is not request]

    def dropped(self) -> Forgotten | None:
        """Return a request that can never be yielded any more, because nothing holds it."""
        return next((each.forgotten for each in self._made if each.request() is None), None)

    def left(self) -> Forgotten | None:
        """Return a request that was not yielded, whether or not anything holds it."""
        return self._made[0].forgotten if self._made else None


_now: Unyielded | None = None
"""What notes at this moment. No context variable: a role may be thrown away while one is being set, and set it too."""


class _Noting:
    """While it lasts, one run of a role notes what it makes. A class, for every single step of a role enters it."""

    __slots__ = ("_before", "_collecting", "_unyielded")

    def __init__(self, unyielded: Unyielded) -> None:
        self._unyielded = unyielded

    def __enter__(self) -> None:
        global _now
        self._unyielded.thread, self._collecting = get_ident(), gc.isenabled()
        gc.disable()
        self._before, _now = _now, self._unyielded

    def __exit__(self, *_: object) -> None:
        global _now
        _now = self._before
        if self._collecting:
            gc.enable()


@contextmanager
def noting_nothing() -> Iterator[None]:
    """Let a role that is thrown away make what it likes."""
    global _now
    before, _now = _now, None
    try:
        yield
    finally:
        _now = before


def note_made(request: Any, *parts: Any) -> None:
    """Note that a role has made a request, out of those that are its parts."""
    unyielded = _now
    if unyielded is None or unyielded.thread != get_ident():
        return
    for each in parts:
        unyielded.use(each)
    unyielded.note(request, sys._getframe(2))  # the frame of who called what calls this


def note_used(request: Any) -> None:
    """Note that a request which a role made is in good hands."""
    unyielded = _now
    if unyielded is not None and unyielded.thread == get_ident():
        unyielded.use(request)
