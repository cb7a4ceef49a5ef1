"""The gate of a forced schedule: it holds each process at its next request, and releases one at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.runner import Killed, Stopped
from deadheat.live.redaction import redact
from deadheat.sim.errors import LiveError
from deadheat.sim.model import Process
from deadheat.sim.operations import AnyOf, Chosen, Instant, Request

__all__ = ["Director", "Do", "Done", "Release", "make"]

HOLD_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True)
class Release:
    """What a held process may do: which alternative of its request, with which fault, hoping for which outcome."""

    alternative: int = 0
    fault: str | None = None
    wish: Any = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a released process did. `real_s` is how long the servers took; `error` is set if they did not do it."""

    operation: Instant
    outcome: Any
    real_s: float
    error: LiveError | None = None


Do = Callable[[Instant, Release], Done]
"""Makes a released operation."""


def make(adapters: Adapters, operation: Instant, release: Release) -> Done:
    """Make a released operation through adapters; what goes wrong is in the result, not raised."""
    started = time.perf_counter()
    try:
        outcome = adapters.perform(operation, release.fault, release.wish)
    except LiveError as error:
        return Done(operation, None, time.perf_counter() - started, error)
    except Exception as error:
        unforeseen = LiveError(f"{operation} failed on the real servers: {type(error).__name__}: {redact(str(error))}")
        return Done(operation, None, time.perf_counter() - started, unforeseen)
    return Done(operation, outcome, time.perf_counter() - started)


class Director:
    """Holds processes, and releases them by name."""

    def __init__(self, adapters: Adapters) -> None:
        self._adapters = adapters
        self._orders: dict[str, queue.Queue[Release | Exception]] = {}
        self._done: queue.Queue[Done] = queue.Queue()
        self._held: dict[str, Request] = {}
        self._changed = threading.Condition()

    def perform(self, process: Process, request: Request) -> Any:
        """Hold the process until it is released, and do its request; called on the process's own thread."""
        return self.hold(process.name, request, self._do)

    def hold(self, name: str, request: Request, do: Do) -> Any:
        """Hold a process until it is released, let `do` make the operation, and return the request's outcome.

        Raises Killed or Stopped instead, as the director says.
        """
        order = self._hold(name, request).get()
        if isinstance(order, Exception):
            raise order
        done = do(_alternative(request, order.alternative), order)
        self._done.put(done)
        if done.error is not None:
            raise Stopped
        return Chosen(order.alternative, done.outcome) if isinstance(request, AnyOf) else done.outcome

    def _do(self, operation: Instant, release: Release) -> Done:
        return make(self._adapters, operation, release)

    def pending(self, name: str, patience_s: float = HOLD_PATIENCE_S) -> tuple[Instant, ...]:
        """Return what the process of that name waits to do, as soon as it waits; nothing if it never does."""
        with self._changed:
            self._changed.wait_for(lambda: name in self._held, patience_s)
            request = self._held.get(name)
        if request is None:
            return ()
        return request.operations if isinstance(request, AnyOf) else (request,)

    def release(self, name: str, release: Release) -> Done:
        """Let a held process do its request, and return what it did."""
        self._order(name, release)
        return self._done.get()

    def kill(self, name: str, *, restarts: bool) -> None:
        """Crash a held process where it stands; it begins again if it `restarts`."""
        self._order(name, Killed(restarts))

    def stop(self) -> None:
        """End every process."""
        for orders in list(self._orders.values()):
            orders.put(Stopped())

    def _order(self, name: str, order: Release | Exception) -> None:
        with self._changed:
            del self._held[name]
        self._orders[name].put(order)

    def _hold(self, name: str, request: Request) -> queue.Queue[Release | Exception]:
        with self._changed:
            orders = self._orders.setdefault(name, queue.Queue())
            self._held[name] = request
            self._changed.notify_all()
        return orders


def _alternative(request: Request, alternative: int) -> Instant:
    return request.operations[alternative] if isinstance(request, AnyOf) else request
