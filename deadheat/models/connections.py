"""Processes and what they are connected to: what they have begun in a component ends with them.

A component says what its connections are (`Component.connection`); here each process is given its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from deadheat.sim.components import Component
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import Atomic, Operation
from deadheat.sim.run.connected import Connection, connected

__all__ = ["broken_with", "with_connections"]


def with_connections(processes: Iterable[Process], components: Mapping[str, Component]) -> Iterator[Process]:
    """Yield the processes, each connected to those of these components, by the names of their instances."""
    for process in processes:
        for connection in _connections(process, components):
            process = replace(
                process,
                role=connected(process.role, connection),
                crashes=tuple(_noticed(each, connection) for each in process.crashes),
            )
        yield process


def broken_with(process: Process, components: Mapping[str, Component], *, for_good: bool) -> tuple[Operation, ...]:
    """Return what components notice at the instant at which a process is killed."""
    connections = _connections(process, components)
    return tuple(each for connection in connections for each in connection.broken(for_good=for_good))


def _connections(process: Process, components: Mapping[str, Component]) -> Iterator[Connection]:
    if process.is_environment:
        return
    for component in {each.name: each for each in components.values()}.values():
        keys = tuple(name.partition("/")[2] for name, each in components.items() if each.keyed and each is component)
        own = (process.key,) if process.key is not None and process.key in keys else keys
        connection = component.connection(process.name, own)
        if connection is not None:
            yield connection


def _noticed(crash: Crash, connection: Connection) -> Crash:
    more = connection.broken(for_good=not crash.restarts)
    return replace(crash, consequences=Atomic((*crash.consequences.operations, *more)))
