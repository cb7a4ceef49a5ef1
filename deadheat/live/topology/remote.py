"""The gate of a child process: its parent's director, over an authenticated Unix socket."""

from __future__ import annotations

from multiprocessing.connection import Client, Connection
from typing import Any

from deadheat.live.adapters.together import Adapters
from deadheat.live.forcing.director import Release, make
from deadheat.live.forcing.runner import Stopped
from deadheat.live.topology.config import ChildConfig
from deadheat.sim.model import Process
from deadheat.sim.operations import AnyOf, Chosen, Request

__all__ = ["RemoteGate", "call_parent"]


def call_parent(config: ChildConfig) -> Connection[Any, Any]:
    """Return a connection to the parent, which knows from here on that the process is there."""
    connection = Client(config.control, authkey=bytes.fromhex(config.authkey))
    connection.send(config.process)
    return connection


class RemoteGate:
    """Tells the parent what the process waits for, and does it when the parent says so."""

    def __init__(self, connection: Connection[Any, Any], adapters: Adapters) -> None:
        self._connection = connection
        self._adapters = adapters

    def perform(self, process: Process, request: Request) -> Any:
        """Hold the process until the parent releases it; raises Stopped if it says so, or is gone."""
        del process  # the parent knows which one speaks
        try:
            self._connection.send(request)
            release: Release | None = self._connection.recv()
        except (EOFError, OSError):
            raise Stopped from None
        if release is None:
            raise Stopped
        operation = request.operations[release.alternative] if isinstance(request, AnyOf) else request
        done = make(self._adapters, operation, release)
        self._connection.send(done)
        if done.error is not None:
            raise Stopped
        return Chosen(release.alternative, done.outcome) if isinstance(request, AnyOf) else done.outcome
