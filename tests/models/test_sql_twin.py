"""The SQL database and its slow, obvious twin answer the same, on random programs of several sessions."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from deadheat.models.components.sql import Database, DatabaseState, RowLock
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.statements import Delete, Insert, Select, Statement, Update
from deadheat.sim.operations import Operation
from tests.models.sql_models import Event, Job
from tests.models.sql_mutants import DirtyReads, KeepsLocks, LooksAnew, LooksOnce, WaitsForEver
from tests.models.sql_twin import Twin

SESSIONS = ("one", "other", "third")
KEYS = ("j1", "j2", "j3")
ROWS = (Job("j1"), Job("j2", tries=1))

wheres = st.one_of(
    st.none(),
    st.sampled_from(KEYS).map(lambda key: Job.id == key),
    st.integers(0, 2).map(lambda tries: Job.tries == tries),
    st.integers(0, 2).map(lambda tries: Job.tries >= tries),
    st.sampled_from(KEYS).map(lambda key: (Job.id == key) & (Job.status == "queued")),
    st.just(Job.worker.is_null()),
    st.just((Job.worker != "me") | (Job.tries > 0)),
)
changes = st.sampled_from(
    [
        (Job.tries.plus(1),),
        (Job.tries.to(0), Job.worker.to("me")),
        (Job.status.to("taken"),),
        (Job.worker.to(None), Job.status.to("queued")),
    ]
)
rows = st.builds(lambda key, tries: Job(key, tries=tries), st.sampled_from(KEYS), st.integers(0, 2)) | st.just(
    Event("j1", "o")
)
statements: st.SearchStrategy[Statement] = st.one_of(
    st.builds(Insert, rows, st.booleans()),
    st.builds(Select, st.just("jobs"), wheres, st.none() | st.just(1), st.sampled_from([None, *RowLock])),
    st.builds(Update, st.just("jobs"), changes, wheres),
    st.builds(Update, st.just("jobs"), changes, wheres),
    st.builds(Delete, st.just("jobs"), wheres),
)
ends = st.sampled_from(["commit", "commit", "rollback", "disconnect"])
actions = st.tuples(st.sampled_from(SESSIONS), statements | statements | statements | ends)
programs = st.lists(actions, min_size=10, max_size=40)


def asked(db: Database, session: str, statement: Statement) -> Operation:
    if not isinstance(statement, Select):
        return db.execute(session, statement)
    return (db.look if statement.lock is None else db.lock)(session, statement)


class Pair:
    """The component and its twin at work: every answer, and all that is committed, must be the same."""

    def __init__(self, database: type[Database] = Database) -> None:
        self.db = database("db", Job, Event, rows=ROWS)
        self.value: DatabaseState = self.db.initial
        self.twin = Twin(ROWS)
        self.waited = self.refused = 0

    def take(self, request: Any) -> Any:
        steps = [each for each in self.db.apply(self.value, request) if each.fault is None]
        if not steps:
            return None
        [step] = steps
        self.value = step.value
        return step.outcome

    def do(self, session: str, action: Any) -> None:
        if action == "disconnect":
            answers = self.take(self.db.disconnect(session)), self.twin.rollback(session)
        elif self.value.transaction(session).waiting is not None:
            answers = self.go_on(session)
        elif action == "commit":
            answers = self.take(self.db.commit(session)), self.twin.commit(session)
        elif action == "rollback":
            answers = self.take(self.db.rollback(session)), self.twin.rollback(session)
        else:
            answers = self.take(asked(self.db, session, action)), self.twin.do(session, action)
        assert answers[0] == answers[1], (session, action)
        self.waited += answers[0] is WAITS
        self.refused += not isinstance(answers[0], int | tuple) and answers[0] not in (None, WAITS)
        assert self.take(self.db.select(Job)) + self.value.rows_of(Event) == self.twin.rows()

    def go_on(self, session: str) -> tuple[Any, Any]:
        ours, theirs = self.take(self.db.go_on(session)), self.twin.go_on(session)
        if theirs is WAITS and ours is not WAITS:  # a deleted row, which the component passes over at once
            theirs = self.twin.go_on(session)
        return ours, theirs


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(programs)
def test_the_database_does_what_its_twin_does(program: list[tuple[str, Any]]) -> None:
    pair = Pair()
    for session, action in program:
        pair.do(session, action)


def at_random(number: int) -> list[tuple[str, Any]]:
    """The programs of a seed, drawn without hypothesis: many, quickly, and the same ones for every mutant."""
    dice = random.Random(number)
    wheres = [None, Job.id == "j1", Job.id == "j2", Job.tries == 1, Job.tries >= 1, Job.worker.is_null()]
    sets = [(Job.tries.plus(1),), (Job.tries.to(0), Job.worker.to("me"))]

    def statement() -> Statement:
        kind = dice.randrange(5)
        if kind == 0:
            return Insert(Job(dice.choice(KEYS)), dice.random() < 0.5)
        if kind == 1:
            return Select("jobs", dice.choice(wheres), dice.choice([None, 1]), dice.choice([None, *RowLock]))
        if kind == 2:
            return Delete("jobs", dice.choice(wheres))
        return Update("jobs", dice.choice(sets), dice.choice(wheres))

    def action() -> Any:
        return statement() if dice.random() < 0.7 else dice.choice(["commit", "commit", "rollback", "disconnect"])

    return [(dice.choice(SESSIONS), action()) for _ in range(40)]


def test_random_programs_wait_and_fail_often_enough_to_say_something() -> None:
    waited = refused = 0
    for number in range(1_000):
        pair = Pair()
        for session, action in at_random(number):
            pair.do(session, action)
        waited, refused = waited + pair.waited, refused + pair.refused
    assert waited > 1_000
    assert refused > 1_000


@pytest.mark.parametrize("mutant", [DirtyReads, KeepsLocks, LooksOnce, LooksAnew, WaitsForEver])
def test_a_broken_database_is_told_from_the_twin(mutant: type[Database]) -> None:
    def differs(number: int) -> bool:
        pair = Pair(mutant)
        try:
            for session, action in at_random(number):
                pair.do(session, action)
        except AssertionError:
            return True
        return False

    assert any(differs(number) for number in range(200))
