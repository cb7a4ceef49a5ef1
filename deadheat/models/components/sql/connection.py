"""A process's connections to a SQL database: its sessions are its own, and end with it.

A connection belongs to the process that has opened it. So a session is named after its process, no two processes share
one, and none is left behind: when the process is killed, or has ended, the database rolls back what is open
(PostgreSQL documentation, 13.3.2 and ROLLBACK: a transaction ends with its session). A role that ends with something
written and not committed has most likely forgotten the COMMIT, so that is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.state import MORE, is_of
from deadheat.sim.errors import ModelError
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Operation, Request
from deadheat.sim.run.connected import asked_in, happened

__all__ = ["ProcessConnection"]

BEGINS = ("look", "lock", "execute")
ENDS = ("commit", "rollback", "disconnect")
IN_A_SESSION = (*BEGINS, "go_on", *ENDS)
ALONE = ("update", "delete")
"""Statements that commit by themselves, and that another transaction can keep waiting in the midst of them."""


@dataclass(frozen=True, slots=True)
class ProcessConnection:
    """What one process asks of one database; `require` raises ModelError for what that could not do.

    One that `repeats` goes on, in the sessions that it has: what its role leaves open, stays open.
    """

    database: str
    process: str
    require: Callable[[Operation], None]
    repeats: bool = False

    @property
    def alone(self) -> str:
        """The session in which it waits with a statement that commits by itself."""
        return f"{self.process}{MORE}statement"

    def asked(self, request: Request) -> Request:
        """Return the request with the name of the process on it, for sessions and statements that may wait."""
        for each in asked_in(request):
            if each.component == self.database:
                self.require(each)
        if isinstance(request, Operation) and request.component == self.database and request.name in ALONE:
            *arguments, session = request.arguments
            return request if session else replace(request, arguments=(*arguments, self.alone))
        turned: Request = _turned(request, self._own)
        return turned

    def goes_on(self, request: Request, outcome: Any) -> Operation | None:
        """Go on with a statement that commits by itself, for as long as it waits; a session's goes on by itself."""
        if outcome is WAITS and isinstance(request, Operation) and request.name in ALONE:
            return Operation(self.database, "go_on", (self.alone,), request.label)
        return None

    def after(self, opened: Hashable, request: Request, outcome: Any) -> Hashable:
        """Return the sessions that have a transaction open, as far as is known, in order; None for none."""
        assert isinstance(opened, tuple | None)
        sessions = set(opened or ())
        for each, _ in happened(request, outcome):
            if isinstance(each, Block):
                if any(reach.component == self.database for reach in each.reaches):
                    sessions.add(self.process)
            elif each.component == self.database and each.name in BEGINS:
                sessions.add(each.arguments[0])
            elif each.component == self.database and each.name in ENDS:
                sessions.discard(each.arguments[0])
        return tuple(sorted(sessions)) or None

    def closed(self, opened: Hashable) -> tuple[Operation, ...]:
        """Close the connection, where a transaction is open."""
        return (Operation(self.database, "leave", (self.process, not self.repeats)),) if opened else ()

    def broken(self, *, for_good: bool) -> tuple[Operation, ...]:
        """Let the database notice that the process is gone."""
        del for_good
        return (Operation(self.database, "hang_up", (self.process,)),)

    def _own(self, request: Operation) -> Operation:
        if request.component != self.database or request.name not in IN_A_SESSION:
            return request
        session, *others = request.arguments
        if not session:
            return replace(request, arguments=(self.process, *others))
        if not is_of(session, self.process):
            raise ModelError(
                f"The session {session!r} of the database {self.database!r} is not named after the process "
                f"{self.process!r}, which asks for it, so another could have it too; write begin() for the one "
                f"session of a process, and begin('{self.process}{MORE}...') for one more."
            )
        return request


def _turned(request: Request, turn: Callable[[Operation], Operation]) -> Any:
    if isinstance(request, Operation):
        return turn(request)
    if isinstance(request, Accompanied):
        return replace(request, request=_turned(request.request, turn))
    if isinstance(request, Atomic | AnyOf):
        turned = tuple(_turned(each, turn) for each in request.operations)
        return request if turned == request.operations else replace(request, operations=turned)
    return request
