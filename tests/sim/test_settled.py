"""Settled states: quiescent ones, and those in which steps go on for ever without an end."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.errors import InternalError
from deadheat.sim.explain.confirm import confirm, violation_of
from deadheat.sim.explain.turning_point import turning_point
from deadheat.sim.explore import python, reference
from deadheat.sim.explore.results import Explorer
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]
EXPLORERS = pytest.mark.parametrize("explore", [python.explore, reference.explore], ids=["python", "reference"])


def model_of(*roles: tuple[Any, dict[str, Any]], bad: int) -> Model:
    light = Variable("light", 0)

    def wrong(view: View) -> str | None:
        return f"the light is {bad}" if view["light"] == bad else None

    processes = tuple(Process(f"p{n}", role, (light,), **options) for n, (role, options) in enumerate(roles))
    return Model({"light": light}, processes, (Property("settles", "", Kind.SETTLED, ("light",), wrong),))


def poll(light: Variable) -> Role:
    yield light.get()


def blink(light: Variable) -> Role:
    yield light.set(1)
    yield light.set(2)


def switch_on(light: Variable) -> Role:
    yield light.set(1)


@EXPLORERS
def test_a_poll_that_changes_nothing_does_not_keep_a_system_from_settling(explore: Explorer) -> None:
    model = model_of((switch_on, {}), (poll, {"repeats": True}), bad=1)
    assert len(explore(model).counterexamples["settles"].choices) == 1


@EXPLORERS
def test_what_goes_away_again_and_again_is_not_settled(explore: Explorer) -> None:
    model = model_of((blink, {"repeats": True}), bad=1)
    assert not explore(model).counterexamples


@EXPLORERS
def test_two_steps_to_and_fro_are_a_settled_state_if_both_violate(explore: Explorer) -> None:
    def dither(light: Variable) -> Role:
        yield light.get()
        yield light.get()

    model = model_of((switch_on, {}), (dither, {"repeats": True}), bad=1)
    found = explore(model)
    assert len(found.counterexamples["settles"].choices) == 1
    assert confirm(model, "settles", found.counterexamples["settles"])[1] == "the light is 1"


@EXPLORERS
def test_what_an_owed_step_still_repairs_is_not_settled(explore: Explorer) -> None:
    model = model_of((blink, {}), bad=1)
    assert not explore(model).counterexamples


@EXPLORERS
def test_nobody_waits_for_a_step_that_is_not_owed(explore: Explorer) -> None:
    model = model_of((switch_on, {"owed": False}), bad=0)
    assert explore(model).counterexamples["settles"].choices == ()


def test_a_counterexample_that_does_not_settle_is_a_defect_not_a_report() -> None:
    model = model_of((blink, {}), bad=1)
    with pytest.raises(InternalError, match="defect of deadheat"):
        confirm(model, "settles", Schedule((Choice("p0"),)))
    with pytest.raises(InternalError, match="cannot be replayed"):
        confirm(model, "settles", Schedule((Choice("p7"),)))
    assert violation_of(model, "settles", Schedule((Choice("p0"),))) is None


def test_the_turning_point_is_the_last_step_that_mattered() -> None:
    def choose(light: Variable) -> Role:
        yield light.get()
        yield light.set(3)
        yield light.get()

    # Whoever writes last decides: once the light was set to 1 and nobody else can write, it is lost.
    model = model_of((choose, {}), (switch_on, {}), bad=1)
    schedule = python.explore(model).counterexamples["settles"]
    lost = turning_point(model, "settles", schedule)
    assert lost is not None
    writes = [n for n, choice in enumerate(schedule.choices, start=1) if choice == Choice("p0")]
    assert lost == writes[1]  # choose's own write; after it, only switch_on's is left
