"""Statements that commit by themselves, and wait: the database and its twin, on random programs of processes."""

from __future__ import annotations

import random
from typing import Any

import pytest

from deadheat.models.components.sql import Database, SqlError
from deadheat.models.components.sql.execution import WAITS, begun as begun_now
from deadheat.models.components.sql.statements import Delete, Insert, Statement, Update
from deadheat.sim.components import BLOCKED, Step
from deadheat.sim.operations import Operation
from tests.models.sql_models import Event, Job
from tests.models.sql_possible import Alone, Possible, alone, answering, begun, further, session_of, without
from tests.models.sql_twin import Twin
from tests.models.test_sql_twin import KEYS, ROWS, SESSIONS, asked


def alone_at_random(number: int) -> list[tuple[str, Any]]:
    """The programs of a seed; many of them delete a row, and insert it anew, while another waits for it."""
    dice = random.Random(number)

    def where() -> Any:
        key = dice.choice(KEYS)
        return dice.choice(
            [
                None,
                Job.id == key,
                Job.id == key,
                (Job.id == key) & (Job.tries < 2),
                Job.tries >= 1,
                Job.worker.is_null(),
            ]
        )

    def changing() -> Update | Delete:
        sets = dice.choice([(Job.tries.plus(1),), (Job.tries.to(0), Job.worker.to("me"))])
        return Delete("jobs", where()) if dice.random() < 0.25 else Update("jobs", sets, where())

    def some() -> list[tuple[str, Any]]:
        process, key = dice.choice(SESSIONS), dice.choice(KEYS)
        kind = dice.randrange(8)
        if kind == 0:
            inserted = Insert(Job(key, tries=dice.randrange(3)))
            renewed = [(process, Delete("jobs", Job.id == key)), (process, inserted)]
            other = dice.choice([each for each in SESSIONS if each != process])
            statement = Alone(Update("jobs", (Job.tries.plus(1),), Job.id == key))
            ended = [(process, dice.choice(["commit", "commit", "rollback"])), (other, statement)]
            return [*renewed, (other, statement), *ended] if dice.random() < 0.5 else renewed
        if kind in (1, 2):
            return [(process, dice.choice(["commit", "commit", "rollback", "hang_up"]))]
        if kind == 3:
            return [(process, Insert(Job(key), dice.random() < 0.5))]
        if kind == 4:
            return [(process, changing())]
        return [(process, Alone(Insert(Job(key), True) if dice.random() < 0.1 else changing()))]

    return [each for _ in range(25) for each in some()]


class AlonePair:
    """The twin at work, and what the model allows of what was seen of it."""

    def __init__(self, database: type[Database] = Database) -> None:
        self.db = database("db", Job, Event, rows=ROWS)
        self.possible = {Possible(self.db.initial)}
        self.twin = Twin(ROWS)
        self.waiting: dict[str, str] = {}
        self.counts = {"waited": 0, "went on": 0, "nothing": 0, "deadlock": 0}

    def do(self, process: str, action: Any) -> None:
        if action == "hang_up":
            self.twin.rollback(process)
            self.twin.rollback(session_of(process, Alone(Delete("jobs"))))
            self.waiting.pop(process, None)
            self.follow(without(self.possible, process, self.db), action)
        elif process in self.waiting:
            self.go_on(process, self.waiting[process])
        elif isinstance(action, str):
            answer = getattr(self.twin, action)(process)
            request = Operation("db", action, (process,))
            self.follow(begun(self.db, further(self.db, self.possible), process, request, answer), action)
        else:
            self.begin(process, action)
        rows = self.twin.rows()
        self.follow({each for each in self.possible if each.value.rows == rows}, rows)

    def begin(self, process: str, action: Any) -> None:
        session, is_alone = session_of(process, action), isinstance(action, Alone)
        statement: Statement = action.statement if is_alone else action
        request = alone(self.db, process, statement) if is_alone else asked(self.db, process, statement)
        answer = self.answer(session, is_alone, self.twin.do(session, statement))
        if answer is WAITS:
            self.waiting[process] = session
            self.counts["waited"] += is_alone
        self.follow(
            begun(self.db, further(self.db, self.possible), session, request, answer), (process, action, answer)
        )

    def go_on(self, process: str, session: str) -> None:
        is_alone = session != process
        answer = self.answer(session, is_alone, self.twin.go_on(session))
        if answer in (None, WAITS):
            return
        del self.waiting[process]
        self.counts["went on"] += is_alone
        self.counts["nothing"] += is_alone and answer == 0
        self.counts["deadlock"] += is_alone and answer is SqlError.DEADLOCK
        self.follow(answering(self.db, self.possible, session, answer), (process, answer))

    def answer(self, session: str, is_alone: bool, answer: Any) -> Any:
        if is_alone and answer not in (None, WAITS):
            (self.twin.rollback if isinstance(answer, SqlError) else self.twin.commit)(session)
        return answer

    def follow(self, possible: set[Possible], what: Any) -> None:
        assert possible, f"the model does not do what its twin does: {what}"
        self.possible = possible


def test_a_statement_that_commits_by_itself_does_what_its_twin_does() -> None:
    counts = dict.fromkeys(AlonePair().counts, 0)
    for number in range(800):
        pair = AlonePair()
        for process, action in alone_at_random(number):
            pair.do(process, action)
        for name, count in pair.counts.items():
            counts[name] += count
    assert counts["waited"] > 500
    assert counts["went on"] > 150
    assert counts["nothing"] > 40
    assert counts["deadlock"] > 0


class WaitsBefore(Database):
    """Lets a statement of one row begin anew when it has waited, also where that row is another one by then."""

    def _may_wait_before(self, value: Any, statement: Any) -> bool:
        where = getattr(statement, "where", None)
        return isinstance(statement, Insert) or (where is not None and where.only_key("id") is not None)


class BeginsAnew(Database):
    """Lets a statement that has waited look for its rows again, as if it began then."""

    def apply(self, value: Any, request: Operation) -> Any:
        steps = super().apply(value, request)
        transaction = value.transaction(request.arguments[0]) if request.name == "go_on" else None
        if not steps or transaction is None or not transaction.alone or isinstance(steps[0].outcome, SqlError):
            return steps
        step = begun_now(value, transaction._replace(waiting=None), transaction.waiting.statement)
        return [step] if step.outcome is WAITS else [Step(step.outcome, steps[0].value)]


class AtOnce(Database):
    """Waits before a statement of several rows, until nobody has locked any of them."""

    def _alone(self, value: Any, statement: Any, session: str = "") -> Any:
        found = super()._alone(value, statement, session)
        return BLOCKED if found and found[0].outcome is WAITS else found


@pytest.mark.parametrize("mutant", [WaitsBefore, BeginsAnew, AtOnce])
def test_a_broken_database_is_told_from_the_twin_by_what_commits_by_itself(mutant: type[Database]) -> None:
    def differs(number: int) -> bool:
        pair = AlonePair(mutant)
        try:
            for process, action in alone_at_random(number):
                pair.do(process, action)
        except AssertionError:
            return True
        return False

    assert any(differs(number) for number in range(300))
