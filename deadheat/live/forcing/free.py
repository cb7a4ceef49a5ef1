"""The gate of a free run: each process goes on by itself, after a delay drawn anew for each operation."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.runner import Stopped
from deadheat.live.logs.tape import Tape
from deadheat.scenarios.latency import parse_latencies
from deadheat.sim.components import operations_in
from deadheat.sim.durations import UNITS_NS
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import AnyOf, Atomic, Instant, Operation, Request, operations_of

__all__ = ["DEFAULT_DELAYS", "Delay", "FreeGate", "is_the_end", "parse_delays"]


class Delay(NamedTuple):
    """A delay before an operation, drawn evenly from this range."""

    min_ms: float
    max_ms: float


DEFAULT_DELAYS: Mapping[str, Delay] = {
    "user.cancel": Delay(0, 100),
    "http.accept": Delay(0, 50),
    "kubernetes.list_jobs": Delay(1000, 1000),
    "kubernetes": Delay(0, 5),
    "status": Delay(0, 5),
    "redis": Delay(0, 5),
}
"""Delays by component or by operation; the operation's counts if there are both."""


def parse_delays(texts: list[str], model: Model) -> dict[str, Delay]:
    """Return the default delays with those that texts such as `http.accept=0..200ms` ask for.

    Raises UsageError for a text that is none, for one without an upper end, since a delay is drawn from all of its
    range, and for a name of nothing that the model has.
    """
    delays = dict(DEFAULT_DELAYS)
    known = _names(model)
    for latency in parse_latencies(texts):
        if latency.name not in known:
            raise unknown_name("component or operation", latency.name, known)
        if latency.highest_ns == math.inf:
            raise UsageError(
                f"The delay of {latency.name!r} has no upper end to be drawn from; write {latency.name}=LO..HI, such "
                f"as {latency.name}=5ms..2s."
            )
        delays[latency.name] = Delay(latency.lowest_ns / UNITS_NS["ms"], latency.highest_ns / UNITS_NS["ms"])
    return delays


def _names(model: Model) -> list[str]:
    """Return the names of a model's components, without their keys, and of their operations."""
    kinds = {name.partition("/")[0]: type(each) for name, each in model.components.items()}
    operations = [f"{name}.{each}" for name, kind in kinds.items() for each in operations_in(kind)]
    return [*kinds, *operations]


def is_the_end(request: Request) -> bool:
    """Return whether a process has done its work: what is left is to let go of its keys, of which no server is told."""
    return isinstance(request, Operation) and request.name == "let_go"


class FreeGate:
    """Lets every request happen at once, but for its delay; records it, until it is stopped."""

    def __init__(self, adapters: Adapters, latencies: Mapping[str, Delay], seed: int, tape: Tape) -> None:
        self._adapters = adapters
        self._latencies = latencies
        self._seed = seed
        self._tape = tape
        self._generators: dict[str, random.Random] = {}
        self._stopped: set[str] = set()
        self._all_stopped = threading.Event()

    def perform(self, process: Process, request: Request) -> Any:
        """Do a request after its delay; a blocking one is tried again until it succeeds or the process is stopped."""
        if is_the_end(request):
            raise Stopped
        self._all_stopped.wait(self._delay_s(process.name, request))
        while True:
            self._raise_if_stopped(process.name)
            began = time.monotonic()
            try:
                outcome = self._do(request)
            except BlockedError:
                continue
            for operation, answer in _told(request, outcome):
                self._tape.write(process.name, operation, answer, began, time.monotonic())
            return outcome

    def stop(self, process: str) -> None:
        """End one process before its next operation."""
        self._stopped.add(process)

    def stop_all(self) -> None:
        """End every process before its next operation."""
        self._all_stopped.set()

    def _do(self, request: Request) -> Any:
        return self._adapters.perform_any(request) if isinstance(request, AnyOf) else self._adapters.perform(request)

    def _raise_if_stopped(self, process: str) -> None:
        if self._all_stopped.is_set() or process in self._stopped:
            raise Stopped

    def _delay_s(self, process: str, request: Request) -> float:
        operation = next(_operations(request))
        component = operation.component.partition("/")[0]
        nothing = self._latencies.get(component, Delay(0, 0))
        latency = self._latencies.get(f"{component}.{operation.name}", nothing)
        generator = self._generators.get(process)
        if generator is None:
            generator = self._generators[process] = random.Random(f"{self._seed}/{process}")
        return generator.uniform(latency.min_ms, latency.max_ms) / 1000


def _operations(request: Request) -> Iterator[Operation]:
    alternatives: tuple[Instant, ...] = request.operations if isinstance(request, AnyOf) else (request,)
    for each in alternatives:
        yield from operations_of(each)


def _told(request: Request, outcome: Any) -> Iterator[tuple[Operation, Any]]:
    """Yield what happened as single operations, each with its outcome."""
    if isinstance(request, Operation):
        yield request, outcome
    elif isinstance(request, Atomic):
        yield from zip(request.operations, outcome, strict=True)
    elif isinstance(request, AnyOf):
        chosen = request.operations[outcome.which]
        yield from _told(chosen, outcome.outcome)
