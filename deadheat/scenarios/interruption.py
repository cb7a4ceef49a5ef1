"""Ctrl-C: the first ends the searches with what they have found so far; the second ends the program."""

from __future__ import annotations

import signal
from ctypes import c_bool
from types import FrameType

__all__ = ["asked", "listen", "share"]

_asked = c_bool(False)
"""Whether somebody has asked; in memory of their own, so that worker processes can share it."""


def listen(shared: c_bool | None = None) -> None:
    """From here on, take a Ctrl-C as a request to stop (see `asked`); the next one ends the program at once.

    With what another process has `shared`, a request to that one is one to this.
    """
    global _asked
    if shared is not None:
        _asked = shared
    signal.signal(signal.SIGINT, _note)


def share() -> c_bool:
    """Return what tells worker processes of a request to this one: a terminal tells all, `kill` only one."""
    from multiprocessing.sharedctypes import RawValue

    global _asked
    _asked = RawValue(c_bool, _asked.value)
    return _asked


def asked() -> bool:
    """Return whether somebody has asked for the searches to stop."""
    return _asked.value


def _note(number: int, _: FrameType | None) -> None:
    _asked.value = True
    signal.signal(number, signal.SIG_DFL)
