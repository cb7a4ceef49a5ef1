"""Where the engine calls the user's code: what it raised told with its place, and what never comes back ended.

A role, an operation or a property can go on for ever, and then nothing else in the program gets its turn. Whoever
drives the engine from the command line starts a watch: a timer of the operating system that looks, once a second, at
what the main thread is in the middle of. So the engine itself does nothing for it, and is as fast as without.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, TypeVar

from deadheat.sim.errors import DeadheatError, ModelError
from deadheat.sim.nearest import said, sentence
from deadheat.sim.places import Place, in_place_of, is_users_frame, lines_of

__all__ = ["OverdueError", "Watch", "calls_users_code", "failed", "is_called_in"]

Called = TypeVar("Called", bound=Callable[..., Any])

SOON = 2
"""So many looks are enough once somebody has asked for an end."""

_CALLERS: set[CodeType] = set()


class OverdueError(BaseException):
    """The user's code does not come back. None of `Exception`, for a loop may well go on after one of those."""


def calls_users_code(function: Called) -> Called:
    """Mark a function of the engine as one in which nothing but the user's code can take long."""
    _CALLERS.add(function.__code__)
    return function


def failed(
    what: str, error: BaseException, called: Any = None, kind: type[DeadheatError] = ModelError
) -> BaseException:
    """Return what to raise where the user's code has raised an error: `what` failed, in which place, and by what.

    Where the error has come through no place of the user's, `called` is what was to be called. Of an exception of the
    user's own the user's part of the traceback is a note; of a misspelt name the sentence says all. One that ends the
    program, such as SystemExit, would look like a verdict, and is taken for an error like any other; Ctrl-C goes on.
    """
    if isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration):
        error = error.__cause__  # which a generator that raises it turns into an error without the place
    if isinstance(error, OverdueError):
        return kind(f"{what}: {error}.")
    if isinstance(error, ModelError):
        return type(error)(f"{what}{in_place_of(error)}: {error}")
    what = f"{what}{in_place_of(error, called)}"
    if isinstance(error, DeadheatError | KeyboardInterrupt):
        return error
    misnamed = said(error)
    if misnamed is not None:
        return kind(sentence(f"{what}: {misnamed}"))
    made = kind(sentence(f"{what}: {error!r}"))
    if lines := lines_of(error):
        made.add_note(lines)
    return made


class Watch:
    """Looks again and again, once a second, whether the main thread is still in the same call of the user's code.

    After `seconds_max` looks in a row, or soon where the program was `asked` to end, the call ends with an
    OverdueError. Looks are counted, not time: a program that was suspended meanwhile did not take long. `waiting` is
    called at each look, with whether it is the user's code that the program is in.
    """

    def __init__(self, seconds_max: int, asked: Callable[[], bool], waiting: Callable[[], None]) -> None:
        self._looks_max = seconds_max
        self._asked = asked
        self._waiting = waiting
        self._call: FrameType | None = None
        self._looks = 0

    def start(self, every_s: float = 1.0) -> None:
        """Look from now on, where the system has such a timer; a process that this one forks must start its own."""
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._look)
            signal.setitimer(signal.ITIMER_REAL, every_s, every_s)

    @staticmethod
    def stop() -> None:
        """Look no more."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _look(self, number: int, frame: FrameType | None) -> None:
        del number
        call = _call_in(frame)
        self._looks = self._looks + 1 if call is not None and call is self._call else 0
        self._call = call
        if self._looks >= (min(SOON, self._looks_max) if self._asked() else self._looks_max):
            place, looks = _place_of(frame), self._looks
            self._call, self._looks = None, 0
            raise OverdueError(
                f"it went on for {looks} s{' until it was interrupted' * self._asked()} in {place}; the usual cause is "
                "a loop without an end, or without a `yield` in it (DEADHEAT_STEP_SECONDS allows it more time)"
            )
        self._waiting()


def _call_in(frame: FrameType | None) -> FrameType | None:
    """Return the innermost call of the user's code that a stack is in the middle of."""
    while frame is not None and frame.f_code not in _CALLERS:
        frame = frame.f_back
    return frame


def is_called_in(frame: FrameType | None, but_for: str) -> bool:
    """Return whether a stack is in the middle of the user's code, and not of what files named so do inside of it."""
    call = _call_in(frame)
    while frame is not None and frame is not call and not frame.f_code.co_filename.startswith(but_for):
        frame = frame.f_back
    return call is not None and frame is call


def _place_of(frame: FrameType | None) -> str:
    """Return the innermost place of the user's in a stack, up to where the engine has called it."""
    first = frame
    while frame is not None and frame.f_code not in _CALLERS:
        if is_users_frame(frame):
            return str(Place.in_code(frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return str(Place.in_code(first.f_code, first.f_lineno)) if first is not None else "a place that nobody knows"
