"""Ctrl-C: the first ends the searches with what they have found so far; the second ends the program."""

from __future__ import annotations

import signal
from types import FrameType

__all__ = ["asked", "listen"]

_asked = False


def listen() -> None:
    """From here on, take a Ctrl-C as a request to stop (see `asked`); the next one ends the program at once."""
    signal.signal(signal.SIGINT, _note)


def asked() -> bool:
    """Return whether somebody has asked for the searches to stop."""
    return _asked


def _note(number: int, _: FrameType | None) -> None:
    global _asked
    _asked = True
    signal.signal(number, signal.SIG_DFL)
