"""Processes and what they are connected to: what they have begun in a component ends with them.

A component says what its connections are (`Component.connection`); here each process is given its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from deadheat.sim.components import Component
from deadheat.sim.model import Crash, Process
from deadheat.sim.operations import Atomic, Operation
from deadheat.sim.run.connected import Client, Connection, connected

__all__ = ["among", "broken_with", "with_connections"]

NOWHERE: Mapping[str, str] = {}


def among(components: Mapping[str, Component], names: Iterable[str]) -> dict[str, Component]:
    """Return components, by the names of their instances, which know the names of the processes and nodes there are."""
    known = frozenset(names)
    told = {each.name: each.among(known) for each in components.values()}
    return {name: told[each.name] for name, each in components.items()}


def with_connections(
    processes: Iterable[Process], components: Mapping[str, Component], nodes: Mapping[str, str] = NOWHERE
) -> Iterator[Process]:
    """Yield the processes, each connected to those of these components, by the names of their instances.

    `nodes` are the names of the nodes that processes are on.
    """
    for process in processes:
        role, crashes = process.role, process.crashes
        for connection in _connections(process, components, nodes.get(process.name)):
            role = connected(role, connection)
            crashes = tuple(_noticed(each, connection) for each in crashes)
        yield process if role is process.role else replace(process, role=role, crashes=crashes)


def broken_with(
    process: Process, components: Mapping[str, Component], node: str, *, for_good: bool
) -> tuple[Operation, ...]:
    """Return what components notice at the instant at which a process goes down with its node."""
    connections = _connections(process, components, node)
    return tuple(each for connection in connections for each in connection.broken(for_good=for_good))


def _connections(process: Process, components: Mapping[str, Component], node: str | None) -> Iterator[Connection]:
    if process.is_environment:
        return
    noticed = tuple(each for crash in process.crashes for each in crash.consequences.operations)
    for component in {each.name: each for each in components.values()}.values():
        keys = tuple(name.partition("/")[2] for name, each in components.items() if each.keyed and each is component)
        own = (process.key,) if process.key is not None and process.key in keys else keys
        connection = component.connection(Client(process.name, node, process.repeats, own, noticed))
        if connection is not None:
            yield connection


def _noticed(crash: Crash, connection: Connection) -> Crash:
    more = connection.broken(for_good=not crash.restarts)
    return replace(crash, consequences=Atomic((*crash.consequences.operations, *more)))
