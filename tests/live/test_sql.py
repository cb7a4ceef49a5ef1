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
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.sql import PostgresDatabase
from deadheat.models.components.sql import Column, Database, DatabaseState, Row, SqlError, column
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.statements import Insert, Select
from deadheat.models.components.status import Status
from deadheat.sim.components import Step
from deadheat.sim.operations import Operation
from tests.models.sql_models import Job, Order
from tests.models.test_sql_twin import ROWS, programs

pytestmark = pytest.mark.live

DEADLOCK_TIMEOUT_S = 0.01
PATIENCE_S = 10.0


class Kinds(Row, table="kinds of columns"):
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
    looks = isinstance(action, Select) and action.lock is None
    return DATABASE.look(session, action) if looks else DATABASE.execute(session, action)


class PostgresPair:
    """PostgreSQL at work, and what the model allows of what was seen of it."""

    def __init__(self, real: PostgresDatabase) -> None:
        self.real = real
        self.possible: set[DatabaseState] = {DATABASE.initial}
        self.waiting: dict[str, float] = {}
        self.waited = self.deadlocks = self.blocked = 0

    def do(self, session: str, action: Any) -> None:
        if action == "disconnect":
            self.waiting.pop(session, None)
        elif session in self.waiting:
            return
        request = request_of(session, action)
        answer = self.real.perform(request)
        began = [step for each in self.possible for step in fault_free(each, request)]
        possible = {step.value for step in began if step.outcome == answer}
        if answer is SqlError.DEADLOCK:  # found before anybody could see that it waits
            waiting = [step.value for step in began if step.outcome is WAITS]
            ended = [step for each in waiting for step in fault_free(each, DATABASE.go_on(session))]
            possible = {step.value for step in ended if step.outcome == answer}
        self.follow(possible, f"{request} answered {answer}")
        if answer is WAITS:
            self.waiting[session] = time.monotonic()
            self.waited += 1
        self.rest()
        self.compare()

    def follow(self, possible: set[DatabaseState], what: str) -> None:
        assert possible, (
            f"the model does not do what PostgreSQL has done: {what}, and {self.possible} allow nothing like it"
        )
        self.possible = possible

    def rest(self) -> None:
        """Let PostgreSQL go on until nothing moves any more, and the model with it."""
        deadline = time.monotonic() + PATIENCE_S
        answers: dict[str, Any] = {}
        while self.waiting or answers:
            assert time.monotonic() < deadline, f"{self.possible} do not go on as PostgreSQL: {answers or 'it waits'}"
            for session in [each for each in self.waiting if self.real.has_answered(each)]:
                del self.waiting[session]
                answers[session] = self.real.perform(DATABASE.go_on(session))
                self.deadlocks += answers[session] is SqlError.DEADLOCK
            after = self.after(answers)
            if after:  # or else one is still to be heard of that makes way for these
                self.possible, answers = after, {}
                if self.is_at_rest():
                    self.follow({each for each in after if self.all_wait(each)}, "all statements left wait")
                    return
            time.sleep(0.002)

    def after(self, answers: dict[str, Any]) -> set[DatabaseState]:
        """Return what the model may have come to once these statements have answered so, in whatever order."""
        left = {(value, frozenset(answers)) for value in self.further(self.possible)}
        for _ in answers:
            left = {
                (later, sessions - {session})
                for value, sessions in left
                for session in sessions
                if session in self.waiting_in(value)
                for step in fault_free(value, DATABASE.go_on(session))
                if step.outcome == answers[session]
                for later in self.further({step.value})
            }
        return {value for value, _ in left}

    def further(self, possible: set[DatabaseState]) -> set[DatabaseState]:
        """Return what the model may come to, in steps after which a statement waits again."""
        found, new = set(possible), list(possible)
        for value in new:
            for session in self.waiting_in(value):
                for step in fault_free(value, DATABASE.go_on(session)):
                    if step.outcome is WAITS and step.value not in found:
                        found.add(step.value)
                        new.append(step.value)
        return found

    def is_at_rest(self) -> bool:
        """Return whether all that is left waits, in PostgreSQL for longer than it takes to look for a deadlock."""
        if not any(self.all_wait(each) for each in self.further(self.possible)):
            return False
        long_ago = time.monotonic() - 3 * DEADLOCK_TIMEOUT_S
        return all(
            since < long_ago and self.real.is_blocked(each) and not self.real.has_answered(each)
            for each, since in self.waiting.items()
        )

    def all_wait(self, value: DatabaseState) -> bool:
        waiting = self.waiting_in(value)
        return waiting == set(self.waiting) and not any(fault_free(value, DATABASE.go_on(each)) for each in waiting)

    @staticmethod
    def waiting_in(value: DatabaseState) -> set[str]:
        return {each.session for each in value.transactions if each.waiting is not None}

    def compare(self) -> None:
        """Compare what is committed, and whether an UPDATE of one row of no transaction would wait."""
        committed = self.real.observe()["db"].rows
        self.follow({each for each in self.possible if each.rows == committed}, f"{committed} are committed")

    def compare_locks(self, key: str) -> None:
        request = DATABASE.update(Job, Job.tries.plus(0), Job.id == key)
        blocks = {not fault_free(each, request) for each in self.possible}
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
        max_examples=150,
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
    print(counts)
    assert counts["waited"] > 200
    assert counts["deadlocks"] > 5
    assert counts["blocked"] > 20
