"""Where the processes of a forced schedule run: all in threads of this program, unless another stage says otherwise."""

from __future__ import annotations

import time
from collections.abc import Iterable

from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.director import Director, Done
from deadheat.live.forcing.runner import ProcessThread
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import Instant

__all__ = ["STOP_PATIENCE_S", "Stage"]

STOP_PATIENCE_S = 15.0


class Stage:
    """Runs processes in threads. A crash ends a process where it is held, and does what the components would notice."""

    def __init__(self, adapters: Adapters) -> None:
        self.adapters = adapters
        self.director = Director(adapters)
        self._threads: list[ProcessThread] = []

    def start(self, processes: Iterable[Process]) -> None:
        """Start the processes; each is held at its first operation."""
        self._threads += [ProcessThread(process, self.director) for process in processes]

    def pending(self, name: str) -> tuple[Instant, ...]:
        """Return what the process of that name waits to do, as soon as it waits; nothing if it never does."""
        return self.director.pending(name)

    def crash(self, process: Process, crash: Crash) -> Done:
        """Crash a process that is held."""
        self.director.kill(process.name, restarts=crash.restarts)
        started = time.perf_counter()
        outcome = self.adapters.perform(crash.consequences)
        return Done(crash.consequences, outcome, time.perf_counter() - started)

    def stop(self) -> None:
        """End all processes."""
        self.director.stop()
        for thread in self._threads:
            thread.join(STOP_PATIENCE_S)
