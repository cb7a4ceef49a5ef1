"""What a SQL database knows: the committed rows, and the transactions that are open, with what they hold and wait for.

There are no versions and no clocks. What a waiting statement saw when it began is kept as the rows that it has yet to
reach; a row that another transaction deletes is taken from these, so that one of the same key that is inserted
afterwards is not mistaken for it. Whatever has an order here is sorted, so that equal contents are equal values, also
where names are exchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Self, TypeVar

from deadheat.models.components.sql.mistakes import table_of
from deadheat.models.components.sql.statements import Insert, Statement
from deadheat.models.components.sql.tables import Place, Record, place_of

__all__ = [
    "MORE",
    "DatabaseState",
    "Transaction",
    "Waiting",
    "Write",
    "committed",
    "in_a_circle",
    "is_of",
    "newest",
    "seen_by",
    "waits_for",
]

SomeRecord = TypeVar("SomeRecord", bound=Record)

MORE = ":"
"""Stands between the name of a process and what it calls one more of its sessions."""


def is_of(session: str, process: str) -> bool:
    """Return whether a session is one of a process."""
    return session == process or session.startswith(process + MORE)


class Write(NamedTuple):
    """What a transaction has written in a place; None for a row that it has deleted.

    `anew`: what was there before is gone, so this is no new version of it.
    """

    place: Place
    row: Record | None
    anew: bool


class Waiting(NamedTuple):
    """A statement that waits for the first of the `remaining` places; in those `found` it has done its work."""

    statement: Statement
    remaining: tuple[Place, ...]
    found: tuple[Place, ...] = ()


class Transaction(NamedTuple):
    """A transaction that has written or locked something, waits for something, or has failed.

    `locks` are the places that it has locked and not written. One that is `aborted` has nothing else any more. One that
    is `alone` is a statement that commits by itself.
    """

    session: str
    writes: tuple[Write, ...] = ()
    locks: tuple[Place, ...] = ()
    waiting: Waiting | None = None
    aborted: bool = False
    alone: bool = False

    def holds(self, place: Place) -> bool:
        """Return whether it has locked a place."""
        return place in self.locks or any(each.place == place for each in self.writes)

    def has_written(self, place: Place) -> bool:
        """Return whether it has written in a place."""
        return any(each.place == place for each in self.writes)

    def has_renewed(self, place: Place) -> bool:
        """Return whether it has written a row in a place that is no new version of the one that was there."""
        return any(each.place == place and each.anew and each.row is not None for each in self.writes)

    def with_lock(self, place: Place) -> Transaction:
        """Return it with a place locked."""
        return self if self.holds(place) else self._replace(locks=(*self.locks, place))

    def with_write(self, write: Write) -> Transaction:
        """Return it with something written, which is no new version where what it has written before was none."""
        anew = write.anew or any(each.place == write.place and each.anew for each in self.writes)
        others = tuple(each for each in self.writes if each.place != write.place)
        locks = tuple(each for each in self.locks if each != write.place)
        return self._replace(writes=(*others, write._replace(anew=anew)), locks=locks)


class _State(NamedTuple):
    rows: tuple[Record, ...] = ()
    transactions: tuple[Transaction, ...] = ()


class DatabaseState(_State):
    """The rows that are committed, and the open transactions.

    A property reads it by `rows_of` and `row`: what anybody else would see, and nothing that is not committed.
    """

    __slots__ = ()

    @classmethod
    def _make(cls, iterable: Iterable[Any]) -> Self:  # type: ignore[override]  # it keeps its order
        rows, transactions = iterable
        kept = (_in_order(each) for each in transactions if each != Transaction(each.session))
        return cls(tuple(sorted(rows, key=place_of)), tuple(sorted(kept, key=lambda each: each.session)))

    def rows_of(self, table: type[SomeRecord]) -> tuple[SomeRecord, ...]:
        """Return the committed rows of a table, in the order of their keys."""
        table_of(table)  # raises for what is none
        return tuple(each for each in self.rows if isinstance(each, table))

    def row(self, table: type[SomeRecord], key: str | int) -> SomeRecord | None:
        """Return the committed row with this key, or None."""
        return next((each for each in self.rows_of(table) if place_of(each).key == key), None)

    def transaction(self, session: str) -> Transaction:
        """Return what a session has open; an empty transaction if it has nothing."""
        return next((each for each in self.transactions if each.session == session), Transaction(session))

    def with_transaction(self, transaction: Transaction) -> DatabaseState:
        """Return the state with this as what its session has open."""
        others = (each for each in self.transactions if each.session != transaction.session)
        return self._make((self.rows, (*others, transaction)))

    def without(self, session: str) -> DatabaseState:
        """Return the state in which a session's transaction is rolled back."""
        return self.with_transaction(Transaction(session))

    def without_process(self, process: str) -> DatabaseState:
        """Return the state in which whatever a process has open is rolled back."""
        return self._make((self.rows, tuple(each for each in self.transactions if not is_of(each.session, process))))


def _in_order(transaction: Transaction) -> Transaction:
    waiting = transaction.waiting
    if waiting is not None:
        waiting = waiting._replace(remaining=tuple(sorted(waiting.remaining)), found=tuple(sorted(waiting.found)))
    writes = tuple(sorted(transaction.writes, key=lambda each: each.place))
    return transaction._replace(writes=writes, locks=tuple(sorted(transaction.locks)), waiting=waiting)


def seen_by(state: DatabaseState, transaction: Transaction, table: str) -> dict[Place, Record]:
    """Return the rows of a table that a statement sees that begins now, in the order of their keys."""
    rows = {place_of(each): each for each in state.rows if each.table == table}
    for write in transaction.writes:
        if write.place.table != table:
            continue
        if write.row is None:
            rows.pop(write.place, None)
        else:
            rows[write.place] = write.row
    return dict(sorted(rows.items()))


def newest(state: DatabaseState, transaction: Transaction, place: Place) -> Record | None:
    """Return what a place holds for a transaction that nobody else's lock keeps from it."""
    return seen_by(state, transaction, place.table).get(place)


def committed(state: DatabaseState, transaction: Transaction) -> DatabaseState:
    """Return the state in which all that a transaction has written is committed, and its locks are gone."""
    rows = {place_of(each): each for each in state.rows}
    for write in transaction.writes:
        if write.row is None:
            rows.pop(write.place, None)
        else:
            rows[write.place] = write.row
    gone = {each.place for each in transaction.writes if each.anew}
    others = tuple(_without(each, gone) for each in state.transactions if each.session != transaction.session)
    return DatabaseState._make((tuple(rows.values()), others))


def _without(transaction: Transaction, gone: set[Place]) -> Transaction:
    """Take rows that are deleted from what a statement has yet to reach; an INSERT waits for a key, not for a row."""
    waiting = transaction.waiting
    if waiting is None or isinstance(waiting.statement, Insert):
        return transaction
    remaining = tuple(each for each in waiting.remaining if each not in gone)
    return transaction._replace(waiting=waiting._replace(remaining=remaining))


def waits_for(state: DatabaseState, session: str, statement: Statement, place: Place) -> str | None:
    """Return the session for which a statement of another one, or of none, waits in a place, if it does."""
    for each in state.transactions:
        blocks = each.has_written(place) if isinstance(statement, Insert) else each.holds(place)
        if each.session != session and blocks:
            return each.session
    return None


def in_a_circle(state: DatabaseState, session: str) -> bool:
    """Return whether a session waits for one that waits for it, over however many others."""
    passed: set[str] = set()
    current: str | None = session
    while current is not None and current not in passed:
        passed.add(current)
        waiting = state.transaction(current).waiting
        if waiting is None or not waiting.remaining:
            return False
        current = waits_for(state, current, waiting.statement, waiting.remaining[0])
    return current == session
