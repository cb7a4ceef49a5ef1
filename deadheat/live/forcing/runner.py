"""Runs the processes of a model on real servers: the same generators, driven by one loop.

What differs between a forced schedule, a free run and another operating-system process is the *gate*: it does a
process's request, when it may, and returns the outcome.
"""

from __future__ import annotations

import threading
from collections.abc import Generator
from typing import Any, Protocol

from deadheat.live.adapters.base import not_at_one_instant
from deadheat.sim.model import Process
from deadheat.sim.operations import Accompanied, AnyOf, Block, Request

__all__ = ["Gate", "Killed", "ProcessThread", "Stopped", "run_process", "run_role_once"]


class Killed(Exception):  # noqa: N818 - it is an event, not an error
    """The process crashes here; `restarts` says whether it begins again."""

    def __init__(self, restarts: bool) -> None:
        super().__init__()
        self.restarts = restarts


class Stopped(Exception):  # noqa: N818
    """The run is over."""


class Gate(Protocol):
    """What stands between a process and the servers."""

    def perform(self, process: Process, request: Request) -> Any:
        """Do the request when it may be done, and return its outcome; raises Killed or Stopped instead."""
        ...


def run_process(process: Process, gate: Gate) -> None:
    """Run a process until its role returns (or for ever, if it repeats), it crashes for good, or the run is over."""
    while True:
        try:
            run_role_once(process, gate)
        except Killed as killed:
            if not killed.restarts:
                return
        except Stopped:
            return
        else:
            if not process.repeats:
                return


def run_role_once(process: Process, gate: Gate) -> None:
    """Run a process's role until it returns; raises what the gate raises."""
    generator: Generator[Request, Any, Any] = process.role(*process.arguments)
    answer: Any = None
    while True:
        try:
            request = generator.send(answer)
        except StopIteration:
            return
        for each in request.operations if isinstance(request, AnyOf) else (request,):
            if isinstance(each, Block | Accompanied):
                raise not_at_one_instant(each)
        answer = gate.perform(process, request)


class ProcessThread:
    """A process at work in a thread of this program. `error` is what ended it, if it ended so."""

    def __init__(self, process: Process, gate: Gate) -> None:
        self.process = process
        self.error: BaseException | None = None
        self._gate = gate
        self._thread = threading.Thread(target=self._run, name=process.name, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether it is still at work."""
        return self._thread.is_alive()

    def join(self, patience_s: float) -> None:
        """Wait for its end."""
        self._thread.join(patience_s)

    def _run(self) -> None:
        try:
            run_process(self.process, self._gate)
        except BaseException as error:  # kept for whoever asks; a thread has nobody to raise to
            self.error = error
