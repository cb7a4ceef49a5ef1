"""A process that may begin, and need not; once it has begun, its steps are owed."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.components import Component, Outcomes, Step, operation
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.model import Crash, Kind, Model, Process, Property
from deadheat.sim.operations import Request


class Cell(Component):
    """A number."""

    initial = 0

    @operation
    def set(self, value: int, to: int) -> Outcomes:
        """Set it."""
        return (Step(None, to),)


CELL = Cell("cell")


def switch(cell: Cell) -> Generator[Request, Any, None]:
    yield cell.set(1)
    yield cell.set(2)


def model(**how: Any) -> Model:
    begun = Property(
        "not-left-at-one", "it is not left half done", Kind.SETTLED, ("cell",), lambda view: view["cell"] == 1
    )
    done = Property("done", "it is done in the end", Kind.EVENTUALLY, ("cell",), lambda view: view["cell"] != 2)
    return Model({"cell": CELL}, (Process("switch", switch, (CELL,), **how),), (begun, done), {"crash": 1})


@pytest.mark.parametrize("explorer", [python, kernel, reference])
@pytest.mark.parametrize(
    ("how", "violated"),
    [
        ({}, set()),
        ({"optional": True}, {"done"}),
        ({"owed": False}, {"not-left-at-one", "done"}),
        ({"optional": True, "owed": False}, {"not-left-at-one", "done"}),
        ({"optional": True, "crashes": (Crash("crash", restarts=True),)}, {"not-left-at-one", "done"}),
        ({"crashes": (Crash("crash", restarts=True),)}, set()),
    ],
)
def test_what_may_begin_goes_on_once_it_has_begun(explorer: Any, how: dict[str, Any], violated: set[str]) -> None:
    assert set(explorer.explore(model(**how)).counterexamples) == violated


@pytest.mark.parametrize("explorer", [python, kernel, reference])
def test_one_that_repeats_need_not_begin_again(explorer: Any) -> None:
    again = Property("again", "it comes back to one", Kind.EVENTUALLY, ("cell",), lambda view: view["cell"] == 2)
    repeating = Model({"cell": CELL}, (Process("switch", switch, (CELL,), repeats=True, optional=True),), (again,))
    assert set(explorer.explore(repeating).counterexamples) == {"again"}
