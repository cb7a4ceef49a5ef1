"""Ctrl-C: the first ends the searches with what they have found so far; the second ends the program.

SIGTERM, as time limits and runners of jobs send it, is as good as the first, however often it comes: some do it twice.
And what no Ctrl-C would be needed for: a step of the user's own code that never comes back is ended, too.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from ctypes import c_bool
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING

from deadheat.sim.errors import UsageError
from deadheat.sim.users_code import Watch

if TYPE_CHECKING:  # imported where it is used
    from multiprocessing.process import BaseProcess

__all__ = ["STEP_SECONDS", "asked", "listen", "listen_in_worker", "share", "watch"]

STEP_SECONDS = "DEADHEAT_STEP_SECONDS"
"""The environment variable that says how many seconds one step of a role, an operation or a property may take."""

STEP_S = 10

_asked = c_bool(False)
"""Whether somebody has asked; in memory of their own, so that worker processes can share it."""


ENDED = 128 + signal.SIGTERM

_told_to_end = False
"""In a worker process: whether it got a SIGTERM."""

_heeded = False
"""Whether anybody who could stop with what it has was ever at work: until then, there is nothing to be kept."""


def listen(shared: c_bool | None = None) -> None:
    """From here on, take a Ctrl-C as a request to stop (see `asked`); the next one ends the program at once.

    With what another process has `shared`, a request to that one is one to this.
    """
    global _asked
    if shared is not None:
        _asked = shared
    signal.signal(signal.SIGINT, _note)
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _note)


def listen_in_worker(shared: c_bool | None = None) -> None:
    """Listen in a worker process, and keep watch there; from here on it ends with its parent, however that ends.

    A SIGTERM to all is a request like any other. One to this process alone comes from the one that it works for, which
    wants no answer any more.
    """
    from multiprocessing import parent_process

    listen(shared)
    signal.signal(signal.SIGTERM, _note_end)
    watch(looking=_leave_if_unwanted)
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _leave_if_unwanted() -> None:
    if _told_to_end and not _asked.value:
        os._exit(ENDED)


def _end_with(parent: BaseProcess) -> None:
    """Wait for the end of a process, and end with it: nobody is there any more for whom anything would be done."""
    parent.join()
    os._exit(1)


def watch(still_at_work: Callable[[], object] = int, looking: Callable[[], object] = int) -> Watch:
    """Watch over the user's code from here on; `still_at_work` is called each second after somebody has asked to stop.

    `looking` is called each second.

    Where nothing was searched by then, such as while a large model is being put together, it is KeyboardInterrupt that
    is raised. Raises UsageError where the environment says no number of seconds.
    """
    given = os.environ.get(STEP_SECONDS, str(STEP_S))
    if not (given.isascii() and given.isdecimal() and int(given[:9]) > 0):
        raise UsageError(f"{STEP_SECONDS} is {given!r}, which is no number of seconds; set it to {STEP_S}, for one.")

    def waiting() -> None:
        looking()
        if _asked.value and not _heeded:
            raise KeyboardInterrupt
        if _asked.value:
            still_at_work()

    made = Watch(int(given), lambda: _asked.value, waiting)
    made.start()
    return made


def share() -> c_bool:
    """Return what tells worker processes of a request to this one: a terminal tells all, `kill` only one."""
    from multiprocessing.sharedctypes import RawValue

    global _asked, _heeded
    _heeded = True  # by the workers
    _asked = RawValue(c_bool, _asked.value)
    return _asked


def asked() -> bool:
    """Return whether somebody has asked for the searches to stop; for whoever then stops with what it has."""
    global _heeded
    _heeded = True
    return _asked.value


def _note(_number: int, _: FrameType | None) -> None:
    _asked.value = True
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _note_end(_number: int, _: FrameType | None) -> None:
    global _told_to_end
    _told_to_end = True
