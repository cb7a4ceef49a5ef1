"""Which orders of a trace's steps come to the same: known cases, and random ones in all their orders."""

from __future__ import annotations

import random
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings, strategies as st

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.causality import Reading, readings
from deadheat.sim.explain.cuts import START, Cut, Cuts, cuts_of, schedules_of
from deadheat.sim.explain.waits import waits_of
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.operations import any_of, atomically
from deadheat.sim.run.simulation import run_randomly
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import lost_update
from tests.sim.random_models import InBlock, Instruction, models

THOROUGH = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
ANYTHING = Property("anything", "", Kind.ALWAYS, (), lambda view: "it happened")

Role = Generator[Any, Any, Any]


def choices(*names: str) -> Schedule:
    return Schedule(tuple(Choice(name) for name in names))


class Gate(Component):
    """A gate that can be passed while it is open."""

    initial = False

    @operation
    def open(self, value: bool) -> Steps:
        return (Step(None, True),)

    @operation
    def shut(self, value: bool) -> Steps:
        return (Step(None, False),)

    @operation
    def pass_through(self, value: bool) -> Steps:
        return (Step(None, value),) if value else BLOCKED


def gates(*roles: tuple[str, Sequence[Any]]) -> Model:
    def role(*requests: Any) -> Role:
        for request in requests:  # noqa: UP028 - a tuple cannot be sent outcomes
            yield request

    components = {name: Gate(name) for name in ("a", "b", "c")}
    return Model(components, tuple(Process(name, role, tuple(requests)) for name, requests in roles), (ANYTHING,))


def read(model: Model, schedule: Schedule, prop: Property = ANYTHING) -> list[Reading]:
    """Return the readings of a schedule, with every step measured."""
    cuts = cuts_of(model, prop, schedule)
    return list(readings(cuts, {step.number for step in cuts.steps}))


def what_waits_for(step: int, found: Sequence[Reading]) -> list[int]:
    return [reading.waits_for[step] for reading in found]


def all_orders(cuts: Cuts) -> set[tuple[int, ...]]:
    """Return all orders, path by path."""

    def go_on(cut: Cut, numbers: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(numbers) == len(cuts.steps):
            yield numbers
        for number, ways in cut.following.items():
            for _, after in ways:
                yield from go_on(after, (*numbers, number))

    return set(go_on(cuts.start, ()))


def linear_extensions(reading: Reading) -> Iterator[tuple[int, ...]]:
    before = {number: {one for one, other in reading.orders if other == number} - {START} for number in reading.order}

    def go_on(numbers: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        if len(numbers) == len(before):
            yield numbers
        for number in before.keys() - {*numbers}:
            if before[number] <= {*numbers}:
                yield from go_on((*numbers, number))

    return go_on(())


def test_two_reads_may_change_places_and_a_read_and_a_write_may_not() -> None:
    """p1 reads (1), p2 reads (2) and writes (3), p1 writes (4), both 1: each write follows the other's read only.

    The second write changes nothing where it stands in the trace, but it would before the second read.
    """
    [reading] = read(lost_update(), choices("p1", "p2", "p2", "p1"))
    assert reading.orders == {(0, 1), (0, 2), (1, 3), (2, 3), (1, 4), (2, 4)}
    assert reading.waits_for == {1: 0, 2: 0, 3: 2, 4: 1}


def test_writes_that_nobody_reads_may_change_places() -> None:
    a = Gate("a")
    model = gates(("p", [a.open()]), ("q", [a.shut()]))
    assert [each.orders for each in read(model, choices("p", "q"))] == [{(0, 1), (0, 2)}]


def test_writes_that_the_violation_depends_on_may_not_change_places() -> None:
    a = Gate("a")
    model = gates(("p", [a.open()]), ("q", [a.shut()]))
    shut = Property("shut", "", Kind.ALWAYS, ("a",), lambda view: None if view["a"] else "it is shut")
    assert [each.order for each in read(model, choices("p", "q"), shut)] == [(1, 2)]
    assert [each.orders for each in read(model, choices("p", "q"), shut)] == [{(0, 1), (1, 2)}]


def test_an_operation_waits_for_the_step_that_made_it_possible() -> None:
    """The gate is opened (1), shut (2) and opened again (3): whoever passes it (4) waits for the last of these.

    In another order it is passed between 1 and 2.
    """
    a = Gate("a")
    model = gates(("keeper", [a.open(), a.shut(), a.open()]), ("walker", [a.pass_through()]))
    assert what_waits_for(4, read(model, choices("keeper", "keeper", "keeper", "walker"))) == [3, 1]


def test_an_operation_that_was_possible_all_along_waits_for_its_own_process_alone() -> None:
    a = Gate("a")
    model = gates(("keeper", [a.open()]), ("other", [a.open()]))
    [reading] = read(model, choices("keeper", "other"))
    assert reading.waits_for == {1: 0, 2: 0}


def test_an_operation_may_wait_for_its_own_process_or_for_another_whichever_is_later() -> None:
    """The walker opens b (2) and the keeper opens a (1), in no order; passing a (3) waits for the later of both."""
    a, b = Gate("a"), Gate("b")
    model = gates(("keeper", [a.open()]), ("walker", [b.open(), a.pass_through()]))
    assert what_waits_for(3, read(model, choices("keeper", "walker", "walker"))) == [2, 1]


def test_an_operation_may_wait_for_either_of_two_whichever_is_earlier() -> None:
    a = Gate("a")
    model = gates(("p", [a.open()]), ("q", [a.open()]), ("walker", [a.pass_through()]))
    found = read(model, choices("p", "q", "walker"))
    assert {each.waits_for[3] for each in found} == {1, 2}
    assert {each for reading in found for each in linear_extensions(reading)} == {
        (1, 2, 3),
        (2, 1, 3),
        (1, 3, 2),
        (2, 3, 1),
    }


def test_steps_that_are_not_measured_may_wait_for_anything() -> None:
    a, b = Gate("a"), Gate("b")
    model = gates(("keeper", [a.open()]), ("walker", [b.open(), a.pass_through()]))
    [reading] = readings(cuts_of(model, ANYTHING, choices("keeper", "walker", "walker")), set())
    assert reading.orders == {(0, 1), (0, 2), (1, 3), (2, 3)}


def test_an_atomic_operation_waits_for_each_of_its_parts() -> None:
    a, b = Gate("a"), Gate("b")
    walker = ("walker", [atomically(a.pass_through(), b.pass_through())])
    model = gates(("p", [a.open()]), ("q", [b.open()]), walker)
    assert what_waits_for(3, read(model, choices("p", "q", "walker"))) == [2, 1]


def test_a_choice_waits_for_what_was_chosen() -> None:
    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open(), b.open()]), ("walker", [any_of(a.pass_through(), b.pass_through())]))
    schedule = Schedule((Choice("p"), Choice("p"), Choice("walker", 0)))
    assert what_waits_for(3, read(model, schedule)) == [1]


def test_a_property_of_two_states_orders_what_its_last_step_is_compared_with() -> None:
    """Opening b while a is open is the violation: so opening a comes first, although nothing else orders the two."""

    def opened(before: Any, after: Any) -> str | None:
        return "b opens while a is open" if before["a"] and after["b"] and not before["b"] else None

    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open()]), ("q", [b.open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b"), opened)
    assert [each.orders for each in read(model, choices("p", "q"), prop)] == [{(0, 1), (1, 2)}]
    assert [each.orders for each in read(model, choices("p", "q"))] == [{(0, 1), (0, 2)}]


def test_a_property_of_two_states_orders_nothing_that_it_is_indifferent_to() -> None:
    def opened(before: Any, after: Any) -> str | None:
        return "b opens" if after["b"] and not before["b"] else None

    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open()]), ("q", [b.open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b"), opened)
    assert [each.orders for each in read(model, choices("p", "q"), prop)] == [{(0, 1), (0, 2)}]


def test_a_property_of_two_states_may_need_one_of_two_things_that_it_looks_at() -> None:
    """Opening c after a or b is the violation: after both, or after one of them, with the other coming later."""

    def opened(before: Any, after: Any) -> str | None:
        return "c opens late" if after["c"] and not before["c"] and (before["a"] or before["b"]) else None

    model = gates(("p", [Gate("a").open()]), ("q", [Gate("b").open()]), ("r", [Gate("c").open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b", "c"), opened)
    found = read(model, choices("p", "q", "r"), prop)
    assert {each for reading in found for each in linear_extensions(reading)} == {
        (1, 2, 3),
        (2, 1, 3),
        (1, 3, 2),
        (2, 3, 1),
    }


def test_only_the_orders_in_which_all_is_answered_as_it_was_have_a_schedule() -> None:
    cuts = cuts_of(lost_update(), ANYTHING, choices("p1", "p2", "p2", "p1"))
    assert list(schedules_of(cuts, (2, 1, 3, 4))) == [choices("p2", "p1", "p2", "p1")]
    assert list(schedules_of(cuts, (2, 3, 1, 4))) == []


def test_a_trace_with_too_many_cuts_is_refused() -> None:
    with pytest.raises(UsageError, match=r"The 4 steps of this trace can happen in too many orders: .* 5 states"):
        cuts_of(lost_update(), ANYTHING, choices("p1", "p2", "p2", "p1"), cuts_max=5)


@THOROUGH
@given(models(), st.integers(0, 99), st.booleans())
def test_the_readings_are_all_orders_and_each_step_waits_for_the_same_in_one(
    model: Model, seed: int, all_measured: bool
) -> None:
    _, trace = run_randomly(model, seed, steps_max=7)
    cuts = cuts_of(model, ANYTHING, trace.schedule)
    generator = random.Random(seed)
    measured = {step.number for step in cuts.steps if all_measured or generator.random() < 0.5}
    found = list(readings(cuts, measured))
    assert found[0].order == tuple(range(1, len(cuts.steps) + 1))
    extensions = [(numbers, reading) for reading in found for numbers in linear_extensions(reading)]
    assert {numbers for numbers, _ in extensions} == all_orders(cuts)
    for numbers, reading in extensions:
        runs = [run_waits(model, schedule, numbers) for schedule in schedules_of(cuts, numbers)]
        assert any(reading.waits_for.items() <= each.items() for each in runs)


@THOROUGH
@given(models(), st.integers(0, 99))
def test_no_order_is_in_two_readings(model: Model, seed: int) -> None:
    _, trace = run_randomly(model, seed, steps_max=7)
    assume(not any(event.operation == "toss" for event in trace.events))  # which may be answered alike in two ways
    assume(not any(map(meets_one_fault_in_two_places, blocks_in(model))))  # and so may these
    found = read(model, trace.schedule)
    extensions = [numbers for reading in found for numbers in linear_extensions(reading)]
    assert len(extensions) == len({*extensions})


def blocks_in(model: Model) -> list[tuple[InBlock, ...]]:
    return [
        each.block for process in model.processes for each in process.arguments[-1] if isinstance(each, Instruction)
    ]


def meets_one_fault_in_two_places(block: tuple[InBlock, ...]) -> bool:
    return sum(each.name == "glitch" for each in block) > 1


def run_waits(model: Model, schedule: Schedule, numbers: Sequence[int]) -> dict[int, int]:
    return {
        numbers[each.until - 1]: numbers[each.since - 1] if each.since else START
        for each in waits_of(model, schedule)
        if each.happened
    }
