"""What the SQL database may have come to, of which only the answers are known.

A statement that commits by itself may begin later in the model than it has begun in a real database: it waits before it
begins, where that makes no difference. So a database that lets one wait is followed by all that the model may do
meanwhile, and there must always be something that agrees with what was seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from deadheat.models.components.sql import Database, DatabaseState
from deadheat.models.components.sql.connection import ProcessConnection
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.statements import Delete, Insert, Statement, Update
from deadheat.sim.components import Step
from deadheat.sim.operations import Operation
from deadheat.sim.run.connected import Client


class Alone(NamedTuple):
    """A statement that a process asks for by itself, and not in its session."""

    statement: Insert | Update | Delete


def session_of(process: str, action: Any) -> str:
    return alone_of(process) if isinstance(action, Alone) else process


def alone_of(process: str) -> str:
    return ProcessConnection("db", process, lambda _: None).alone


def alone(db: Database, process: str, statement: Statement) -> Operation:
    """Return the request for a statement that commits by itself, as a design makes it."""
    tables = db.tables
    if isinstance(statement, Insert):
        return db.insert(statement.row, statement.or_nothing)
    if isinstance(statement, Update):
        request = db.update(tables[statement.table], statement.changes, statement.where)
    else:
        assert isinstance(statement, Delete)
        request = db.delete(tables[statement.table], statement.where)
    asked: Operation = db.connection(Client(process)).asked(request)  # type: ignore[assignment]
    return asked


class Possible(NamedTuple):
    """What the model may have come to: statements that it has not begun yet, and those that are through, unheard of."""

    value: DatabaseState
    pending: frozenset[tuple[str, Operation]] = frozenset()
    answered: frozenset[tuple[str, Any]] = frozenset()

    @property
    def waiting(self) -> set[str]:
        """The sessions whose statements have not been heard of yet."""
        begun = {each.session for each in self.value.transactions if each.waiting is not None}
        return begun | {session for session, _ in self.pending} | {session for session, _ in self.answered}


def steps(db: Database, value: DatabaseState, request: Operation) -> list[Step]:
    return [each for each in db.apply(value, request) if each.fault is None]


def further(db: Database, possible: Iterable[Possible]) -> set[Possible]:
    """Return what the model may come to before anybody answers: a statement begins or waits again, or does nothing."""
    found = set(possible)
    new = list(found)
    for each in new:
        for later in _further(db, each):
            if later not in found:
                found.add(later)
                new.append(later)
    return found


def _further(db: Database, possible: Possible) -> Iterable[Possible]:
    value, pending, answered = possible
    for transaction in value.transactions:
        if transaction.waiting is not None:
            for step in steps(db, value, db.go_on(transaction.session)):
                if step.outcome is WAITS:
                    yield Possible(step.value, pending, answered)
    for session, request in pending:
        left = pending - {(session, request)}
        for step in steps(db, value, request):
            if step.outcome is WAITS:
                yield Possible(step.value, left, answered)
            elif step.value == value:
                yield Possible(value, left, answered | {(session, step.outcome)})


def answering(db: Database, possible: Iterable[Possible], session: str, answer: Any) -> set[Possible]:
    """Return what the model may have come to, once the statement of a session that waited has answered so."""
    found = set()
    for value, pending, answered in further(db, possible):
        if (session, answer) in answered:
            found.add(Possible(value, pending, answered - {(session, answer)}))
        for request in [request for each, request in pending if each == session]:
            for step in steps(db, value, request):
                if step.outcome == answer:
                    found.add(Possible(step.value, pending - {(session, request)}, answered))
        if value.transaction(session).waiting is not None:
            for step in steps(db, value, db.go_on(session)):
                if step.outcome == answer:
                    found.add(Possible(step.value, pending, answered))
    return found


def begun(db: Database, possible: Iterable[Possible], session: str, request: Operation, answer: Any) -> set[Possible]:
    """Return what the model may have come to, once it was asked for this, and answered so; or let it wait."""
    found = set()
    for value, pending, answered in possible:
        made = steps(db, value, request)
        found |= {Possible(step.value, pending, answered) for step in made if step.outcome == answer}
        if answer is WAITS and not made:
            found.add(Possible(value, pending | {(session, request)}, answered))
    return found


def without(possible: Iterable[Possible], process: str, db: Database) -> set[Possible]:
    """Return what the model may have come to, once a process has gone."""
    sessions = {process, alone_of(process)}
    found = set()
    for value, pending, answered in possible:
        [step] = db.apply(value, db.hang_up(process))
        left = frozenset(each for each in pending if each[0] not in sessions)
        found.add(Possible(step.value, left, frozenset(each for each in answered if each[0] not in sessions)))
    return found
