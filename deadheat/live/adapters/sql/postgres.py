"""A SQL database in PostgreSQL: a connection for each session, in which a statement that waits goes on by itself.

Each statement runs in a thread, and PostgreSQL itself is asked whether it waits (`pg_blocking_pids`); so a statement
that the model lets wait is begun, and answers `WAITS` once it does. It goes on as soon as PostgreSQL lets it, which may
be before the model says so: a schedule in which another session comes first has no live form.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, BlockedError, NotHereError, poll, steered
from deadheat.live.adapters.sql.text import Dialect, answer_of, create_table, quoted, text_of
from deadheat.live.leavings.postgres_run import mark_table
from deadheat.live.leavings.run_record import RunRecord
from deadheat.live.redaction import learn, redact
from deadheat.models.components.sql.database import Database
from deadheat.models.components.sql.execution import WAITS, SqlError
from deadheat.models.components.sql.state import DatabaseState, is_of
from deadheat.models.components.sql.statements import Delete, Insert, Select, Statement, Update
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    import psycopg

__all__ = ["PostgresDatabase"]

POSTGRES = Dialect("%s", {str: 'text COLLATE "C"', int: "bigint", bool: "boolean"}, row_locks=True)
CONNECT_PATIENCE_S = 5
SESSIONS_MAX = 64
BY_INDEX = "SET enable_seqscan = off; SET enable_bitmapscan = off"
"""Rows are found, and locked, in the order of their keys."""


@dataclass(slots=True)
class _Session:
    connection: psycopg.Connection[Any]
    running: Future[Any] | None = None


class PostgresDatabase(Adapter):
    """The tables of one run, each named with its prefix; they are dropped when it is closed.

    Raises LiveError if `psycopg` is not installed or the database does not answer. `deadlock_timeout_ms` is for how
    long a statement waits before PostgreSQL looks for a deadlock, which only a superuser may set; None leaves it.
    """

    def __init__(
        self,
        url: str,
        prefix: str,
        database: Database,
        *,
        record: RunRecord | None = None,
        deadlock_timeout_ms: int | None = None,
    ) -> None:
        super().__init__(database.name)
        self._url, self._prefix, self._database = url, prefix, database
        self._deadlock_timeout_ms = deadlock_timeout_ms
        self._sessions: dict[str, _Session] = {}
        self._alone = self._connect()
        self._looking = self._connect()
        self._threads = ThreadPoolExecutor(SESSIONS_MAX)
        with self._alone.transaction(), self._alone.cursor() as cursor:
            for table in database.tables.values():
                cursor.execute(create_table(table, POSTGRES, prefix))
                if record is not None:
                    mark_table(cursor, record, prefix + table.table)
        for row in database.initial.rows:
            self._run(self._alone, Insert(row))

    # Statements of no transaction

    def select(self, table: Any, where: Any = None, limit: int | None = None) -> Any:
        """SELECT."""
        return self._by_itself(Select(table.table, where, limit))

    def insert(self, row: Any, or_nothing: bool = False) -> Any:
        """INSERT."""
        return self._by_itself(Insert(row, or_nothing))

    def update(self, table: Any, changes: Any, where: Any = None, session: str = "") -> Any:
        """UPDATE; in a session, it may answer `WAITS`."""
        return self._by_itself(Update(table.table, _all(changes), where), session)

    def delete(self, table: Any, where: Any = None, session: str = "") -> Any:
        """DELETE; in a session, it may answer `WAITS`."""
        return self._by_itself(Delete(table.table, where), session)

    def insert_sql_lost_commit(self, row: Any, or_nothing: bool = False) -> Any:
        """INSERT, whose answer is lost."""
        return self._lost(self.insert(row, or_nothing) if self._is_foreseen_as_done() else None)

    def update_sql_lost_commit(self, table: Any, changes: Any, where: Any = None, session: str = "") -> Any:
        """UPDATE, whose answer is lost."""
        del session  # it does not wait
        return self._lost(self.update(table, changes, where) if self._is_foreseen_as_done() else None)

    def delete_sql_lost_commit(self, table: Any, where: Any = None, session: str = "") -> Any:
        """DELETE, whose answer is lost."""
        del session
        return self._lost(self.delete(table, where) if self._is_foreseen_as_done() else None)

    # Statements of a session

    def look(self, session: str, statement: Select) -> Any:
        """SELECT without locks."""
        return self.execute(session, statement._replace(lock=None))

    def lock(self, session: str, statement: Select) -> Any:
        """SELECT FOR UPDATE."""
        return self.execute(session, statement)

    def execute(self, session: str, statement: Statement) -> Any:
        """Begin a statement, and return its answer, or `WAITS` once PostgreSQL says that it waits."""
        ours = self._session(session)
        if self._is_idle(ours):
            ours.connection.execute("BEGIN")
        return self._begun(session, statement)

    def _begun(self, session: str, statement: Statement) -> Any:
        ours = self._session(session)
        ours.running = self._threads.submit(self._run, ours.connection, statement)
        for _ in poll(self.patience_s, f"{statement} neither answered nor waited"):
            if ours.running.done():
                return self._answer(ours)
            if self.is_blocked(session):
                return WAITS
        raise AssertionError("poll goes on or raises")

    @steered
    def go_on(self, session: str, wish: Any = None) -> Any:
        """Return the answer of a statement that has waited, as soon as there is one; `WAITS`, if that is wished for."""
        ours = self._session(session)
        if wish is WAITS and ours.running is not None and not ours.running.done():
            return WAITS
        for _ in poll(self.patience_s, f"the statement of the session {session} still waits"):
            if self.has_answered(session):
                return self._answer(ours)
        raise AssertionError("poll goes on or raises")

    def go_on_sql_lost_commit(self, session: str) -> Any:
        """Go on with a statement that commits by itself, whose answer is lost; it is not here that it is not done."""
        self.go_on(session)
        self.disconnect(session)
        if self.foreseen.get(self.name) is not None and self._is_foreseen_as_done():
            raise NotHereError(
                "PostgreSQL goes on by itself with a statement that has waited, and cannot be kept back."
            )
        return SqlError.CONNECTION_LOST

    def commit(self, session: str) -> Any:
        """COMMIT; PostgreSQL answers ROLLBACK to it after an error."""
        ours = self._session(session)
        if self._is_idle(ours):
            return True
        return True if ours.connection.execute("COMMIT").statusmessage == "COMMIT" else SqlError.ABORTED

    def commit_sql_lost_commit(self, session: str) -> Any:
        """COMMIT, and hang up before the answer is looked at; or only hang up, if the model foresees so."""
        if self._is_foreseen_as_done():
            self.commit(session)
        self.disconnect(session)
        return SqlError.CONNECTION_LOST

    def rollback(self, session: str) -> None:
        """ROLLBACK."""
        ours = self._session(session)
        if not self._is_idle(ours):
            ours.connection.execute("ROLLBACK")

    def disconnect(self, session: str) -> None:
        """Hang up, and wait until the server has noticed."""
        ours = self._sessions.pop(session, None)
        if ours is None:
            return
        process = ours.connection.info.backend_pid
        self._looking.execute("SELECT pg_terminate_backend(%s)", [process])
        for _ in poll(self.patience_s, f"the session {session} did not end"):
            [(count,)] = self._looking.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", [process])
            if not count:
                break
        if ours.running is not None:
            ours.running.exception(self.patience_s)
        ours.connection.close()

    def hang_up(self, process: str) -> None:
        """Hang up in all sessions of a process; first where it waits, or the end of another might let that go on."""
        sessions = [each for each in self._sessions if is_of(each, process)]
        for session in sorted(sessions, key=lambda each: self._sessions[each].running is None):
            self.disconnect(session)

    def leave(self, process: str, for_good: bool = True) -> None:
        """Hang up in all sessions of a process whose role has ended; one that begins anew goes on in them."""
        if for_good:
            self.hang_up(process)

    # What only the server can say

    def is_blocked(self, session: str) -> bool:
        """Return whether the statement of a session waits for another session, as PostgreSQL says."""
        process = self._session(session).connection.info.backend_pid
        [(blocked,)] = self._looking.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", [process])
        return bool(blocked)

    def has_answered(self, session: str) -> bool:
        """Return whether the statement of a session, which has waited, has come to its end."""
        running = self._session(session).running
        return running is not None and running.done()

    def observe(self) -> dict[str, Any]:
        """Return what is committed."""
        tables = self._database.tables.values()
        rows = [row for table in tables for row in self._run(self._looking, Select(table.table))]
        return {self.name: DatabaseState._make((rows, ()))}

    def comparable(self, value: DatabaseState) -> Any:
        """Return what is committed; the rest shows in what sessions answer."""
        return value.rows

    def close(self) -> None:
        """End all sessions, and drop the tables."""
        for session in list(self._sessions):
            self.disconnect(session)
        for table in self._database.tables.values():
            self._alone.execute(f"DROP TABLE IF EXISTS {quoted(self._prefix + table.table)}")
        self._threads.shutdown()
        self._alone.close()
        self._looking.close()

    # How

    def _is_foreseen_as_done(self) -> bool:
        """Return whether what is asked for has an effect in the model, as far as that is known."""
        foreseen = self.foreseen.get(self.name)
        return foreseen is None or foreseen.rows != self.observe()[self.name].rows

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError:
            raise LiveError("A PostgreSQL URL needs psycopg: install deadheat[postgres].") from None
        learn(self._url)
        try:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=CONNECT_PATIENCE_S)
            connection.execute(BY_INDEX)
            if self._deadlock_timeout_ms is not None:
                connection.execute(f"SET deadlock_timeout = {int(self._deadlock_timeout_ms)}")
        except psycopg.Error:  # what the driver says may quote the URL
            raise LiveError("PostgreSQL does not answer, or does not accept the user; check its URL.") from None
        return connection

    def _session(self, session: str) -> _Session:
        if session not in self._sessions:
            self._sessions[session] = _Session(self._connect())
        return self._sessions[session]

    @staticmethod
    def _is_idle(session: _Session) -> bool:
        from psycopg.pq import TransactionStatus

        return bool(session.connection.info.transaction_status == TransactionStatus.IDLE)

    @staticmethod
    def _answer(session: _Session) -> Any:
        running, session.running = session.running, None
        assert running is not None
        return running.result()

    def _by_itself(self, statement: Statement, session: str = "") -> Any:
        import psycopg

        if session:
            return self._begun(session, statement)
        self._alone.execute(f"SET lock_timeout = {max(1, int(self.patience_s * 1000))}")
        try:
            return self._run(self._alone, statement)
        except psycopg.errors.LockNotAvailable:
            raise BlockedError(f"{statement} still waited for a lock after {self.patience_s:g} s") from None

    def _lost(self, answer: Any) -> SqlError:
        del answer
        self._alone.close()
        self._alone = self._connect()
        return SqlError.CONNECTION_LOST

    def _run(self, connection: psycopg.Connection[Any], statement: Statement) -> Any:
        import psycopg

        text = text_of(statement, self._database, POSTGRES, self._prefix)
        try:
            cursor = connection.execute(text.sql.encode(), text.values)
            rows = cursor.fetchall() if cursor.description else None
            return answer_of(statement, self._database, rows, cursor.rowcount)
        except psycopg.errors.UniqueViolation:
            return SqlError.UNIQUE_VIOLATION
        except psycopg.errors.DeadlockDetected:
            return SqlError.DEADLOCK
        except psycopg.errors.InFailedSqlTransaction:
            return SqlError.ABORTED
        except psycopg.errors.LockNotAvailable:
            raise
        except psycopg.Error as error:
            raise LiveError(f"PostgreSQL refuses {statement}: {redact(str(error).splitlines()[0])}.") from None


def _all(changes: Any) -> tuple[Any, ...]:
    return changes if isinstance(changes, tuple) and not hasattr(changes, "_fields") else (changes,)
