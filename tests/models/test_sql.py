"""The SQL database, statement by statement, and whole systems around one, with known answers."""

from __future__ import annotations

from typing import Any

import pytest

from deadheat.models.components.sql import Column, Database, DatabaseState, Record, RowLock, Session, SqlError, column
from deadheat.models.components.sql.conditions import Condition
from deadheat.models.components.sql.execution import WAITS
from deadheat.models.components.sql.state import Transaction
from deadheat.models.components.sql.statements import Insert, Select, Update
from deadheat.sim.components import Step
from deadheat.sim.errors import ModelError
from deadheat.sim.exchange import Exchange
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.fingerprint import fingerprint
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import Label, Operation
from deadheat.sim.traits import traits_of, weaker_than
from tests.models.sql_models import (
    Event,
    Job,
    Order,
    counter,
    crosswise,
    hits,
    increments,
    lost_answer,
    model_of,
    outbox,
    placing,
    workers,
)
from tests.models.sql_mutants import (
    CommitsOnCrash,
    DirtyReads,
    KeepsLocks,
    LocksNothing,
    LooksAnew,
    LooksOnce,
    WaitsForEver,
)


class Drive:
    """A database at work: what sessions ask for, one after the other."""

    def __init__(self, *rows: Record) -> None:
        self.db = Database("db", Job, Event, rows=rows)
        self.value: DatabaseState = self.db.initial

    def steps(self, request: Operation) -> list[Step]:
        return list(self.db.apply(self.value, request))

    def __call__(self, request: Any) -> Any:
        """Do an operation, or begin what a session asks for: what it answers, or `WAITS`; None if it blocks."""
        operation = request if isinstance(request, Operation) else next(request)
        steps = [each for each in self.steps(operation) if each.fault is None]
        if not steps:
            return None
        [step] = steps
        self.value = step.value
        return step.outcome

    def go_on(self, session: Session) -> Any:
        return self(self.db.go_on(session.name))


def two(*rows: Record) -> tuple[Drive, Session, Session]:
    drive = Drive(*rows)
    return drive, drive.db.begin("one"), drive.db.begin("other")


# Tables and conditions


def test_a_row_reads_as_its_columns_and_a_table_as_conditions_on_them() -> None:
    assert Job("j1").status == "queued"
    assert str(Job("o'1")) == "jobs('o''1')"
    assert str(Job("j1", "taken", "me", 1)) == "jobs('j1', status='taken', worker='me', tries=1)"
    where = (Job.status == "queued") & (Job.worker.is_null() | Job.worker.in_("a", "b")) & (Job.tries < 3)
    assert str(where) == "(status = 'queued' AND (worker IS NULL OR (worker = 'a' OR worker = 'b'))) AND tries < 3"
    assert str(Update("jobs", (Job.tries.plus(1), Job.worker.to(None)), Job.id != "x")) == (
        "UPDATE jobs SET tries = tries + 1, worker = NULL WHERE id <> 'x'"
    )
    assert str(Select("jobs", None, 1, RowLock.SKIP_LOCKED)) == "SELECT jobs LIMIT 1 FOR UPDATE SKIP LOCKED"
    assert str(Insert(Event("1", "o"), or_nothing=True)) == "INSERT outbox('1', order='o') ON CONFLICT DO NOTHING"


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        (Job.worker == "a", None),
        (Job.worker != "a", None),
        ((Job.worker == "a") & (Job.id == "j"), None),
        ((Job.worker == "a") & (Job.id == "x"), False),
        ((Job.worker == "a") | (Job.id == "j"), True),
        ((Job.worker == "a") | (Job.id == "x"), None),
        (Job.worker.is_null(), True),
        (Job.worker.is_not_null(), False),
        (Job.tries <= 0, True),
        (Job.tries > 0, False),
        (Job.tries >= 0, True),
    ],
)
def test_what_compares_with_null_is_unknown(where: Condition, holds: bool | None) -> None:
    assert where.holds(Job("j")) is holds


class Flag(Record):
    id: Column[str]
    up: Column[bool] = column(default=False)


ANY: Any = Job
"""What no type checker looks at."""


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Job(1), r"The column Job\.id holds str, not the int 1\."),  # type: ignore[arg-type]
        (lambda: Job("j", tries=True), r"The column Job\.tries holds int, not the bool True\."),
        (lambda: Job.tries == "x", r"The column Job\.tries holds int, not the str 'x'\."),
        (lambda: Job.worker == None, r"Job\.worker = None is never true in SQL; write \.is_null\(\)"),  # noqa: E711
        (lambda: Job.id.to("x"), r"Job\.id is the primary key, which no UPDATE changes here"),
        (lambda: Job.id < "x", r"only whole numbers are put in an order here"),
        (lambda: Job.status.in_(), r"Job\.status\.in_\(\) was given nothing"),
        (lambda: Job.status.in_(("a", "b")), r"Job\.status\.in_\(\) takes the values one by one; write a star"),  # type: ignore[arg-type]
        (lambda: Job.id == "x" and Job.tries == 1, r"put conditions together with & or \|"),
        (lambda: (ANY.id == "x") & ANY.status == "queued", r"put each comparison in parentheses, as in \(A == a\) &"),
        (lambda: ANY.id == "x" & ANY.status == "queued", r"& was put between Job\.status and 'x'"),
        (lambda: ANY.tries == 1 | ANY.tries == 2, r"\| was put between Job\.tries and 1"),
        (lambda: ANY.status & ANY.id, r"put each comparison in parentheses"),
        (
            lambda: Drive()(Drive().db.begin().update(Job, Job.tries.to(1))),
            r"A session of the database 'db' has no name",
        ),
        (lambda: Database("db", Job).begin(7), r"A session of the database 'db' is named 7; write begin\(\)"),  # type: ignore[arg-type]
        (lambda: Drive().steps(next(Drive().db.begin("one").update(Job))), r"An UPDATE of jobs sets no column"),
        (lambda: type("None_", (Record,), {}), r"The table None_ has no columns"),
        (lambda: Database("db", Job, rows=(Job("j"), Job("j"))), r"given two tables, or rows, of one name"),
        (lambda: Database("db", Job, rows=(Flag("f"),)), r"The database 'db' has no table Flag, only Job"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(wrong: Any, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        wrong()


def test_a_misspelt_column_is_told_with_the_nearest_one() -> None:
    with pytest.raises(AttributeError, match=r"The table Job has no column 'statsu'; did you mean 'status'\?"):
        Job.statsu  # type: ignore[attr-defined]  # noqa: B018


def test_a_statement_about_another_databases_table_is_refused() -> None:
    drive = Drive()
    asks: tuple[Any, ...] = (
        lambda: drive.db.select(Order),
        lambda: drive.db.insert(Order("o")),
        lambda: drive.db.update(Order, Job.tries.to(1)),
        lambda: drive.db.delete(Order),
        lambda: next(drive.db.begin("one").select(Order)),
        lambda: next(drive.db.begin("one").insert(Order("o"))),
        lambda: next(drive.db.begin("one").delete(Order)),
    )
    for ask in asks:
        with pytest.raises(ModelError, match=r"has no table Order, only Job, Event"):
            drive.steps(ask())


# Statements


def test_what_is_not_committed_is_seen_by_its_own_transaction_alone() -> None:
    drive, one, other = two(Job("j1"))
    assert drive(one.insert(Job("j2"))) == 1
    assert drive(one.update(Job, Job.status.to("done"), where=Job.id == "j1")) == 1
    assert drive(one.select(Job)) == (Job("j1", "done"), Job("j2"))
    assert drive(other.select(Job)) == drive(drive.db.select(Job)) == (Job("j1"),)
    assert drive.value.rows_of(Job) == (Job("j1"),)
    assert drive(one.commit()) is True
    assert (
        drive(other.select(Job, Job.status == "done")) == drive(drive.db.select(Job, limit=1)) == (Job("j1", "done"),)
    )
    assert drive.value.row(Job, "j2") == Job("j2")
    assert drive.value.row(Job, "j3") is None


@pytest.mark.parametrize("end", ["commit", "rollback", "disconnect"])
def test_locks_end_with_the_transaction(end: str) -> None:
    drive, one, other = two(Job("j1"))
    drive(one.select(Job, lock=RowLock.FOR_UPDATE))
    assert drive(other.delete(Job)) is WAITS
    assert drive.go_on(other) is None
    drive(getattr(drive.db, end)("one"))
    assert drive.go_on(other) == 1


def test_the_end_of_a_session_rolls_back_and_forgets_what_it_waits_for() -> None:
    drive, one, other = two(Job("j1"))
    drive(one.insert(Job("j2")))
    drive(one.update(Job, Job.tries.to(1)))
    assert drive(other.update(Job, Job.tries.to(2))) is WAITS
    drive(drive.db.disconnect("other"))
    drive(drive.db.disconnect("one"))
    assert drive.value == drive.db.initial


def test_a_where_is_evaluated_again_on_the_new_version_of_a_row_and_on_no_other_row() -> None:
    drive, one, other = two(Job("a", tries=9), Job("b", tries=10))
    assert drive(one.update(Job, Job.tries.plus(1))) == 2
    assert drive(other.delete(Job, Job.tries == 10)) is WAITS
    drive(one.commit())
    assert drive.go_on(other) == 0  # as in PostgreSQL's manual, 13.2.1
    assert drive(drive.db.select(Job)) == (Job("a", tries=10), Job("b", tries=11))


def test_a_row_stays_locked_though_the_where_holds_of_it_no_more() -> None:
    drive, one, other = two(Job("j"))
    drive(one.update(Job, Job.status.to("taken"), where=Job.id == "j"))
    assert drive(other.update(Job, Job.status.to("mine"), where=Job.status == "queued")) is WAITS
    drive(one.commit())
    assert drive.go_on(other) == 0
    assert drive(drive.db.update(Job, Job.tries.to(1), Job.id == "j")) is None
    drive(other.commit())
    assert drive(drive.db.update(Job, Job.tries.to(1), Job.id == "j")) == 1


def test_a_row_that_was_deleted_and_inserted_again_is_another_row() -> None:
    drive, one, other = two(Job("j"))
    drive(one.delete(Job))
    drive(one.insert(Job("j", tries=5)))
    assert drive(other.update(Job, Job.status.to("taken"))) is WAITS
    drive(one.commit())
    assert drive.go_on(other) == 0
    assert drive(other.update(Job, Job.status.to("taken"))) == 1


def test_a_second_insert_of_a_key_waits_and_then_fails_or_succeeds() -> None:
    for end, expected in (("commit", SqlError.UNIQUE_VIOLATION), ("rollback", 1)):
        drive, one, other = two()
        assert drive(one.insert(Job("j"))) == 1
        assert drive(other.insert(Job("j"))) is WAITS
        assert drive(drive.db.insert(Job("j"))) is None
        drive(getattr(drive.db, end)("one"))
        assert drive.go_on(other) == expected


def test_on_conflict_do_nothing_waits_and_then_does_nothing() -> None:
    drive, one, other = two()
    drive(one.insert(Job("j")))
    assert drive(other.insert(Job("j", "mine"), or_nothing=True)) is WAITS
    drive(one.commit())
    assert drive.go_on(other) == 0
    assert drive(other.insert(Job("j2"), or_nothing=True)) == 1
    assert drive(other.commit()) is True
    assert drive(drive.db.select(Job)) == (Job("j"), Job("j2"))
    assert drive(drive.db.insert(Job("j"), or_nothing=True)) == 0
    assert drive(drive.db.insert(Job("j"))) is SqlError.UNIQUE_VIOLATION


def test_a_row_that_is_only_locked_makes_no_insert_wait() -> None:
    drive, one, other = two(Job("j"))
    drive(one.select(Job, lock=RowLock.FOR_UPDATE))
    assert drive(other.insert(Job("j"))) is SqlError.UNIQUE_VIOLATION


def test_an_error_ends_the_transaction_and_its_locks_and_all_that_follows_is_refused() -> None:
    drive, one, other = two(Job("j"))
    drive(one.update(Job, Job.tries.to(1)))
    assert drive(other.update(Job, Job.tries.to(2))) is WAITS
    assert drive(one.insert(Job("j"))) is SqlError.UNIQUE_VIOLATION
    assert drive.go_on(other) == 1
    assert drive(one.select(Job)) is drive(one.delete(Job)) is drive(one.commit()) is SqlError.ABORTED
    assert drive(one.select(Job)) == (Job("j"),)
    assert not SqlError.ABORTED


def test_skip_locked_passes_over_what_others_have_locked_and_for_update_waits_for_it() -> None:
    drive, one, other = two(Job("j1"), Job("j2"), Job("j3"))
    assert drive(one.select(Job, Job.status == "queued", limit=1, lock=RowLock.SKIP_LOCKED)) == (Job("j1"),)
    assert drive(other.select(Job, Job.status == "queued", limit=1, lock=RowLock.SKIP_LOCKED)) == (Job("j2"),)
    drive(one.update(Job, Job.status.to("taken"), where=Job.id == "j1"))
    assert drive(other.select(Job, Job.status == "queued", limit=1, lock=RowLock.FOR_UPDATE)) is WAITS
    drive(one.commit())
    assert drive.go_on(other) == (Job("j2"),)  # the next that it saw when it began


def test_of_two_transactions_that_wait_for_each_other_either_may_be_ended() -> None:
    drive, one, other = two(Job("j1"), Job("j2"))
    drive(one.update(Job, Job.tries.to(1), where=Job.id == "j1"))
    drive(other.update(Job, Job.tries.to(1), where=Job.id == "j2"))
    assert drive(one.delete(Job, Job.id == "j2")) is WAITS
    assert drive.go_on(one) is None
    assert drive(other.delete(Job, Job.id == "j1")) is WAITS
    for each in (one, other):
        [step] = drive.steps(drive.db.go_on(each.name))
        assert step.outcome is SqlError.DEADLOCK
    assert drive.go_on(one) is SqlError.DEADLOCK
    assert drive.go_on(other) == 1


def test_who_waits_for_a_circle_and_is_not_in_it_is_not_ended() -> None:
    drive, one, other = two(Job("j1"), Job("j2"), Job("j3"))
    third = drive.db.begin("third")
    drive(one.update(Job, Job.tries.to(1), where=Job.id.in_("j1", "j3")))
    drive(other.update(Job, Job.tries.to(1), where=Job.id == "j2"))
    drive(third.delete(Job, Job.id == "j3"))
    drive(one.delete(Job, Job.id == "j2"))
    drive(other.delete(Job, Job.id == "j1"))
    assert drive.go_on(third) is None
    assert drive.go_on(one) is SqlError.DEADLOCK
    assert drive.go_on(third) == 1


def test_the_answer_of_a_commit_can_be_lost_and_it_is_done_or_not() -> None:
    drive, one, _ = two(Job("j"))
    drive(one.update(Job, Job.tries.to(1)))
    steps = [each for each in drive.steps(drive.db.commit("one")) if each.fault]
    assert {(each.outcome, each.kind, each.value.rows) for each in steps} == {
        (SqlError.CONNECTION_LOST, "sql-lost-commit", (Job("j", tries=1),)),
        (SqlError.CONNECTION_LOST, "sql-lost-commit", (Job("j"),)),
    }
    assert all(each.value.transactions == () for each in steps)
    assert len(drive.steps(drive.db.insert(Job("k")))) == 3
    assert len(drive.steps(drive.db.delete(Job, Job.id == "x"))) == 1


def test_what_commits_by_itself_waits_before_it_begins_where_that_makes_no_difference() -> None:
    drive, one, _ = two(Job("j1"), Job("j2"))
    drive(one.delete(Job, Job.id == "j2"))
    assert drive(drive.db.update(Job, Job.tries.to(1), (Job.id == "j2") & (Job.status == "queued"), "me")) is None
    assert drive(drive.db.update(Job, Job.tries.to(1), session="me")) is WAITS
    assert drive(drive.db.go_on("me")) is None
    drive(one.rollback())
    assert drive(drive.db.go_on("me")) == 2
    assert drive.value.transactions == ()


@pytest.mark.parametrize(("end", "rows"), [("commit", 0), ("rollback", 1)])
def test_what_waits_for_a_row_that_is_inserted_anew_has_begun_on_the_old_one(end: str, rows: int) -> None:
    drive, one, _ = two(Job("j"))
    drive(one.delete(Job))
    drive(one.insert(Job("j", tries=7)))
    assert drive(drive.db.delete(Job, Job.id == "j", "me")) is WAITS
    drive(getattr(drive.db, end)("one"))
    lost = [each for each in drive.steps(drive.db.go_on("me")) if each.fault]
    assert len(lost) == 2 * rows
    assert drive(drive.db.go_on("me")) == rows
    assert drive.value.rows == ((Job("j", tries=7),) if end == "commit" else ())


def test_what_would_wait_in_its_midst_is_refused_where_it_cannot() -> None:
    drive, one, _ = two(Job("j1"), Job("j2"))
    drive(one.delete(Job, Job.id == "j2"))
    with pytest.raises(ModelError, match=r"ask for it outside of what is atomic and of any_of, or in a session"):
        drive(drive.db.update(Job, (Job.tries.to(1), Job.status.to("x"))))
    drive(one.insert(Job("j2")))
    with pytest.raises(ModelError, match=r"waits in the middle of it"):
        drive(drive.db.update(Job, Job.tries.to(1), Job.id == "j2"))
    drive(one.rollback())
    assert drive(drive.db.update(Job, (Job.tries.to(1), Job.status.to("x")))) == 2


def test_a_session_is_one_processs_own() -> None:
    drive, one, other = two(Job("j"))
    drive(one.delete(Job))
    drive(other.delete(Job))
    with pytest.raises(ModelError, match="while its statement DELETE jobs waits"):
        drive(other.commit())
    assert drive.go_on(one) is None


def forgets(db: Database) -> Any:
    tx = db.begin("me")
    tx.update(Job, Job.tries.plus(1))
    yield from tx.commit()


def test_a_statement_that_is_made_and_dropped_is_told_with_its_place() -> None:
    model = model_of(Drive().db, Process("me", forgets, (Drive().db,)), wrong=lambda view: None)
    with pytest.raises(ModelError, match=r"made the request db\.execute in forgets .*; write `yield from` before it"):
        python.explore(model)


def test_a_label_stands_on_the_step_that_begins_a_statement() -> None:
    paid = Label("PAID", "the order is paid")
    assert next(Drive().db.begin("one").commit(label=paid)).label == "PAID"


def test_equal_contents_are_equal_values_whatever_came_first_and_when_names_are_exchanged() -> None:
    drive, one, other = two(Job("e1"), Job("e2"))
    values = []
    for sessions in ((one, other), (other, one)):
        drive.value = drive.db.initial
        for each in sessions:
            drive(each.update(Job, Job.worker.to(each.name), where=Job.id == ("e1" if each is one else "e2")))
        values.append(drive.value)
    assert values[0] == values[1]
    there_and_back = Exchange("e1", "e2").value(Exchange("one", "other").value(values[0]))
    assert there_and_back == values[0]
    assert type(there_and_back) is DatabaseState


def test_a_state_reads_as_what_is_committed_and_what_is_open() -> None:
    drive, one, other = two(Job("j"))
    drive(one.select(Job, lock=RowLock.FOR_UPDATE))
    drive(one.insert(Event("1", "j")))
    drive(other.delete(Job))
    assert drive.db.describe(drive.value) == (
        "jobs('j'); one writes outbox('1', order='j'), locks jobs j; other waits for jobs j"
    )
    drive(one.insert(Event("1", "k")))
    assert "one is aborted" in drive.db.describe(drive.value)
    assert Database("db", Job).describe(DatabaseState()) == "no rows"


def test_what_a_guard_is_worth_is_told_by_the_statement_without_it() -> None:
    db = Drive().db
    for_update = next(db.begin("one").select(Job, lock=RowLock.FOR_UPDATE))
    [unlocked] = weaker_than(db, for_update)
    assert unlocked.meaning == "reads without FOR UPDATE"
    assert unlocked.instead(for_update).name == "look"
    [failing] = weaker_than(db, db.insert(Job("j"), or_nothing=True))
    assert failing.instead(db.insert(Job("j"), or_nothing=True)) == db.insert(Job("j"))
    assert weaker_than(db, db.insert(Job("j"))) == ()
    assert [traits_of(db, each).looks for each in ("select", "look", "lock")] == [True, True, False]


# Whole systems


def judged(model: Model) -> Exploration:
    found = python.explore(model)
    assert found.complete
    for name, schedule in found.counterexamples.items():
        assert confirm(model, name, schedule)[1]
    return found


HOLD = {
    "safe counter": (counter(safe=True), 0),
    "increments of the database, with a crash": (increments(), 0),
    "increments of the database, with a crash for good": (increments(restarts=False), 0),
    "workers that lock": (workers(RowLock.FOR_UPDATE), 0),
    "workers that skip what is locked": (workers(RowLock.SKIP_LOCKED), 0),
    "two rows in one order": (crosswise(ordered=True), 0),
    "two rows crosswise, again after a deadlock": (crosswise(ordered=False, retries=True), 0),
    "outbox in one transaction": (outbox(together=True), 0),
}
VIOLATED = {
    "counter": (counter(safe=False), 6),  # each reads, updates and commits
    "workers that look only": (workers(None), 6),  # the same
    "two rows crosswise": (crosswise(ordered=False), 8),  # 2 + 2 updates, a deadlock, rollback; go on, commit
    "outbox in two transactions": (outbox(together=False), 4),  # insert, commit, killed; the relay looks
    "the hits of the manual": (hits(), 5),  # update; delete waits; commit; go on, commit
    "an answer lost": (lost_answer(), 4),  # update, commit and lost; again
}


@pytest.mark.parametrize(("model", "steps"), (HOLD | VIOLATED).values(), ids=list(HOLD | VIOLATED))
def test_systems_with_known_answers(model: Model, steps: int) -> None:
    found = judged(model)
    assert {name: len(each.choices) for name, each in found.counterexamples.items()} == (
        {"right": steps} if steps else {}
    )
    again = reference.explore(model, SearchOptions(merging=True))
    if not steps:
        assert again.states == found.states
    assert again.counterexamples.keys() == found.counterexamples.keys()
    assert len(fingerprint(model)) == 64


def test_the_states_of_the_outbox_are_those_counted_by_hand() -> None:
    # The order is placed in 3 steps, so 4 places to stand; before the first it cannot crash. Killed before the commit,
    # nothing is left but that it is gone: 1. Each of these 5 before or after the relay has looked: 10.
    assert judged(outbox(together=True)).states == 10


def test_rows_and_sessions_that_are_told_apart_by_their_names_alone_are_taken_for_one() -> None:
    every = python.explore(placing(3))
    some = kernel.explore(placing(3), SearchOptions(symmetry=True))
    assert "symmetry" in some.reductions
    assert some.states < every.states
    assert not every.counterexamples
    assert not some.counterexamples


# Mutants: each broken database is noticed by some system above


def test_every_broken_database_is_noticed_by_a_system_with_a_known_answer() -> None:
    def violates(model: Model) -> bool:
        return bool(python.explore(model).counterexamples)

    assert violates(workers(RowLock.FOR_UPDATE, LooksOnce))
    assert not violates(hits(LooksAnew))
    assert violates(increments(restarts=False, database=KeepsLocks))
    assert violates(counter(safe=True, database=LocksNothing))
    assert violates(workers(RowLock.SKIP_LOCKED, LocksNothing))
    assert violates(crosswise(ordered=False, retries=True, database=WaitsForEver))
    assert violates(outbox(together=True, database=CommitsOnCrash))
    drive, one, other = two(Job("j1"))
    drive.db = DirtyReads("db", Job, Event)
    drive(one.insert(Job("j2")))
    assert drive(other.select(Job)) == (Job("j1"), Job("j2"))  # which the tests above, and the twin, notice
    assert Transaction("one") not in drive.value.transactions
