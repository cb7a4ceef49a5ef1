"""Small systems around a SQL database, as a user would write them, with what is known of each."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.models.components.sql import Column, Database, DatabaseState, Record, RowLock, SqlError, column
from deadheat.sim.model import Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Request, atomically

Role = Generator[Request, Any, Any]

KILLED = "killed"


class Job(Record, table="jobs"):
    id: Column[str]
    status: Column[str] = column(default="queued")
    worker: Column[str | None] = column(default=None)
    tries: Column[int] = column(default=0)


class Order(Record, table="orders"):
    id: Column[str]


class Event(Record, table="outbox"):
    id: Column[str]
    order: Column[str]


def state_of(view: View) -> DatabaseState:
    state: DatabaseState = view["db"]
    return state


def model_of(db: Database, *processes: Process, wrong: Any, kind: Kind = Kind.SETTLED, **options: Any) -> Model:
    watched = Property("right", "what must be", kind, ("db",), wrong)
    return Model({"db": db}, processes, (watched,), **options)


def counter(*, safe: bool, database: type[Database] = Database) -> Model:
    """Two processes read a row and write back one more than they read; safe, they lock it by reading it."""
    db = database("db", Job, rows=(Job("j"),))

    def increment(db: Database, me: str) -> Role:
        tx = db.begin(me)
        jobs = yield from tx.select(Job, Job.id == "j", lock=RowLock.FOR_UPDATE if safe else None)
        if not jobs:
            return
        yield from tx.update(Job, Job.tries.to(jobs[0].tries + 1), where=Job.id == "j")
        yield from tx.commit()

    def lost(view: View) -> str | None:
        [job] = state_of(view).rows_of(Job)
        return None if job.tries == 2 else f"{job.tries} after two increments"

    return model_of(db, *(Process(me, increment, (db, me)) for me in ("one", "other")), wrong=lost)


def increments(*, restarts: bool = True, database: type[Database] = Database) -> Model:
    """Two processes let the database add one, each in a transaction that it may be killed in; it may start anew."""
    db = database("db", Job, rows=(Job("j"),))

    def increment(db: Database, me: str) -> Role:
        tx = db.begin(me)
        yield from tx.update(Job, Job.tries.plus(1), where=Job.id == "j")
        yield from tx.commit()

    def lost(view: View) -> str | None:
        [job] = state_of(view).rows_of(Job)
        return None if job.tries >= 1 + restarts else f"{job.tries} after two increments"

    processes = [
        Process(me, increment, (db, me), crashes=(Crash(KILLED, restarts, atomically(db.disconnect(me))),))
        for me in ("one", "other")
    ]
    return model_of(db, *processes, wrong=lost, budgets={KILLED: 1})


def workers(lock: RowLock | None, database: type[Database] = Database) -> Model:
    """Two workers claim a queued job each, of two; nobody works on one that another has claimed."""
    db = database("db", Job, rows=(Job("j1"), Job("j2")))

    def work(db: Database, me: str) -> Role:
        tx = db.begin(me)
        jobs = yield from tx.select(Job, Job.status == "queued", limit=1, lock=lock)
        if jobs:
            where = Job.id == jobs[0].id
            yield from tx.update(Job, Job.status.to("taken"), Job.worker.to(me), Job.tries.plus(1), where=where)
        yield from tx.commit()

    def twice(view: View) -> str | None:
        return next((f"{job.id} is taken twice" for job in state_of(view).rows_of(Job) if job.tries > 1), None)

    return model_of(db, *(Process(me, work, (db, me)) for me in ("one", "other")), wrong=twice, kind=Kind.ALWAYS)


def crosswise(*, ordered: bool, retries: bool = False, database: type[Database] = Database) -> Model:
    """Two transactions update the same two rows, one after the other; not in one order, they wait for each other."""
    db = database("db", Job, rows=(Job("j1"), Job("j2")))

    def update(db: Database, me: str, first: str, second: str) -> Role:
        tx = db.begin(me)
        while True:
            yield from tx.update(Job, Job.tries.plus(1), where=Job.id == first)
            if (yield from tx.update(Job, Job.tries.plus(1), where=Job.id == second)):
                break
            yield from tx.rollback()
            if not retries:
                return
        yield from tx.commit()

    def lost(view: View) -> str | None:
        found = [job.tries for job in state_of(view).rows_of(Job)]
        return None if found == [2, 2] else f"{found} after two transactions"

    last = ("j1", "j2") if ordered else ("j2", "j1")
    one, other = Process("one", update, (db, "one", "j1", "j2")), Process("other", update, (db, "other", *last))
    return model_of(db, one, other, wrong=lost)


def outbox(*, together: bool, database: type[Database] = Database) -> Model:
    """An order and the event that tells of it; together, in one transaction. A relay must never see half of it."""
    db = database("db", Order, Event)

    def place(db: Database) -> Role:
        tx = db.begin("place")
        yield from tx.insert(Order("o1"))
        if not together:
            yield from tx.commit()
        yield from tx.insert(Event("1", "o1"))
        yield from tx.commit()

    def relay(db: Database) -> Role:
        return (yield db.select(Event))

    def half(view: View) -> str | None:
        state = state_of(view)
        return "an order without its event" if len(state.rows_of(Order)) != len(state.rows_of(Event)) else None

    crash = Crash(KILLED, restarts=False, consequences=atomically(db.disconnect("place")))
    return model_of(
        db,
        Process("place", place, (db,), crashes=(crash,)),
        Process("relay", relay, (db,)),
        wrong=half,
        budgets={KILLED: 1},
    )


def hits(database: type[Database] = Database) -> Model:
    """The example of PostgreSQL's manual, 13.2.1: one adds 1 to the hits 9 and 10, another deletes those with 10.

    There is a row with 10 hits before and after, and yet the DELETE has none, if it began before the other committed.
    """
    db = database("db", Job, rows=(Job("a", tries=9), Job("b", tries=10)))

    def add(db: Database) -> Role:
        tx = db.begin("add")
        yield from tx.update(Job, Job.tries.plus(1))
        yield from tx.commit()

    def remove(db: Database) -> Role:
        tx = db.begin("remove")
        yield from tx.delete(Job, Job.tries == 10)
        yield from tx.commit()

    def untouched(view: View) -> str | None:
        found = [job.tries for job in state_of(view).rows_of(Job)]
        return "the DELETE had no row" if found == [10, 11] else None

    return model_of(db, Process("add", add, (db,)), Process("remove", remove, (db,)), wrong=untouched)


def lost_answer(database: type[Database] = Database) -> Model:
    """One repeats its transaction if it does not know whether it was done: it may be done twice."""
    db = database("db", Job, rows=(Job("j"),))

    def increment(db: Database) -> Role:
        tx = db.begin("one")
        while True:
            yield from tx.update(Job, Job.tries.plus(1), where=Job.id == "j")
            if (yield from tx.commit()) is not SqlError.CONNECTION_LOST:
                return

    def twice(view: View) -> str | None:
        [job] = state_of(view).rows_of(Job)
        return "done twice" if job.tries > 1 else None

    return model_of(db, Process("one", increment, (db,)), wrong=twice, kind=Kind.ALWAYS, budgets={"sql-lost-commit": 1})


def placing(orders: int) -> Model:
    """So many processes each place an order of their own, with its event, and may be killed."""
    db = Database("db", Order, Event)
    names = tuple(f"o{number}" for number in range(1, orders + 1))

    def place(db: Database, order: str) -> Role:
        tx = db.begin(f"place/{order}")
        yield from tx.insert(Order(order))
        yield from tx.insert(Event(f"placed/{order}", order))
        yield from tx.commit()

    def half(view: View) -> str | None:
        state = state_of(view)
        return "an order without its event" if len(state.rows_of(Order)) != len(state.rows_of(Event)) else None

    processes = [
        Process(name, place, (db, order), crashes=(Crash(KILLED, True, atomically(db.disconnect(name))),))
        for order, name in ((each, f"place/{each}") for each in names)
    ]
    return model_of(db, *processes, wrong=half, budgets={KILLED: 1}, interchangeable=names)
