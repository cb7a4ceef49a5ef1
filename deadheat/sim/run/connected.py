"""A role whose requests pass through its process's connection to a component, and whose end closes that.

What a process has begun in a component ends with the process: a transaction, for one. So the component is told who
asks, and that the role has come to its end; that the process was killed is told among what follows from its crash. And
what the component goes on with by itself, the role has asked for once and is told once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import partial, wraps
from types import CodeType
from typing import Any, NamedTuple, Protocol

from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import note_used
from deadheat.sim.operations import (
    Accompanied,
    AnyOf,
    Atomic,
    Block,
    Operation,
    Request,
    RoleFunction,
    operations_of,
)
from deadheat.sim.run.beginning import begun
from deadheat.sim.run.intercept import Running, surrounded

__all__ = ["CONNECTS", "Client", "Connection", "asked_in", "connected", "happened"]


class Client(NamedTuple):
    """A process that connects to a component: its name, and that of the node it is on.

    It `repeats`, or is done when its role ends. `keys` are those of the component's instances that it has to do with:
    its own, or all. `noticed` is what follows from a crash of it anyhow.
    """

    name: str
    node: str | None = None
    repeats: bool = False
    keys: tuple[str, ...] = ()
    noticed: tuple[Operation, ...] = ()


class Connection(Protocol):
    """A process's connection to a component: an immutable value, compared by value. What is `opened` is another."""

    def asked(self, request: Request) -> Request:
        """Return what is asked for in the place of a request."""
        ...

    def goes_on(self, request: Request, outcome: Any) -> Operation | None:
        """Return what is asked for next, before the role is told anything; None where this is what it is told."""
        ...

    def after(self, opened: Hashable, request: Request, outcome: Any) -> Hashable:
        """Return what is open after a request had this outcome; None for nothing, as in the beginning."""
        ...

    def closed(self, opened: Hashable) -> tuple[Operation, ...]:
        """Return what happens when the role ends while this is open."""
        ...

    def broken(self, *, for_good: bool) -> tuple[Operation, ...]:
        """Return what happens at the instant at which the process is killed, `for_good` or to begin anew."""
        ...


def connected(role: RoleFunction, connection: Connection) -> RoleFunction:
    """Return the role, connected like this."""

    @wraps(role)
    def between(*arguments: Any) -> Running:
        return _drive(begun(role, *arguments), connection)

    return surrounded(between, role, partial(connected, connection=connection))


def asked_in(request: Request) -> Iterator[Operation]:
    """Yield the operations that a request names, of all its alternatives; none of a block, which decides later."""
    for each in request.operations if isinstance(request, AnyOf) else (request,):
        yield from operations_of(each)


def happened(request: Request, outcome: Any) -> Iterator[tuple[Operation | Block, Any]]:
    """Yield what has happened of a request that had this outcome: each operation, or block, and its own."""
    if isinstance(request, AnyOf):
        yield from happened(request.operations[outcome.which], outcome.outcome)
    elif isinstance(request, Accompanied):
        yield from happened(request.request, outcome)
    elif isinstance(request, Atomic):
        yield from zip(request.operations, outcome, strict=True)
    else:
        yield request, outcome


def _drive(wrapped: Running, connection: Connection) -> Running:
    answer: Any = None
    opened: Hashable = None
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            returned = end.value
            break
        note_used(request)  # by the role; what becomes of it is decided here
        request = _asked(connection, wrapped, request)
        answer = None  # what was answered before must not tell two local states apart
        answer = yield request
        while (further := connection.goes_on(request, answer)) is not None:
            answer = None
            answer = yield further
        opened = connection.after(opened, request, answer)
    answer = request = None  # type: ignore[assignment]
    for each in connection.closed(opened):  # noqa: UP028 - nothing takes the outcomes there
        yield each
    return returned


def _asked(connection: Connection, wrapped: Running, request: Request) -> Request:
    try:
        return connection.asked(request)
    except ModelError as error:
        wrapped.throw(error)  # so that it is told with its place
        raise


CONNECTS: CodeType = _drive.__code__
"""The code of the generator in between: the role that it drives is its local `wrapped`."""
