"""Rows: one content, with compare-and-set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import settled
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from tests.models.driver import Driver, violated

ROW = Row("row", "new")


def test_a_row_is_read_and_overwritten() -> None:
    drive = Driver(ROW)
    assert drive(ROW.get()) == "new"
    drive(ROW.set("paid"))
    assert drive(ROW.get()) == "paid"


def test_to_compare_and_set_changes_only_what_is_as_expected() -> None:
    drive = Driver(ROW)
    assert drive(ROW.compare_and_set("paid", "sent")) is False
    assert drive(ROW.compare_and_set("new", "paid")) is True
    assert drive.value == "paid"


def test_to_set_unless_spares_what_is_excluded() -> None:
    drive = Driver(ROW)
    assert drive(ROW.set_unless(("paid", "sent"), "paid")) is True
    assert drive(ROW.set_unless(("paid", "sent"), "cancelled")) is False
    assert drive.value == "paid"


def test_whoever_waits_for_a_content_goes_on_once_it_is_there() -> None:
    drive = Driver(ROW)
    assert drive.blocks(ROW.wait_for("paid"))
    drive(ROW.set("paid"))
    assert drive(ROW.wait_for("paid")) is None


@dataclass(frozen=True)
class Evaluations(Components):
    status: Row = Row("status", "queued", keyed=True)
    told: Row = Row("told", False, keyed=True)


def cancel(system: Evaluations) -> Steps:
    yield system.status.set("cancelled", key="key1")
    yield system.told.set(True, key="key1")


def look_and_complete(system: Evaluations) -> Steps:
    if (yield system.status.get(key="key1")) == "queued":
        yield system.status.set("completed", key="key1")


def complete(system: Evaluations) -> Steps:
    yield system.status.compare_and_set("queued", "completed", key="key1")


@settled
def cancelled_stays_cancelled(status: str, told: bool) -> bool:
    return told and status != "cancelled"


def design(completes: Any) -> Design[Evaluations]:
    roles = (one("user", cancel, owed=False), one("worker", completes))
    return Design("status", "a status", "PostgreSQL: UPDATE", Evaluations(), roles, (cancelled_stays_cancelled,))


def test_to_look_and_then_set_overwrites_what_came_between_and_to_compare_does_not() -> None:
    assert violated(design(look_and_complete)) == {"cancelled-stays-cancelled"}
    assert violated(design(complete)) == set()
