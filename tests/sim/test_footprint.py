"""Footprints: the same for what does the same, and different for one state or one step more."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.sim.explore.results import Limits
from deadheat.sim.footprint import footprint
from deadheat.sim.model import Model, Process
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]

one, other = Variable("one", 0), Variable("other", 0)


def writes(*values: int) -> Role:
    for value in values:
        yield one.set(value)


def writes_elsewhere(value: int) -> Role:
    yield other.set(value)


def looks_and_writes(*values: int) -> Role:
    for value in values:
        yield one.get()
        yield one.set(value)


def model(*processes: Process) -> Model:
    return Model({"one": one, "other": other}, processes)


def test_what_does_the_same_has_the_same_footprint_however_it_is_done() -> None:
    assert footprint(model(Process("p", writes, (1, 2)))) == footprint(model(Process("q", looks_and_writes, (1, 2))))


def test_one_step_more_between_the_same_states_is_another_footprint() -> None:
    there, back = (1, 2, 0), (1, 2, 1, 2, 0)
    assert footprint(model(Process("p", writes, there))) != footprint(model(Process("p", writes, back)))


def test_a_state_more_is_another_footprint() -> None:
    assert footprint(model(Process("p", writes, (1,)))) != footprint(model(Process("p", writes, (1, 2))))


def test_which_component_holds_what_is_told_apart() -> None:
    assert footprint(model(Process("p", writes, (1,)))) != footprint(model(Process("p", writes_elsewhere, (1,))))


def test_two_orders_are_more_than_one() -> None:
    both = model(Process("p", writes, (1,)), Process("q", writes_elsewhere, (1,)))

    def in_one_order() -> Role:
        yield from writes(1)
        yield from writes_elsewhere(1)

    assert footprint(both) != footprint(model(Process("p", in_one_order)))


def test_beyond_the_limit_there_is_no_footprint() -> None:
    assert footprint(model(Process("p", writes, (1, 2, 3))), Limits(states_max=2)) is None


def test_values_that_are_equal_to_python_and_different_are_told_apart() -> None:
    assert footprint(model(Process("p", writes, (1,)))) != footprint(model(Process("p", writes, (True,))))
