"""A mistake in SQL is told in one sentence, with the user's line, and before anything is asked of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from deadheat import Components, Design, ModelError, Steps, always, check, one
from deadheat.library import Column, Database, Record, column


class Job(Record, table="jobs"):
    id: Column[str]
    total: Column[int] = column(default=1)


class Other(Record, table="others"):
    id: Column[str]


@dataclass(frozen=True)
class Shop(Components):
    db: Database = Database("db", Job, rows=(Job("j1"),))


@always
def nothing(db: Any) -> bool:
    return not db.rows_of(Job)


def asking(ask: Callable[[Any], Any], claim: Any = nothing) -> Design[Shop]:
    def role(shop: Shop) -> Steps:
        yield ask(shop.db)

    return Design("d", "s", "x", Shop(), (one("role", role),), (claim,))


def saying(ask: Callable[[Any], Any]) -> Design[Shop]:
    def role(shop: Shop) -> Steps:
        yield from ask(shop.db.begin())

    return Design("d", "s", "x", Shop(), (one("role", role),), (nothing,))


ANY: Any = Job


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda tx: tx.insert(Job), r"An INSERT is given the class Job; give it Job\(\.\.\.\)"),
        (lambda tx: tx.insert("j"), r"An INSERT is given a str; give it a row"),
        (lambda tx: tx.insert(Other("x")), "The database 'db' has no table Other, only Job"),
        (lambda tx: tx.update(Job, Job.total == 5), r"An UPDATE sets total = 5, which compares; write Job\.total\.to"),
        (lambda tx: tx.update(Job, 5), "An UPDATE sets an int"),
        (lambda tx: tx.update(Job), "An UPDATE of jobs sets no column"),
        (lambda tx: tx.update(Job("j"), Job.total.to(5)), r"jobs\('j'\) is a row, and no table; give the table, Job"),
        (
            lambda tx: tx.update(Job, Job.total.to(5), where=Other.id == "x"),
            "names the column id of others; name one of",
        ),
        (lambda tx: tx.update(Job, Job.total.to(5), where=(Job.id == "x") & (Other.id == "x")), "column id of others"),
        (lambda tx: tx.update(Job, Job.total.to(5), where=True), r"A WHERE is a bool; compare a column, as in Job\.id"),
        (lambda tx: tx.update(Other, Job.total.to(5)), "The database 'db' has no table Other, only Job"),
        (lambda tx: tx.delete(Job.id == "x"), "A Comparison is no table; give the class of one, such as Job"),
        (lambda tx: tx.select(Job.id), "A Column is no table"),
        (
            lambda tx: tx.select(Job, Job.total.to(5)),
            r"A WHERE is total = 5, which changes; write Job\.total == \.\.\.",
        ),
        (lambda tx: tx.select(Job, limit="1"), "The limit of a SELECT is '1'; give it a whole number from 1 on"),
        (lambda tx: tx.select(Job, limit=True), "The limit of a SELECT is True"),
        (lambda tx: tx.select(Job, lock="SKIP LOCKED"), r"RowLock\.FOR_UPDATE, RowLock\.SKIP_LOCKED of RowLock"),
    ],
)
def test_a_mistake_in_a_session_is_told_with_its_line(ask: Any, told: str) -> None:
    with pytest.raises(ModelError, match=rf"in (role|<lambda>) \(tests/models/test_sql_mistakes\.py:\d+\): .*{told}"):
        check(saying(ask))


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda db: db.begin(1, 2), r"Database\.begin was called with the wrong arguments; it takes session"),
        (lambda db: db.select(Job, limit=-1), "The limit of a SELECT is -1"),
        (lambda db: db.select(Other), "The database 'db' has no table Other, only Job"),
        (lambda db: db.insert(Other("x")), "The database 'db' has no table Other, only Job"),
        (lambda db: db.update(Job, ()), "An UPDATE of jobs sets no column"),
        (lambda db: db.update(Job, (Job.total == 5,)), r"An UPDATE sets total = 5, which compares"),
        (lambda db: db.update(Other, Job.total.to(1)), "The database 'db' has no table Other, only Job"),
        (lambda db: db.delete(Job, Other.id == "x"), "names the column id of others; name one of Job: id, total"),
    ],
)
def test_a_mistake_in_what_commits_by_itself_is_told_with_its_line(ask: Any, told: str) -> None:
    with pytest.raises(ModelError, match=rf"in (role|<lambda>) \(tests/models/test_sql_mistakes\.py:\d+\): .*{told}"):
        check(asking(ask))


@pytest.mark.parametrize("read", [lambda db: db.row("jobs", "j1"), lambda db: db.rows_of("jobs")])
def test_a_property_that_reads_no_table_is_told(read: Any) -> None:
    @always
    def reads(db: Any) -> bool:
        return bool(read(db))

    with pytest.raises(ModelError, match=r"A str is no table; give the class of one, such as Job"):
        check(asking(lambda db: db.select(Job), reads))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: Database("db", ANY("x")), "Among the tables of the database 'db' is a Job; give it classes"),
        (lambda: Database("db", "jobs"), "Among the tables of the database 'db' is a str"),  # type: ignore[arg-type]
        (lambda: Database("db", Job, rows=ANY("x")), r"no tuple of rows; write rows=\(Job\('j1'\),\)"),
    ],
)
def test_a_database_of_what_is_no_table_is_refused(made: Any, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        made()
