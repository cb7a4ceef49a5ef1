"""A SQL database as a component, and the sessions in which roles ask for transactions."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from deadheat.models.components.sql.conditions import Change, Condition
from deadheat.models.components.sql.connection import ProcessConnection
from deadheat.models.components.sql.execution import WAITS, SqlError, begun, proceeded, selected
from deadheat.models.components.sql.mistakes import require_statement, require_table, require_tables, table_of
from deadheat.models.components.sql.state import DatabaseState, Transaction, committed, in_a_circle, is_of, waits_for
from deadheat.models.components.sql.statements import Delete, Insert, RowLock, Select, Statement, Update
from deadheat.models.components.sql.tables import Place, Record, key_column, place_of
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from deadheat.sim.operations import Label, Operation
from deadheat.sim.run.connected import Client
from deadheat.sim.traits import hands_work, looks, weaker

__all__ = ["LOST_COMMIT", "Database", "Session"]

SomeRecord = TypeVar("SomeRecord", bound=Record)

LOST_COMMIT = Fault(
    "sql-lost-commit",
    "the connection drops at a COMMIT: it is done or rolled back, and the client does not know which",
    "PostgreSQL: Appendix A, error codes, class 08; libpq, PQexec and the loss of a connection",
)


class Database(Component):
    """Some tables, with the rows that are there from the beginning.

    A statement of its own is one operation, committed with it, at one instant: `yield db.update(Job, ...)`. Several in
    one transaction are those of a session: `tx = db.begin()`, and then `yield from tx.update(Job, ...)`. In a design,
    a session ends with its process: what is open is rolled back. That a role ends with something written and no COMMIT
    is refused, unless it `may_end_open`.
    """

    faults = (LOST_COMMIT,)

    def __init__(
        self, name: str, *tables: type[Record], rows: tuple[Record, ...] = (), may_end_open: bool = False
    ) -> None:
        super().__init__(name)
        self.may_end_open = may_end_open
        require_tables(name, tables, rows)
        self.tables = {each.table: each for each in tables}
        for row in rows:
            require_table(type(row), self.tables, name)
        if len(self.tables) < len(tables) or len({place_of(each) for each in rows}) < len(rows):
            raise ModelError(f"The database {name!r} is given two tables, or rows, of one name; give each its own.")
        self.initial: DatabaseState = DatabaseState._make((rows, ()))

    def begin(self, session: str = "") -> Session:
        """Return a session, to ask for what belongs to one transaction.

        It is that of the process which asks, or, if it has several, one named after it: `begin("relay:audit")`. In a
        block, and in a `Model` that is no design's, it must have a name. That is no step: at READ COMMITTED, BEGIN does
        nothing that anybody could see.
        """
        if not isinstance(session, str):
            raise ModelError(
                f"A session of the database {self.name!r} is named {session!r}; write begin() for that of the process."
            )
        return Session(self, session)

    def connection(self, client: Client) -> ProcessConnection:
        """Return a process's connection: its sessions are its own, and end with it."""
        return ProcessConnection(self.name, client.name, self._require, client.repeats)

    def _require(self, request: Operation) -> None:
        """Raise ModelError for a statement that the database could not do."""
        first, *others = request.arguments or (None,)
        match request.name:
            case "look" | "lock" | "execute":
                self._checked(others[0])
            case "insert":
                self._checked(Insert(first))
            case "select":
                self._checked(Select(self.name_of(first), others[0], others[1]))
            case "update":
                self._checked(Update(self.name_of(first), _all(others[0]), others[1]))
            case "delete":
                self._checked(Delete(self.name_of(first), others[0]))

    def name_of(self, table: Any) -> str:
        """Return the name of one of its tables; raises ModelError for what is none."""
        require_table(table, self.tables, self.name)
        return table_of(table)

    def told_in_order(self, request: Operation, outcome: Any) -> Any:
        """Return the rows that a SELECT answers in the order of their keys."""
        del request
        return tuple(sorted(outcome, key=place_of)) if isinstance(outcome, tuple) else outcome

    def describe(self, value: DatabaseState) -> str:
        """Return the committed rows, and what each open transaction has written and waits for."""
        return "; ".join([", ".join(map(str, value.rows)) or "no rows", *map(_described, value.transactions)])

    # Statements of no transaction

    @looks
    @operation
    def select(
        self, value: DatabaseState, table: type[Record], where: Condition | None = None, limit: int | None = None
    ) -> Steps:
        """SELECT: the committed rows of which the condition holds, in the order of their keys."""
        statement = Select(self.name_of(table), where, limit)
        self._checked(statement)
        return (Step(selected(value, Transaction(""), statement), value),)

    @weaker("inserts without ON CONFLICT DO NOTHING", without="or_nothing")
    @operation
    def insert(self, value: DatabaseState, row: Record, or_nothing: bool = False) -> Steps:
        """INSERT, `or_nothing` with ON CONFLICT DO NOTHING: how many rows, or `UNIQUE_VIOLATION`.

        It waits for a transaction that has written a row of the same key.
        """
        return self._alone(value, Insert(row, or_nothing))

    @operation
    def update(
        self,
        value: DatabaseState,
        table: type[Record],
        changes: Change | tuple[Change, ...],
        where: Condition | None = None,
        session: str = "",
    ) -> Steps:
        """UPDATE: how many rows; or `WAITS`, in the `session` that a process has for that without being asked."""
        return self._alone(value, Update(self.name_of(table), _all(changes), where), session)

    @operation
    def delete(
        self, value: DatabaseState, table: type[Record], where: Condition | None = None, session: str = ""
    ) -> Steps:
        """DELETE: how many rows; or `WAITS`, in the `session` that a process has for that without being asked."""
        return self._alone(value, Delete(self.name_of(table), where), session)

    # Statements of a session

    @looks
    @operation
    def look(self, value: DatabaseState, session: str, statement: Select) -> Steps:
        """SELECT without locks, in a session: what is committed, and what its own transaction has written."""
        transaction = self._free(value, session)
        self._checked(statement)
        return (Step(SqlError.ABORTED if transaction.aborted else selected(value, transaction, statement), value),)

    @weaker("reads without FOR UPDATE", look)
    @operation
    def lock(self, value: DatabaseState, session: str, statement: Select) -> Steps:
        """Begin a SELECT FOR UPDATE in a session: the rows, or `WAITS`."""
        return self._in_session(value, session, statement)

    @operation
    def execute(self, value: DatabaseState, session: str, statement: Statement) -> Steps:
        """Begin a statement that writes in a session: how many rows, or `WAITS`."""
        return self._in_session(value, session, statement)

    @hands_work
    @operation
    def go_on(self, value: DatabaseState, session: str) -> Steps:
        """Go on with the statement of a session that waits, once it can, or end it because of a deadlock."""
        transaction = value.transaction(session)
        waiting = transaction.waiting
        if waiting is None:  # the process is gone, and has yet to notice
            return BLOCKED
        if waiting.remaining and waits_for(value, session, waiting.statement, waiting.remaining[0]):
            aborted = value.with_transaction(Transaction(session, aborted=not transaction.alone))
            return (Step(SqlError.DEADLOCK, aborted),) if in_a_circle(value, session) else BLOCKED
        step = proceeded(value, transaction, waiting)
        return _by_itself(step, value, session) if transaction.alone and step.outcome is not WAITS else (step,)

    @operation
    def commit(self, value: DatabaseState, session: str = "") -> Steps:
        """COMMIT: True; or `ABORTED` after an error, which rolls back. It may be lost: the fault `sql-lost-commit`."""
        transaction = self._free(value, session)
        if transaction.aborted:
            return (Step(SqlError.ABORTED, value.without(session)),)
        return _or_lost(Step(True, committed(value, transaction)), value.without(session))

    @operation
    def rollback(self, value: DatabaseState, session: str = "") -> Steps:
        """ROLLBACK."""
        self._free(value, session)
        return (Step(None, value.without(session)),)

    @operation
    def disconnect(self, value: DatabaseState, session: str) -> Steps:
        """End a session, whatever it is in the middle of: its transaction is rolled back, its locks are gone."""
        return (Step(None, value.without(session)),)

    @operation
    def hang_up(self, value: DatabaseState, process: str) -> Steps:
        """End all sessions of a process, which was killed, whatever they are in the middle of."""
        return (Step(None, value.without_process(process)),)

    @operation
    def leave(self, value: DatabaseState, process: str, for_good: bool = True) -> Steps:
        """End all sessions of a process whose role has ended, `for_good`; what has been written `may_end_open`, or not.

        A process whose role begins anew goes on in what is open.
        """
        for each in value.transactions:
            if is_of(each.session, process) and each.writes and not self.may_end_open:
                raise ModelError(
                    f"The process {process!r} ends, and its transaction has not: {_described(each)}, which no COMMIT "
                    "follows; end it by commit() or rollback(), or say may_end_open=True where the database is made."
                )
        return (Step(None, value.without_process(process) if for_good else value),)

    def _in_session(self, value: DatabaseState, session: str, statement: Statement) -> Steps:
        transaction = self._free(value, session)
        if transaction.aborted:
            return (Step(SqlError.ABORTED, value),)
        return (begun(value, transaction, self._checked(statement)),)

    def _alone(self, value: DatabaseState, statement: Statement, session: str = "") -> Steps:
        """Begin and commit in one step; where it must wait for that, in the session, if it has one.

        To wait before it is the same as to wait in the midst of it, and makes fewer states, where it is of one row; but
        not where that row is deleted by the one that it waits for, and inserted anew: it has begun on the old one.
        """
        transaction = Transaction(session, alone=True)
        step = begun(value, transaction, self._checked(statement))
        if step.outcome is not WAITS:
            return _by_itself(step, value, session)
        if self._may_wait_before(value, statement):
            return BLOCKED
        if not session:
            raise ModelError(
                f"{statement} meets a row that a transaction has locked, and waits in the middle of it, which takes "
                f"steps of its own; ask for it outside of what is atomic and of any_of, or in a session: "
                f"tx = {self.name}.begin(...)."
            )
        return (step,)

    def _may_wait_before(self, value: DatabaseState, statement: Statement) -> bool:
        if isinstance(statement, Insert):
            return True
        key = key_column(self.tables[statement.table])
        only = None if statement.where is None else statement.where.only_key(key)
        return only is not None and not any(
            each.has_renewed(Place(statement.table, only)) for each in value.transactions
        )

    def _free(self, value: DatabaseState, session: str) -> Transaction:
        if not session:
            raise ModelError(
                f"A session of the database {self.name!r} has no name; give it that of its process, begin('relay')."
            )
        transaction = value.transaction(session)
        if transaction.waiting is not None:
            raise ModelError(
                f"The session {session!r} is asked for something while its statement {transaction.waiting.statement} "
                "waits; let each process have a session of its own, and end it by disconnect when the process crashes."
            )
        return transaction

    def _checked(self, statement: Statement) -> Statement:
        require_statement(statement, self.tables, self.name)
        return statement


def _by_itself(step: Step, before: DatabaseState, session: str) -> Steps:
    """Return the steps of a statement that commits by itself, once it is through."""
    ended = before.without(session)
    if not step.outcome:
        return (Step(step.outcome, ended),)
    return _or_lost(Step(step.outcome, committed(step.value, step.value.transaction(session))), ended)


def _or_lost(step: Step, before: DatabaseState) -> Steps:
    """Return a step that commits, and those in which its answer is lost: it is done, or it is not."""
    lost = dict.fromkeys((step.value, before))
    return (step, *(Step(SqlError.CONNECTION_LOST, each, fault=LOST_COMMIT) for each in lost))


def _all(changes: Change | tuple[Change, ...]) -> tuple[Change, ...]:
    return (changes,) if isinstance(changes, Change) else changes


def _described(transaction: Transaction) -> str:
    if transaction.aborted:
        return f"{transaction.session} is aborted"
    written = (f"writes {each.row}" if each.row else f"deletes {each.place}" for each in transaction.writes)
    locked = (f"locks {each}" for each in transaction.locks)
    waiting = (
        [f"waits for {transaction.waiting.remaining[0]}"]
        if transaction.waiting and transaction.waiting.remaining
        else []
    )
    return f"{transaction.session} {', '.join([*written, *locked, *waiting])}"


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a database; what it asks for is one transaction, up to its `commit` or `rollback`.

    Each statement is a part of a role: `rows = yield from tx.select(Job)`. It may take several steps, if it waits.
    """

    database: Database
    name: str

    def select(
        self,
        table: type[SomeRecord],
        where: Condition | None = None,
        *,
        limit: int | None = None,
        lock: RowLock | None = None,
        label: Label | None = None,
    ) -> Generator[Operation, Any, tuple[SomeRecord, ...] | SqlError]:
        """SELECT, with a `lock` FOR UPDATE: the rows, in the order of their keys; or an error."""
        first = self.database.look if lock is None else self.database.lock
        return self._ask(first, Select(self.database.name_of(table), where, limit, lock), label)

    def insert(
        self, row: Record, *, or_nothing: bool = False, label: Label | None = None
    ) -> Generator[Operation, Any, int | SqlError]:
        """INSERT, `or_nothing` with ON CONFLICT DO NOTHING: how many rows; or an error."""
        return self._ask(self.database.execute, Insert(row, or_nothing), label)

    def update(
        self,
        table: type[Record],
        *changes: Change,
        where: Condition | None = None,
        label: Label | None = None,
    ) -> Generator[Operation, Any, int | SqlError]:
        """UPDATE: how many rows; or an error."""
        return self._ask(self.database.execute, Update(self.database.name_of(table), changes, where), label)

    def delete(
        self, table: type[Record], where: Condition | None = None, *, label: Label | None = None
    ) -> Generator[Operation, Any, int | SqlError]:
        """DELETE: how many rows; or an error."""
        return self._ask(self.database.execute, Delete(self.database.name_of(table), where), label)

    def commit(self, *, label: Label | None = None) -> Generator[Operation, Any, bool | SqlError]:
        """COMMIT: True; or an error."""
        return _asked(self, _labelled(self.database.commit(self.name), label))

    def rollback(self, *, label: Label | None = None) -> Generator[Operation, Any, None]:
        """ROLLBACK."""
        return _asked(self, _labelled(self.database.rollback(self.name), label))

    def _ask(
        self, begin: Callable[[str, Any], Operation], statement: Statement, label: Label | None
    ) -> Generator[Operation, Any, Any]:
        require_statement(statement, self.database.tables, self.database.name)
        return _asked(self, _labelled(begin(self.name, statement), label))


def _labelled(request: Operation, label: Label | None) -> Operation:
    return request if label is None else label(request)


def _asked(session: Session, first: Operation) -> Generator[Operation, Any, Any]:
    """Ask for a statement, and go on with it for as long as it waits."""
    answer = yield first
    while answer is WAITS:
        answer = yield session.database.go_on(session.name)
    return answer
