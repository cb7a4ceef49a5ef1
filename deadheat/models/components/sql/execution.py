"""What a statement does to a database: it finds its rows, locks one after the other, and waits where it must."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from typing import Any, Literal

from deadheat.models.components.sql.state import (
    DatabaseState,
    Transaction,
    Waiting,
    Write,
    newest,
    seen_by,
    waits_for,
)
from deadheat.models.components.sql.statements import Delete, Insert, RowLock, Select, Statement, Update
from deadheat.models.components.sql.tables import Place, Record, place_of
from deadheat.sim.components import Step

__all__ = ["WAITS", "SqlError", "begun", "proceeded", "selected"]


class SqlError(Enum):
    """The ways in which a statement fails; as a truth value each is false, like no rows."""

    UNIQUE_VIOLATION = "unique violation"
    DEADLOCK = "deadlock detected"
    ABORTED = "transaction is aborted"
    CONNECTION_LOST = "connection lost"

    def __bool__(self) -> Literal[False]:
        return False


class _Waits(Enum):
    WAITS = "waits for a lock"


WAITS = _Waits.WAITS
"""What a statement of a session answers while it waits; `Session` goes on with it."""


def begun(value: DatabaseState, transaction: Transaction, statement: Statement) -> Step:
    """Begin a statement: look for its rows as they are now."""
    if isinstance(statement, Insert):
        return proceeded(value, transaction, Waiting(statement, (place_of(statement.row),)))
    seen = seen_by(value, transaction, statement.table)
    places = tuple(place for place, row in seen.items() if _selects(statement, row))
    return proceeded(value, transaction, Waiting(statement, places))


def proceeded(value: DatabaseState, transaction: Transaction, waiting: Waiting) -> Step:
    """Go through the remaining places up to the end, or to one for which it waits."""
    statement, remaining, found = waiting
    if isinstance(statement, Insert):
        return _inserted(value, transaction, statement, remaining[0])
    for number, place in enumerate(remaining):
        if isinstance(statement, Select) and len(found) == statement.limit:
            break
        if waits_for(value, transaction.session, statement, place) is not None:
            if isinstance(statement, Select) and statement.lock is RowLock.SKIP_LOCKED:
                continue
            stopped = transaction._replace(waiting=Waiting(statement, remaining[number:], found))
            return Step(WAITS, value.with_transaction(stopped))
        transaction = transaction.with_lock(place)
        row = newest(value, transaction, place)
        if row is not None and _selects(statement, row):
            found = (*found, place)
            transaction = _changed(transaction, statement, place, row)
    outcome = _rows(value, transaction, found) if isinstance(statement, Select) else len(found)
    return Step(outcome, value.with_transaction(transaction._replace(waiting=None)))


def _inserted(value: DatabaseState, transaction: Transaction, statement: Insert, place: Place) -> Step:
    if waits_for(value, transaction.session, statement, place) is not None:
        return Step(WAITS, value.with_transaction(transaction._replace(waiting=Waiting(statement, (place,)))))
    transaction = transaction._replace(waiting=None)
    if newest(value, transaction, place) is None:
        written = transaction.with_write(Write(place, statement.row, anew=True))
        return Step(1, value.with_transaction(written))
    if statement.or_nothing:
        return Step(0, value.with_transaction(transaction))
    return Step(SqlError.UNIQUE_VIOLATION, value.with_transaction(Transaction(transaction.session, aborted=True)))


def _changed(transaction: Transaction, statement: Select | Update | Delete, place: Place, row: Record) -> Transaction:
    if isinstance(statement, Delete):
        return transaction.with_write(Write(place, None, anew=True))
    if isinstance(statement, Update):
        record: Any = row  # a dataclass, as every table is
        changed = replace(record, **{each.column: each.content_after(row) for each in statement.changes})
        return transaction.with_write(Write(place, changed, anew=False))
    return transaction


def selected(value: DatabaseState, transaction: Transaction, statement: Select) -> tuple[Record, ...]:
    """Return what a SELECT without locks sees."""
    rows = (row for row in seen_by(value, transaction, statement.table).values() if _selects(statement, row))
    return tuple(rows)[: statement.limit]


def _rows(value: DatabaseState, transaction: Transaction, places: tuple[Place, ...]) -> tuple[Record, ...]:
    return tuple(row for place in places if (row := newest(value, transaction, place)) is not None)


def _selects(statement: Select | Update | Delete, row: Record) -> bool:
    return statement.where is None or statement.where.holds(row) is True
