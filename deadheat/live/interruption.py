"""Ctrl-C on real servers: it ends the run, and never what removes the leavings of the run."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["INTERRUPTED", "listen", "uninterrupted"]

INTERRUPTED = threading.Event()
"""Set when the user interrupts: libraries that are interrupted in a callback swallow the exception, and go on."""

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_cleaning = 0


def listen() -> None:
    """From here on, a signal that asks us to end raises KeyboardInterrupt, except in `uninterrupted`."""
    for number in SIGNALS:
        # A shell may have started us with SIGINT ignored; but nohup means it.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Go through to the end, whatever signals come (see `listen`): what is half removed must not stay so.

    What is done here must be bounded in time. Signals reach the main thread alone, so others need no such care.
    """
    global _cleaning
    is_main = threading.current_thread() is threading.main_thread()
    _cleaning += is_main
    try:
        yield
    finally:
        _cleaning -= is_main


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    INTERRUPTED.set()
    if not _cleaning:
        raise KeyboardInterrupt
    try:  # not print(): a handler may interrupt another print
        os.write(2, b"deadheat: still removing what this run made; that ends by itself.\n")
    except OSError:
        return
