"""A step property is asked of every step, also of those that change nothing of what it reads."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explain.turning_point import turning_point
from deadheat.sim.explore import auto, kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind, Model, Part, Process, Property, View
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]

left, right = Variable("left", 0), Variable("right", 0)


def setting(cell: Variable, values: tuple[int, ...]) -> Role:
    for value in values:
        yield cell.set(value)


def stays_at_two(before: View, after: View) -> str | None:
    return "stayed at two" if before["left"] == after["left"] == 2 else None


def stays_at_zero(before: View, after: View) -> str | None:
    return "stayed at zero" if before["left"] == after["left"] == 0 else None


def model_of(violation: Any, lefts: tuple[int, ...], rights: tuple[int, ...]) -> Model:
    processes = (Process("left", setting, (left, lefts)), Process("right", setting, (right, rights)))
    prop = Property.of_parts("stays", "", Kind.STEP, [Part(("left",), violation)])
    return Model({"left": left, "right": right}, processes, (prop,))


EXPLORERS: dict[str, Any] = {
    "reference": reference.explore,
    "python": python.explore,
    "python in part": lambda model: python.explore(model, SearchOptions(partial_order=True)),
    "kernel": kernel.explore,
    "kernel in part": lambda model: kernel.explore(model, SearchOptions(partial_order=True)),
    "quotient": quotient.explore,
    "auto": auto.explore,
}


@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize(
    ("violation", "lefts", "rights", "length"),
    [
        (stays_at_zero, (1,), (1,), 1),  # the right one's step, at once
        (stays_at_zero, (1,), (), None),  # there is no other step while it is zero
        (stays_at_two, (1, 2), (1,), 3),  # both of the left one's, and the right one's last
        (stays_at_two, (1, 2, 2), (), 3),  # its own step that changes nothing
        (stays_at_two, (1, 2), (), None),  # nothing can happen any more
        (stays_at_two, (1, 3), (1,), None),
    ],
)
def test_every_explorer_asks_it(
    name: str, violation: Any, lefts: tuple[int, ...], rights: tuple[int, ...], length: int | None
) -> None:
    model = model_of(violation, lefts, rights)
    found = EXPLORERS[name](model).counterexamples
    assert {each: len(schedule.choices) for each, schedule in found.items()} == ({"stays": length} if length else {})
    for schedule in found.values():
        assert confirm(model, "stays", schedule)[1].startswith("stayed")
        assert turning_point(model, "stays", schedule) is not None


def test_without_that_the_violation_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WatchedPart, "require_change", lambda part, state: None)
    assert not python.explore(model_of(stays_at_two, (1, 2), (1,))).counterexamples


def test_composition_leaves_such_a_property_to_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auto, "STATES_BEFORE_COMPOSITION", 1)
    composed = auto.explore(model_of(stays_at_two, (1, 3), (1, 2, 3)))
    assert "composition" in composed.reductions
    found = auto.explore(model_of(stays_at_two, (1, 2), (1, 2, 3)))
    assert "composition" not in found.reductions
    assert len(found.counterexamples["stays"].choices) == 3


@pytest.mark.parametrize(
    "explore",
    [
        quotient.explore,
        lambda model: auto.explore(model, SearchOptions(symmetry=True)),
        lambda model: kernel.explore(model, SearchOptions(symmetry=True)),
    ],
)
def test_what_is_found_out_while_symmetry_is_verified_is_not_lost(explore: Any) -> None:
    cells = {name: Variable(name, 0) for name in ("n0 c", "n1 c")}

    def stays(before: View, after: View) -> str | None:
        return "stayed at two" if before["n1 c"] == after["n1 c"] == 2 else None

    parts = [Part(("n0 c",), lambda before, after: None), Part(("n1 c",), stays)]
    processes = tuple(Process(f"p {name[:2]}", setting, (cell, (1, 2))) for name, cell in cells.items())
    prop = Property.of_parts("stays", "", Kind.STEP, parts)
    found = explore(Model(cells, processes, (prop,), interchangeable=("n0", "n1")))
    assert len(found.counterexamples["stays"].choices) == 3


def test_one_that_only_a_change_violates_is_not_asked_of_every_step() -> None:
    def jumps(before: View, after: View) -> str | None:
        return "jumped" if after["left"] - before["left"] > 1 else None

    model = model_of(jumps, (1, 2, 4), (1, 2))
    found = python.explore(model, SearchOptions(partial_order=True))
    assert "partial-order" in found.reductions
    assert "stays" in found.counterexamples
