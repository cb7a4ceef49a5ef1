"""Where a fair run can stay for ever: what is passed over is no place of one, and each rule by which it is, counts."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy
import pytest

from deadheat.sim.explore import kernel, python
from deadheat.sim.explore.compiled import turning
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.compiled.turning import Turning
from deadheat.sim.explore.labels.breaking import Question, breaking_sets
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.operations import Request
from tests.sim.random_models import Cell

FLIPPING, DONE = Cell("flipping"), Cell("done")


def flips() -> Generator[Request, Any, None]:
    yield FLIPPING.set(1)
    yield FLIPPING.set(0)


def waits() -> Generator[Request, Any, None]:
    yield FLIPPING.wait_for(1)
    yield DONE.set(1)


def taking_turns() -> Model:
    """Return a model in which one process waits for what another takes back again and again: no step is ever due."""
    processes = (Process("flips", flips, (), repeats=True), Process("waits", waits, ()))
    undone = Property("undone", "", Kind.EVENTUALLY, ("done",), lambda view: view["done"] == 0)
    return Model({"flipping": FLIPPING, "done": DONE}, processes, (undone,))


def lasting(model: Model) -> list[bool]:
    """Return whether the kernel finds a lasso, and whether the search for sets of faults does."""
    asked = Question((), 0, {(): model})
    return ["undone" in kernel.explore(model).counterexamples, () in breaking_sets(asked).broken["undone"]]


def test_a_process_that_waits_for_what_comes_and_goes_may_wait_for_ever() -> None:
    assert "undone" in python.explore(taking_turns()).counterexamples
    assert lasting(taking_turns()) == [True, True]


def test_a_mutant_for_which_nothing_that_is_read_changes_on_a_cycle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = turning._laid_out
    monkeypatch.setattr(turning, "_laid_out", lambda dense, rows, _: original(dense, rows, ()))
    assert lasting(taking_turns()) == [False, False]


def test_a_mutant_for_which_no_step_is_on_a_cycle_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = turning._laid_out

    def nothing_turns(dense: DenseTables, rows: Any, changing: Any) -> Turning:
        return original(dense, numpy.zeros_like(rows), changing)

    monkeypatch.setattr(turning, "_laid_out", nothing_turns)
    assert lasting(taking_turns()) == [False, False]


def test_what_only_grows_is_on_no_cycle() -> None:
    """Each write that the flipping process makes is on one, and what the waiting one writes is not."""
    tables = Tables(taking_turns())
    known = {tables.initial()}
    new = set(known)
    while new:
        new = {after for state in new for _, after in tables.choices(state)} - known
        known |= new
    dense = DenseTables(tables)
    turns = turning.turning_of(dense).rows
    names = {(tables.locals[dense.key(row).process].process.name, bool(turns[row])) for row in range(dense.rows_known)}
    assert names == {("flips", True), ("waits", False)}


class High(Cell):
    initial = 1


def test_a_cycle_through_a_state_in_which_nothing_is_owed_is_met_where_it_begins() -> None:
    high = High("high")

    def falls() -> Generator[Request, Any, None]:
        yield high.set(0)
        yield high.set(1)

    def waits_for_high() -> Generator[Request, Any, None]:
        yield high.wait_for(1)
        yield DONE.set(1)

    model = replace(
        taking_turns(),
        components={"high": high, "done": DONE},
        processes=(Process("falls", falls, (), repeats=True, owed=False), Process("waits", waits_for_high, ())),
    )
    asked = Question((), 0, {(): model})
    found = [
        python.explore(model).counterexamples["undone"],
        kernel.explore(model).counterexamples["undone"],
        breaking_sets(asked).broken["undone"][()],
    ]
    assert [(each.cycle_from, len(each.choices)) for each in found] == [(0, 2)] * 3
