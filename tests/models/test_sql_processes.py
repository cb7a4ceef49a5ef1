"""Designs around a SQL database: a session is its process's own, and ends with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from deadheat import (
    Components,
    Design,
    Fault,
    Instance,
    Model,
    ModelError,
    Node,
    Operation,
    Steps,
    always,
    any_of,
    atomically,
    check,
    crash,
    one,
    one_each,
    settled,
)
from deadheat.library import Database, DatabaseState, Row
from deadheat.models.components.sql import RowLock, SqlError
from deadheat.models.components.sql.connection import ProcessConnection
from deadheat.models.mutations import LeftOut, Mutation, RequestSite, mutated_model
from deadheat.models.role_names import named_roles
from deadheat.sim.explore import kernel, python, reference
from tests.models.sql_models import Job

KILLED = Fault("killed", "a process is killed", "every deployment does it")


@dataclass(frozen=True)
class Shop(Components):
    db: Database = Database("db", Job, rows=(Job("j1"),))
    told: Row = Row("told", None)


@always
def told_nothing(told: Any) -> bool:
    """Nobody is told that there was nothing to do."""
    return told is not None and not told


@settled
def two_rows(db: DatabaseState) -> bool:
    """In the end, there are two rows."""
    return len(db.rows) != 2


def design(*roles: Any, claims: Any = (told_nothing,), **more: Any) -> Design[Shop]:
    return Design("d", "s", "x", Shop(), roles, claims, **more)


def verdicts(of: Design[Shop], **more: Any) -> list[str]:
    return [str(each) for each in check(of, **more).verdicts.values()]


# What commits by itself


def renews(shop: Shop) -> Steps:
    tx = shop.db.begin()
    yield from tx.delete(Job, Job.id == "j1")
    yield from tx.insert(Job("j1", "again"))
    yield from tx.commit()


def changes(shop: Shop) -> Steps:
    yield shop.told.set((yield shop.db.update(Job, Job.status.to("done"), Job.id == "j1")))


def deletes(shop: Shop) -> Steps:
    yield shop.told.set((yield shop.db.delete(Job, Job.id == "j1")))


def changes_in_a_session(shop: Shop) -> Steps:
    tx = shop.db.begin()
    found = yield from tx.update(Job, Job.status.to("done"), where=Job.id == "j1")
    yield from tx.commit()
    yield shop.told.set(found)


@pytest.mark.parametrize("waits", [changes, deletes, changes_in_a_session])
@pytest.mark.parametrize("explorer", [python, kernel, reference])
def test_a_statement_has_no_row_where_the_one_it_waits_for_is_inserted_anew(waits: Any, explorer: Any) -> None:
    model = design(one("renews", renews), one("waits", waits)).model()
    assert set(explorer.explore(model).counterexamples) == {"told-nothing"}


def test_a_statement_that_waits_in_no_transaction_dies_with_its_node() -> None:
    node = Node("pod", ("waits",), (crash(KILLED, restarts=False),))
    both = design(one("renews", renews), one("waits", changes), nodes=(node,))
    assert verdicts(both, faults={"killed": 1}) == ["violated"]


# Sessions


def inserts(shop: Shop, key: str, session: str = "", end: str = "commit") -> Steps:
    tx = shop.db.begin(session)
    yield from tx.insert(Job(key))
    yield getattr(shop.db, end)(session)


def test_processes_of_one_role_have_a_session_each() -> None:
    of = design(one_each("inserts", inserts), claims=(two_rows,))
    assert verdicts(of, evaluations=1) == ["holds"]
    assert verdicts(of.variant("v", "s", claims=(committed_alone,)), evaluations=2) == ["violated"]


@always
def committed_alone(key: str, db: DatabaseState) -> bool:
    """Whatever one process has written is committed with what another has."""
    return db.row(Job, key) is not None and any(each.writes for each in db.transactions)


@pytest.mark.parametrize(
    "roles",
    [
        (one_each("inserts", lambda shop, key: inserts(shop, key, "inserts")),),
        (one("one", lambda shop: inserts(shop, "k", "both")), one("other", lambda shop: inserts(shop, "l", "both"))),
        (one("one", lambda shop: inserts(shop, "k", "other")), one("other", lambda shop: inserts(shop, "l", "other"))),
    ],
)
def test_a_session_that_two_processes_could_have_is_refused(roles: Any) -> None:
    with pytest.raises(ModelError, match=r"in .*\.py:\d+.* is not named after the process '(inserts/key1|one)'"):
        check(design(*roles), evaluations=2)


def test_a_process_can_have_more_sessions_named_after_it() -> None:
    def audits(shop: Shop) -> Steps:
        tx, more = shop.db.begin(), shop.db.begin("audits:more")
        yield from tx.insert(Job("k"))
        yield from more.insert(Job("l"))
        yield from more.commit()
        yield from tx.rollback()

    assert verdicts(design(one("audits", audits), claims=(two_rows,))) == ["holds"]


def restarts(shop: Shop) -> Steps:
    if (yield shop.told.get()) is None:
        tx = shop.db.begin()
        yield shop.told.set((yield from tx.insert(Job("j2"))))
        yield from tx.commit()


@always
def no_violation(told: Any) -> bool:
    """Nobody has a row of that key but oneself."""
    return told is SqlError.UNIQUE_VIOLATION


@pytest.mark.parametrize("on_a_node", [False, True])
def test_a_transaction_ends_with_the_process_that_is_killed(on_a_node: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its successor would have a unique violation in it, with a row of its own."""

    def killed() -> list[str]:
        killing = () if on_a_node else (crash(KILLED),)
        nodes = (Node("pod", ("restarts",), (crash(KILLED),)),) if on_a_node else ()
        of = design(one("restarts", restarts, crashes=killing), claims=(no_violation,), nodes=nodes)
        return verdicts(of, faults={"killed": 1})

    assert killed() == ["holds"]
    monkeypatch.setattr(ProcessConnection, "broken", lambda *_, for_good: ())
    assert killed() == ["violated"]


def forgets(shop: Shop, written: bool) -> Steps:
    tx = shop.db.begin()
    if written:
        yield from tx.insert(Job("j2"))
    yield from tx.select(Job)


def test_a_role_that_ends_with_something_written_is_told() -> None:
    with pytest.raises(
        ModelError, match=r"The process 'forgets' ends, and its transaction has not: forgets writes jobs\('j2'\)"
    ):
        check(design(one("forgets", lambda shop: forgets(shop, written=True))))


def test_what_a_role_leaves_open_is_rolled_back() -> None:
    roles: Any = (
        one("forgets", lambda shop: forgets(shop, written=True)),
        one("inserts", lambda shop: inserts(shop, "j2")),
    )
    of = design(*roles, claims=(two_rows,))
    assert verdicts(of.variant("v", "s", components=Shop(db=of.components.db.altered(may_end_open=True)))) == ["holds"]


@settled
def lock_is_free(db: DatabaseState) -> bool:
    """In the end, nothing is locked."""
    return bool(db.transactions)


@pytest.mark.parametrize(("repeats", "told"), [(False, "holds"), (True, "violated")])
def test_a_process_whose_role_repeats_goes_on_in_the_transaction_that_it_left_open(repeats: bool, told: str) -> None:
    of = design(one("locks", locking, repeats=repeats), claims=(lock_is_free,))
    assert verdicts(of) == [told]


def test_a_mutant_whose_commit_is_left_out_is_rolled_back() -> None:
    of = design(one("inserts", lambda shop: inserts(shop, "j2")), claims=(two_rows,))
    model = of.model()
    last = max(each for each in python.explore(model).reached if each.function == "inserts")
    mutation = Mutation(RequestSite("inserts", last, "db", "commit"), LeftOut(told=True))
    found = python.explore(mutated_model(model, mutation, named_roles(model)))
    assert set(found.counterexamples) == {"two-rows"}


def test_a_transaction_that_has_written_nothing_ends_with_its_role() -> None:
    locks = design(one("locks", locking), one("changes", changes), claims=(told_nothing, done_in_the_end))
    assert verdicts(locks) == ["holds", "holds"]


def locking(shop: Shop) -> Steps:
    tx = shop.db.begin()
    yield from tx.select(Job, lock=RowLock.FOR_UPDATE)


@settled
def done_in_the_end(db: DatabaseState) -> bool:
    """In the end, the job is done: nobody keeps its row locked."""
    row = db.row(Job, "j1")
    return row is None or row.status != "done"


def test_requests_of_several_operations_are_of_the_session_too() -> None:
    def together(shop: Shop) -> Steps:
        tx = shop.db.begin()
        yield from tx.insert(Job("j2"))
        yield any_of(atomically(shop.db.commit(), shop.told.set(1)), shop.told.wait_for(7))

    assert verdicts(design(one("together", together), claims=(two_rows,))) == ["holds"]

    def foreign(shop: Shop) -> Steps:
        yield atomically(shop.db.commit("together"), shop.told.set(1))

    with pytest.raises(ModelError, match="'together' of the database 'db' is not named after the process 'foreign'"):
        check(design(one("foreign", foreign)))


def test_what_a_design_says_is_noticed_stays_as_it_is() -> None:
    def noticed(shop: Shop, me: Instance) -> tuple[Operation, ...]:
        return shop.told.set("killed"), shop.db.disconnect(me.name)

    model: Model = design(one("restarts", restarts, crashes=(crash(KILLED, noticed=noticed),))).model()
    [killing] = model.processes[0].crashes
    assert [each.name for each in killing.consequences.operations] == ["set", "disconnect", "hang_up"]


def test_a_role_that_is_async_is_told_also_where_it_is_connected_to_a_database() -> None:
    async def work(shop: Any) -> Any:
        yield shop.db.insert(Job("j"))

    with pytest.raises(ModelError, match=r"write `def` and `yield`, no `async` and `await`"):
        check(design(one("worker", work)))
