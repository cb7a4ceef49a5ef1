"""READ COMMITTED once more, slowly and obviously, from the text of PostgreSQL's documentation alone.

Every version of every row is kept, with the transaction that made it and the one that ended it (13.1 Introduction to
MVCC). A statement is a generator that takes a snapshot, which is the set of transactions that have committed, and goes
from version to version as 13.2.1 tells it; where it would wait, it yields who it is that it waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field, replace
from typing import Any

from deadheat.models.components.sql import Record, SqlError
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.statements import Delete, Insert, RowLock, Select, Statement, Update
from deadheat.models.components.sql.tables import Place, place_of

Blocker = Callable[[], "Transaction | None"]
"""Answers for whom a statement waits at this moment, if it still does."""


@dataclass(eq=False)
class Transaction:
    session: str
    state: str = "open"
    running: Generator[Blocker, None, Any] | None = None
    blocker: Blocker = lambda: None


@dataclass(eq=False)
class Version:
    row: Record
    made_by: Transaction
    ended_by: Transaction | None = None
    following: Version | None = None
    locked_by: list[Transaction] = field(default_factory=list)


class Twin:
    """A database of versions. `do` and `go_on` answer as the component's operations do; None if it blocks."""

    def __init__(self, rows: tuple[Record, ...]) -> None:
        first = Transaction("", "committed")
        self.committed = {first}
        self.versions = [Version(row, first) for row in rows]
        self.open: dict[str, Transaction] = {}

    def do(self, session: str, statement: Statement) -> Any:
        transaction = self.open.setdefault(session, Transaction(session))
        if transaction.state == "aborted":
            return SqlError.ABORTED
        transaction.running = self.run(transaction, statement)
        return self.resume(transaction)

    def go_on(self, session: str) -> Any:
        transaction = self.open[session]
        if transaction.blocker() is None:
            return self.resume(transaction)
        seen, current = set(), transaction
        while current.session not in seen:
            seen.add(current.session)
            blocker = current.blocker()
            if blocker is None:
                return None
            current = blocker
        if current is not transaction:
            return None
        self.undo(transaction)
        transaction.state = "aborted"
        return SqlError.DEADLOCK

    def commit(self, session: str) -> Any:
        transaction = self.open.pop(session, None)
        if transaction is None:
            return True
        if transaction.state == "aborted":
            return SqlError.ABORTED
        transaction.state = "committed"
        self.committed.add(transaction)
        return True

    def rollback(self, session: str) -> Any:
        transaction = self.open.pop(session, None)
        if transaction is not None:
            self.undo(transaction)
        return None

    def rows(self) -> tuple[Record, ...]:
        found = [each for each in self.versions if self.sees(None, self.committed, each)]
        return tuple(each.row for each in sorted(found, key=lambda each: place_of(each.row)))

    def undo(self, transaction: Transaction) -> None:
        transaction.state, transaction.running, transaction.blocker = "rolled back", None, lambda: None
        self.versions = [each for each in self.versions if each.made_by is not transaction]
        for each in self.versions:
            if each.ended_by is transaction:
                each.ended_by = each.following = None

    def resume(self, transaction: Transaction) -> Any:
        assert transaction.running is not None
        transaction.blocker = lambda: None
        try:
            transaction.blocker = next(transaction.running)
        except StopIteration as end:
            if end.value is SqlError.UNIQUE_VIOLATION:
                self.undo(transaction)
                transaction.state = "aborted"
            return end.value
        return WAITS

    # What statements do

    def run(self, me: Transaction, statement: Statement) -> Generator[Blocker, None, Any]:
        if isinstance(statement, Insert):
            return (yield from self.insert(me, statement))
        snapshot = set(self.committed)
        seen = [each for each in self.versions if self.sees(me, snapshot, each) and each.row.table == statement.table]
        seen = sorted((each for each in seen if selects(statement, each.row)), key=lambda each: place_of(each.row))
        if isinstance(statement, Select) and statement.lock is None:
            return tuple(each.row for each in seen)[: statement.limit]
        done: list[Record] = []
        for version in seen:
            if isinstance(statement, Select) and len(done) == statement.limit:
                break
            if isinstance(statement, Select) and statement.lock is RowLock.SKIP_LOCKED and self.holder(me, version):
                continue
            newest = yield from self.lock(me, version)
            if newest is None or not selects(statement, newest.row):
                continue
            done.append(newest.row)
            if isinstance(statement, Update):
                record: Any = newest.row
                changes = {each.column: each.content_after(newest.row) for each in statement.changes}
                newest.following = Version(replace(record, **changes), me, locked_by=[me])
                self.versions.append(newest.following)
            if isinstance(statement, Update | Delete):
                newest.ended_by = me
        return tuple(done) if isinstance(statement, Select) else len(done)

    def insert(self, me: Transaction, statement: Insert) -> Generator[Blocker, None, Any]:
        place = place_of(statement.row)
        while self.writer(me, place) is not None:
            yield lambda: self.writer(me, place)
        if any(place_of(each.row) == place and each.ended_by is None for each in self.versions):
            return 0 if statement.or_nothing else SqlError.UNIQUE_VIOLATION
        self.versions.append(Version(statement.row, me, locked_by=[me]))
        return 1

    def lock(self, me: Transaction, version: Version) -> Generator[Blocker, None, Version | None]:
        """Wait until nobody else has locked the newest version of a row; None if it is deleted by then."""
        while self.holder(me, version) is not None:
            yield lambda: self.holder(me, version)
        while version.following is not None:
            version = version.following
        if version.ended_by is not None:
            return None
        version.locked_by.append(me)
        return version

    @staticmethod
    def sees(me: Transaction | None, snapshot: set[Transaction], version: Version) -> bool:
        is_made = version.made_by is me or version.made_by in snapshot
        is_ended = version.ended_by is not None and (version.ended_by is me or version.ended_by in snapshot)
        return is_made and not is_ended

    @staticmethod
    def holder(me: Transaction, version: Version | None) -> Transaction | None:
        """Return who has locked, updated or deleted a row, in any of its versions from this one on."""
        while version is not None:
            for each in (*version.locked_by, version.made_by, *([version.ended_by] if version.ended_by else [])):
                if each is not me and each.state == "open":
                    return each
            version = version.following
        return None

    def writer(self, me: Transaction, place: Place) -> Transaction | None:
        """Return who has inserted, updated or deleted a row with this key, and has not ended."""
        for version in self.versions:
            for each in (version.made_by, *([version.ended_by] if version.ended_by else [])):
                if place_of(version.row) == place and each is not me and each.state == "open":
                    return each
        return None


def selects(statement: Any, row: Record) -> bool:
    return statement.where is None or statement.where.holds(row) is True
