"""A SQL database in a file of SQLite: a connection for each session, and one writer at a time.

SQLite locks the whole database, not rows (SQLite documentation, "Isolation In SQLite", "File Locking And Concurrency").
So of what the model lets sessions do at the same time, only that has a live form in which at most one has written or
locked anything: the others' writes wait for its end, and are then begun as they are, with no older look at the rows.
Whatever SQLite does is something that the model does too; not the other way round.

A transaction begins with its first statement that writes or locks, by BEGIN IMMEDIATE: what it reads from then on
nobody else changes. Before that each SELECT stands alone and sees what is committed, as READ COMMITTED has it; a
BEGIN without IMMEDIATE would see one snapshot throughout, and fail to write after another has written, which is not
modelled. The journal is a write-ahead log, so that readers do not wait. Where an error ends the transaction in the
model (and in PostgreSQL), it is rolled back here.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any

from deadheat.live.adapters.base import POLL_S, Adapter, NotHereError, poll
from deadheat.live.adapters.sql.text import Dialect, answer_of, create_table, quoted, text_of
from deadheat.models.components.sql.database import Database
from deadheat.models.components.sql.execution import SqlError
from deadheat.models.components.sql.state import DatabaseState, is_of
from deadheat.models.components.sql.statements import Delete, Insert, Select, Statement, Update
from deadheat.sim.errors import LiveError

__all__ = ["SqliteDatabase"]

SQLITE = Dialect("?", {str: "TEXT", int: "INTEGER", bool: "INTEGER"}, row_locks=False)
ALONE = ""
"""The connection of statements that belong to no transaction."""


class SqliteDatabase(Adapter):
    """The tables of one run, each named with its prefix; they are dropped when it is closed.

    Raises LiveError if the file cannot be opened. A statement that would have to wait for longer than the patience
    raises BlockedError.
    """

    def __init__(self, path: Path, prefix: str, database: Database) -> None:
        super().__init__(database.name)
        self._path, self._prefix, self._database = path, prefix, database
        self._connections: dict[str, sqlite3.Connection] = {}
        self._aborted: set[str] = set()
        alone = self._connection(ALONE)
        alone.execute("PRAGMA journal_mode = WAL")
        for table in database.tables.values():
            alone.execute(create_table(table, SQLITE, prefix))
        for row in database.initial.rows:
            self._run(ALONE, Insert(row))

    # Statements of no transaction

    def select(self, table: Any, where: Any = None, limit: int | None = None) -> Any:
        """SELECT."""
        return self._run(ALONE, Select(table.table, where, limit))

    def insert(self, row: Any, or_nothing: bool = False) -> Any:
        """INSERT."""
        return self._run_alone(Insert(row, or_nothing))

    def update(self, table: Any, changes: Any, where: Any = None, session: str = "") -> Any:
        """UPDATE."""
        del session  # what waits has no live form here
        all_changes = (changes,) if hasattr(changes, "_fields") else tuple(changes)
        return self._run_alone(Update(table.table, all_changes, where))

    def delete(self, table: Any, where: Any = None, session: str = "") -> Any:
        """DELETE."""
        del session
        return self._run_alone(Delete(table.table, where))

    # Statements of a session

    def look(self, session: str, statement: Select) -> Any:
        """SELECT."""
        return SqlError.ABORTED if session in self._aborted else self._run(session, statement)

    def lock(self, session: str, statement: Select) -> Any:
        """SELECT, after which nobody else writes."""
        return self.execute(session, statement)

    def execute(self, session: str, statement: Statement) -> Any:
        """Do a statement, in a transaction that nobody else's can overlap."""
        if session in self._aborted:
            return SqlError.ABORTED
        connection = self._connection(session)
        if not connection.in_transaction:
            self._require_no_other_writer(session, statement)
            self._patiently(connection, "BEGIN IMMEDIATE", ())
        answer = self._run(session, statement)
        if answer is SqlError.UNIQUE_VIOLATION:
            connection.execute("ROLLBACK")
            self._aborted.add(session)
        return answer

    def commit(self, session: str) -> Any:
        """COMMIT."""
        if session in self._aborted:
            self._aborted.discard(session)
            return SqlError.ABORTED
        connection = self._connection(session)
        if connection.in_transaction:
            self._patiently(connection, "COMMIT", ())
        return True

    def commit_sql_lost_commit(self, session: str) -> Any:
        """COMMIT, and close the connection; or only close it, if the model foresees that the COMMIT is lost."""
        if self._is_foreseen_as_done():
            self.commit(session)
        self.disconnect(session)
        return SqlError.CONNECTION_LOST

    def rollback(self, session: str) -> None:
        """ROLLBACK."""
        self._aborted.discard(session)
        connection = self._connection(session)
        if connection.in_transaction:
            connection.execute("ROLLBACK")

    def disconnect(self, session: str) -> None:
        """Close the connection: what was not committed is gone."""
        self._aborted.discard(session)
        connection = self._connections.pop(session, None)
        if connection is not None:
            connection.close()

    def hang_up(self, process: str) -> None:
        """Close all connections of a process."""
        for session in [each for each in self._connections if is_of(each, process)]:
            self.disconnect(session)

    def leave(self, process: str, for_good: bool = True) -> None:
        """Hang up in all sessions of a process whose role has ended; one that begins anew goes on in them."""
        if for_good:
            self.hang_up(process)

    def is_writing(self, session: str) -> bool:
        """Return whether a session keeps all others from writing."""
        return session in self._connections and self._connections[session].in_transaction

    def observe(self) -> dict[str, Any]:
        """Return what is committed."""
        tables = self._database.tables.values()
        rows = [row for table in tables for row in self._run(ALONE, Select(table.table))]
        return {self.name: DatabaseState._make((rows, ()))}

    def comparable(self, value: DatabaseState) -> Any:
        """Return what is committed; the rest shows in what sessions answer."""
        return value.rows

    def close(self) -> None:
        """End all sessions, and drop the tables."""
        for session in [each for each in self._connections if each != ALONE]:
            self.disconnect(session)
        for table in self._database.tables.values():
            self._connection(ALONE).execute(f"DROP TABLE IF EXISTS {quoted(self._prefix + table.table)}")
        self.disconnect(ALONE)

    # How

    def _is_foreseen_as_done(self) -> bool:
        """Return whether what is asked for has an effect in the model, as far as that is known."""
        foreseen = self.foreseen.get(self.name)
        return foreseen is None or foreseen.rows != self.observe()[self.name].rows

    def _run_alone(self, statement: Statement) -> Any:
        self._require_no_other_writer(ALONE, statement)
        return self._run(ALONE, statement)

    def _require_no_other_writer(self, session: str, statement: Statement) -> None:
        """Raise NotHereError if another session of ours is in the midst of writing: waiting would be in vain."""
        for other in self._connections:
            if other not in (session, ALONE) and self.is_writing(other):
                time.sleep(POLL_S)  # for whoever asks again and again
                raise NotHereError(
                    f"SQLite has one writer, and {other} is writing when another wants {statement}; name a "
                    "PostgreSQL by --status for schedules in which two write at once."
                )

    def _connection(self, session: str) -> sqlite3.Connection:
        if session not in self._connections:
            try:
                self._connections[session] = sqlite3.connect(
                    self._path, timeout=0, isolation_level=None, check_same_thread=False
                )
            except sqlite3.Error as error:
                raise LiveError(f"SQLite cannot open {self._path}: {error}.") from None
        return self._connections[session]

    def _run(self, session: str, statement: Statement) -> Any:
        text = text_of(statement, self._database, SQLITE, self._prefix)
        try:
            rows, count = self._patiently(self._connection(session), text.sql, text.values)
        except sqlite3.IntegrityError:
            return SqlError.UNIQUE_VIOLATION
        return answer_of(statement, self._database, rows, count)

    def _patiently(
        self, connection: sqlite3.Connection, sql: str, values: tuple[Any, ...]
    ) -> tuple[list[tuple[Any, ...]], int]:
        """Do it again and again until nobody else writes: SQLite says so, and has no queue."""
        for _ in poll(self.patience_s, f"another session of SQLite still writes, and {sql} waited"):
            try:
                cursor = connection.execute(sql, values)
                return cursor.fetchall(), cursor.rowcount
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise LiveError(f"SQLite refuses {sql}: {error}.") from None
        raise AssertionError("poll goes on or raises")
