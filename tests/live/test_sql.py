"""The SQL database and real ones, driven with the same random programs of several sessions: every answer is the same.

PostgreSQL goes on with a statement that has waited as soon as it can, and not when the test says so. So after each
step the test lets it come to rest, and follows what it does: `possible` are the values of the model that agree with
all that was seen. There must always be one; and once all that is left waits, one in which the model, too, lets all of
it wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.sql import PostgresDatabase, SqliteDatabase
from deadheat.models.components.sql import Column, Database, DatabaseState, Record, SqlError, column
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.state import MORE
from deadheat.models.components.sql.statements import Delete, Insert, Select, Statement, Update
from deadheat.models.components.status import Status
from deadheat.sim.components import Step
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Operation
from tests.models.sql_models import Job, Order
from tests.models.sql_mutants import DirtyReads, KeepsLocks, LooksAnew, LooksOnce
from tests.models.sql_possible import Alone, Possible, alone, answering, begun, further, session_of, steps, without
from tests.models.test_sql_alone import BeginsAnew, WaitsBefore, alone_at_random
from tests.models.test_sql_twin import ROWS, SESSIONS, asked, at_random, programs

pytestmark = pytest.mark.live

DEADLOCK_TIMEOUT_S = 0.01
PATIENCE_S = 10.0


class Kinds(Record, table="kinds of columns"):
    number: Column[int]
    flag: Column[bool] = column(default=False)
    status: Column[Status] = column(default=Status.QUEUED)
    maybe: Column[bool | None] = column(default=None)


DATABASE = Database("db", Job, Order, rows=ROWS)
PLAIN = Database("db", Kinds, rows=(Kinds(-1), Kinds(2, True)))


def fault_free(value: DatabaseState, request: Operation, database: Database = DATABASE) -> list[Step]:
    return [each for each in database.apply(value, request) if each.fault is None]


def request_of(session: str, action: Any) -> Operation:
    if isinstance(action, str):
        return getattr(DATABASE, action)(session)  # type: ignore[no-any-return]
    return asked(DATABASE, session, action)


class PostgresPair:
    """PostgreSQL at work, and what the model allows of what was seen of it."""

    def __init__(self, real: PostgresDatabase, database: Database = DATABASE) -> None:
        self.real, self.db = real, database
        self.possible = {Possible(database.initial)}
        self.waiting: dict[str, float] = {}
        self.patience_s = PATIENCE_S
        self.waited = self.deadlocks = self.blocked = self.alone = self.nothing = 0

    def do(self, process: str, action: Any) -> None:
        sessions = {process, session_of(process, Alone(Delete("jobs")))}
        if action in ("disconnect", "hang_up"):
            for each in sessions:
                self.waiting.pop(each, None)
            self.real.perform(self.db.hang_up(process))
            self.follow(without(self.possible, process, self.db), f"{process} hung up")
            self.rest({})
            self.compare()
            return
        if sessions & self.waiting.keys():
            return
        session = session_of(process, action)
        is_alone = isinstance(action, Alone)
        request = alone(self.db, process, action.statement) if is_alone else request_of(process, action)
        if is_alone and request.name == "insert":
            return  # it would wait in no session of its own
        answer = self.real.perform(request)
        before = further(self.db, self.possible)
        possible, answers = begun(self.db, before, session, request, answer), {}
        if not possible:  # it has waited, and somebody else's end, or its own, came before anybody saw that
            possible, answers = begun(self.db, before, session, request, WAITS), {session: answer}
            self.deadlocks += answer is SqlError.DEADLOCK
        self.follow(possible, f"{request} answered {answer}")
        if answer is WAITS:
            self.waiting[session] = time.monotonic()
            self.waited += 1
            self.alone += is_alone
        self.rest(answers)
        self.compare()

    def follow(self, possible: set[Possible], what: str) -> None:
        assert possible, (
            f"the model does not do what PostgreSQL has done: {what}, and {self.possible} allow nothing like it"
        )
        self.possible = possible

    def rest(self, answers: dict[str, Any]) -> None:
        """Let PostgreSQL go on until nothing moves any more, and the model with it; from these answers on."""
        deadline = time.monotonic() + self.patience_s
        while self.waiting or answers:
            assert time.monotonic() < deadline, f"{self.possible} do not go on as PostgreSQL: {answers or 'it waits'}"
            for session in [each for each in self.waiting if self.real.has_answered(each)]:
                del self.waiting[session]
                answers[session] = self.real.perform(self.db.go_on(session))
                self.deadlocks += answers[session] is SqlError.DEADLOCK
                self.nothing += answers[session] == 0 and MORE in session
            # none if one is still to be heard of that makes way for these; and heard of first is not always done first
            after = self.after(answers)
            if after and self.is_at_rest(after):
                self.follow({each for each in after if self.all_wait(each)}, "all statements left wait")
                return
            time.sleep(0.002)

    def after(self, answers: dict[str, Any]) -> set[Possible]:
        """Return what the model may have come to once these statements have answered so, in whatever order."""
        left = {(each, frozenset(answers)) for each in further(self.db, self.possible)}
        for _ in answers:
            left = {
                (later, sessions - {session})
                for each, sessions in left
                for session in sessions
                for told in answering(self.db, {each}, session, answers[session])
                for later in further(self.db, {told})
            }
        return {each for each, _ in left}

    def is_at_rest(self, possible: set[Possible]) -> bool:
        """Return whether all that is left waits, in PostgreSQL for longer than it takes to look for a deadlock."""
        if not any(map(self.all_wait, possible)):
            return False
        long_ago = time.monotonic() - 3 * DEADLOCK_TIMEOUT_S
        return all(
            since < long_ago and self.real.is_blocked(each) and not self.real.has_answered(each)
            for each, since in self.waiting.items()
        )

    def all_wait(self, possible: Possible) -> bool:
        waiting = {each.session for each in possible.value.transactions if each.waiting is not None}
        goes_on = any(steps(self.db, possible.value, self.db.go_on(each)) for each in waiting)
        begins = any(steps(self.db, possible.value, request) for _, request in possible.pending)
        return possible.waiting == set(self.waiting) and not goes_on and not begins

    def compare(self) -> None:
        """Compare what is committed, and whether an UPDATE of one row of no transaction would wait."""
        committed = self.real.observe()["db"].rows
        self.follow({each for each in self.possible if each.value.rows == committed}, f"{committed} are committed")

    def compare_locks(self, key: str) -> None:
        request = self.db.update(Job, Job.tries.plus(0), Job.id == key)
        blocks = {not steps(self.db, each.value, request) for each in self.possible}
        if len(blocks) > 1:
            return
        patience_s, self.real.patience_s = self.real.patience_s, 0.02
        try:
            self.real.perform(request)
            assert blocks == {False}, "the model lets it wait, and PostgreSQL does not"
        except BlockedError:
            assert blocks == {True}, "PostgreSQL lets it wait, and the model does not"
            self.blocked += 1
        finally:
            self.real.patience_s = patience_s


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Callable[[Database], PostgresDatabase]]:
    def opened(database: Database = DATABASE) -> PostgresDatabase:
        timeout_ms = int(DEADLOCK_TIMEOUT_S * 1000)
        return PostgresDatabase(postgres_url, "deadheat_sql_", database, deadlock_timeout_ms=timeout_ms)

    return opened  # type: ignore[return-value]


def test_the_database_does_what_postgresql_does(postgres: Callable[..., PostgresDatabase]) -> None:
    counts = {"waited": 0, "deadlocks": 0, "blocked": 0}

    @settings(
        max_examples=100,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(programs, st.sampled_from(["j1", "j2", "j3"]))
    def conforms(program: list[tuple[str, Any]], key: str) -> None:
        with closing(postgres()) as real:
            pair = PostgresPair(real)
            for number, (session, action) in enumerate(program):
                if isinstance(action, Insert) and action.row.table != "jobs":
                    continue
                pair.do(session, action)
                if number % 8 == 7 and not pair.waiting:
                    pair.compare_locks(key)
            for name in counts:
                counts[name] += getattr(pair, name)

    conforms()
    assert counts["waited"] > 150
    assert counts["deadlocks"] > 5
    assert counts["blocked"] > 10


def test_what_commits_by_itself_does_what_postgresql_does(postgres: Callable[..., PostgresDatabase]) -> None:
    alone = nothing = 0
    for number in range(40):
        with closing(postgres()) as real:
            pair = PostgresPair(real)
            for process, action in alone_at_random(number):
                pair.do(process, action)
            alone, nothing = alone + pair.alone, nothing + pair.nothing
    assert alone > 40
    assert nothing > 5


@pytest.mark.parametrize(
    ("mutant", "programs"),
    [
        (DirtyReads, at_random),
        (KeepsLocks, at_random),
        (LooksAnew, at_random),
        (LooksOnce, at_random),
        (WaitsBefore, alone_at_random),
        (BeginsAnew, alone_at_random),
    ],
)
def test_a_broken_database_is_told_from_postgresql(
    postgres: Callable[..., PostgresDatabase], mutant: Any, programs: Callable[[int], list[tuple[str, Any]]]
) -> None:
    def differs(number: int, kind: type[Database] = mutant) -> bool:
        with closing(postgres()) as real:
            pair = PostgresPair(real, kind("db", Job, Order, rows=ROWS))
            pair.patience_s = 0.5
            try:
                for session, action in programs(number):
                    pair.do(session, action)
            except AssertionError:
                return True
        return False

    found = next(number for number in range(50) if differs(number))
    assert not differs(found, Database)


class SqlitePair:
    """SQLite at work: whatever it does at once, the model does too; what it lets wait, another one's writes stop."""

    def __init__(self, real: SqliteDatabase) -> None:
        self.real = real
        self.value = DATABASE.initial
        self.done = self.stopped = 0
        real.patience_s = 0

    def do(self, session: str, action: Any) -> None:
        request = request_of(session, action)
        others_write = any(self.real.is_writing(each) for each in SESSIONS if each != session)
        is_write = request.name in ("execute", "lock") and not self.value.transaction(session).aborted
        if is_write and others_write:
            with pytest.raises(BlockedError):
                self.real.perform(request)
            self.stopped += 1
            return
        [step] = fault_free(self.value, request)
        assert self.real.perform(request) == step.outcome, request
        self.value = step.value
        self.done += 1
        assert self.real.observe()["db"].rows == self.value.rows

    def alone(self, request: Operation) -> None:
        if request.name != "select" and any(map(self.real.is_writing, SESSIONS)):
            with pytest.raises(BlockedError):
                self.real.perform(request)
            return
        [step] = fault_free(self.value, request)
        assert self.real.perform(request) == step.outcome, request
        self.value = step.value


def alone_of(statement: Statement) -> Operation:
    """Return the statement as one of no transaction."""
    if isinstance(statement, Insert):
        return DATABASE.insert(statement.row, statement.or_nothing)
    if isinstance(statement, Select):
        return DATABASE.select(Job, statement.where, statement.limit)
    if isinstance(statement, Update):
        return DATABASE.update(Job, statement.changes, statement.where)
    return DATABASE.delete(Job, statement.where)


def test_the_database_does_all_that_sqlite_does(tmp_path: Path) -> None:
    counts = {"done": 0, "stopped": 0}

    @settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(programs)
    def conforms(program: list[tuple[str, Any]]) -> None:
        with closing(SqliteDatabase(tmp_path / "file", "deadheat_sql_", DATABASE)) as real:
            pair = SqlitePair(real)
            for number, (session, action) in enumerate(program):
                if isinstance(action, Insert) and action.row.table != "jobs":
                    continue
                if number % 4 == 3 and not isinstance(action, str):
                    pair.alone(alone_of(action))
                else:
                    pair.do(session, action)
            for name in counts:
                counts[name] += getattr(pair, name)

    conforms()
    assert counts["done"] > 1_000
    assert counts["stopped"] > 200


Open = Callable[[Database], PostgresDatabase | SqliteDatabase]


@pytest.fixture(params=["postgres", "sqlite"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "postgres":
        return request.getfixturevalue("postgres")  # type: ignore[no-any-return]
    return lambda database: SqliteDatabase(tmp_path / "file", "deadheat_sql_", database)


def test_a_row_comes_back_as_it_was_given_whatever_its_columns_hold(opened: Open) -> None:
    row = Kinds(7, True, Status.FAILED, False)
    with closing(opened(PLAIN)) as real:
        assert real.perform(PLAIN.insert(row)) == 1
        assert real.perform(PLAIN.select(Kinds)) == (Kinds(-1), Kinds(2, True), row)
        assert real.perform(PLAIN.select(Kinds, Kinds.status == Status.FAILED)) == (row,)
        assert real.perform(PLAIN.select(Kinds, Kinds.flag.in_(True) & Kinds.maybe.is_null())) == (Kinds(2, True),)
        assert (
            real.perform(PLAIN.update(Kinds, (Kinds.maybe.to(None), Kinds.status.to(Status.QUEUED)), Kinds.number > 2))
            == 1
        )
        assert real.perform(PLAIN.select(Kinds, Kinds.number == 7)) == (Kinds(7, True),)
        assert real.observe()["db"].row(Kinds, 7) == Kinds(7, True)
        assert real.perform(PLAIN.delete(Kinds)) == 3


def test_a_commit_whose_answer_is_lost_is_one_of_the_models_two(opened: Open) -> None:
    with closing(opened(DATABASE)) as real:
        insert = DATABASE.execute("one", Insert(Job("j9")))
        [inserted] = fault_free(DATABASE.initial, insert)
        assert real.perform(insert) == 1
        lost = [each for each in DATABASE.apply(inserted.value, DATABASE.commit("one")) if each.fault]
        assert real.perform(DATABASE.commit("one"), lost[0].kind) is SqlError.CONNECTION_LOST
        assert real.observe()["db"] in [each.value for each in lost]
        assert real.perform(DATABASE.rollback("one")) is None


def test_the_end_of_a_session_lets_go_of_what_it_has_locked(opened: Open) -> None:
    with closing(opened(DATABASE)) as real:
        assert real.perform(DATABASE.execute("one", Delete("jobs"))) == 2
        real.patience_s = 0.05
        with pytest.raises(BlockedError):
            real.perform(DATABASE.update(Job, Job.tries.to(5), Job.id == "j1"))
        real.patience_s = PATIENCE_S
        real.perform(DATABASE.disconnect("one"))
        assert real.perform(DATABASE.update(Job, Job.tries.to(5), Job.id == "j1")) == 1


def test_a_session_can_end_while_its_statement_waits(postgres: Open) -> None:
    with closing(postgres(DATABASE)) as real:
        assert real.perform(DATABASE.execute("one", Delete("jobs"))) == 2
        assert real.perform(DATABASE.execute("other", Delete("jobs"))) is WAITS
        assert real.perform(DATABASE.go_on("other"), wish=WAITS) is WAITS
        real.perform(DATABASE.disconnect("other"))
        real.perform(DATABASE.rollback("one"))
        assert real.perform(DATABASE.select(Job)) == ROWS


def test_the_example_of_the_manual_goes_in_postgresql_as_it_does_here(postgres: Open) -> None:
    database = Database("db", Job, rows=(Job("a", tries=9), Job("b", tries=10)))
    value: DatabaseState = database.initial
    with closing(postgres(database)) as real:
        for request in (
            database.execute("add", Update("jobs", (Job.tries.plus(1),))),
            database.execute("remove", Delete("jobs", Job.tries == 10)),
            database.commit("add"),
            database.go_on("remove"),
            database.commit("remove"),
            database.select(Job),
        ):
            [step] = fault_free(value, request, database)
            assert real.perform(request) == step.outcome
            value = step.value
    assert step.outcome == (Job("a", tries=10), Job("b", tries=11))


class Unclear(Record):
    id: Column[str]
    either: Column[int | str] = column(default=0)


def test_a_column_of_which_no_server_knows_the_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LiveError, match=r"Unclear\.either has no one type that a server knows"):
        SqliteDatabase(tmp_path / "file", "", Database("db", Unclear))
    with pytest.raises(LiveError, match="SQLite cannot open"):
        SqliteDatabase(tmp_path / "no" / "file", "", DATABASE)
