"""A step that only a fault brings about makes nothing vacuous where that fault is not asked for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from deadheat import Components, Design, Fault, Label, NotHeldError, Steps, always, check, crash, one
from deadheat.library import Row

KILLED = Fault("killed", "it is killed", "this test")
FIRST, AGAIN, NEVER = Label("FIRST", "it begins"), Label("AGAIN", "it begins anew"), Label("NEVER", "it does not")


@dataclass(frozen=True)
class Rows(Components):
    """What there is."""

    row: Row = Row("row", 0)


def work(rows: Rows) -> Steps:
    if (yield rows.row.get()) == 1:
        yield AGAIN(rows.row.set(2))
    yield FIRST(rows.row.set(1))
    yield rows.row.get()


def work_and_more(rows: Rows) -> Steps:
    yield from work(rows)
    if (yield rows.row.get()) == 9:
        yield NEVER(rows.row.set(1))


def work_and_break(rows: Rows) -> Steps:
    if (yield rows.row.get()) == 1:
        yield AGAIN(rows.row.set([]))
    yield FIRST(rows.row.set(1))
    yield rows.row.get()


@always
def three(row: int) -> bool:
    return row == 3


DESIGN: Design[Any] = Design(
    "rows", "a row", "this test", Rows(), (one("work", work, crashes=(crash(KILLED),)),), (three,)
)


def test_a_step_that_only_a_fault_brings_about_makes_nothing_vacuous_without_it() -> None:
    found = check(DESIGN)
    assert found.verdicts == {"three": "holds"}
    assert found.result.labels_not_reached == ("AGAIN",)
    assert "no run reaches AGAIN; with the fault killed some does" in found.result.exploration.remarks
    assert check(DESIGN, faults={"killed": 1}).result.exploration.remarks == ()


def test_a_step_that_no_single_fault_brings_about_does() -> None:
    found = check(DESIGN.variant("more", "and more", roles={"work": work_and_more}))
    assert found.verdicts == {"three": "vacuous"}
    assert found.result.missed == ("NEVER",)
    with pytest.raises(NotHeldError, match="no run reached NEVER;"):
        found.require()
    without = replace(DESIGN, roles=(one("work", work),), faults=(KILLED,))
    assert check(without).result.missed == ("AGAIN",)


def test_what_is_wrong_only_with_a_fault_is_not_told_where_it_is_not_asked_for() -> None:
    found = check(DESIGN.variant("broken", "a list", roles={"work": work_and_break}))
    assert found.result.missed == ("AGAIN",)
