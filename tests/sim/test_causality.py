"""What in a trace depends on what: known cases, and random ones whose steps are put into another order."""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from typing import Any

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from deadheat.sim.causality import Causality, CausalStep, causality, left_waiting, run_in_order
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.confirm import violation_of
from deadheat.sim.explore import python
from deadheat.sim.explore.results import Limits
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.operations import any_of, atomically
from deadheat.sim.simulation import replay, run_randomly
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import lost_update
from tests.sim.random_models import models

THOROUGH = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
ANYTHING = Property("anything", "", Kind.ALWAYS, (), lambda view: "it happened")

Role = Generator[Any, Any, Any]


def choices(*names: str) -> Schedule:
    return Schedule(tuple(Choice(name) for name in names))


def linear_extension(causes: Causality, seed: int) -> list[CausalStep]:
    """Return the steps in a random order that keeps what they wait for, and their orders."""
    generator = random.Random(seed)
    before = {step.number: {each for each in step.waits_for if each} for step in causes.steps}
    for earlier, later in causes.orders:
        before[later].add(earlier)
    ordered: list[CausalStep] = []
    while len(ordered) < len(causes.steps):
        done = {each.number for each in ordered}
        ready = [each for each in causes.steps if each.number not in done and before[each.number] <= done]
        ordered.append(generator.choice(ready))
    return ordered


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


def waits(causes: Causality) -> list[tuple[int, ...]]:
    return [step.waits_for for step in causes.steps]


def test_two_reads_may_change_places_and_a_read_and_a_write_may_not() -> None:
    """p1 reads (1), p2 reads (2) and writes (3), p1 writes (4), both 1: each write follows the other's read only.

    The second write changes nothing where it stands in the trace, but it would before the second read.
    """
    causes = causality(lost_update(), ANYTHING, choices("p1", "p2", "p2", "p1"))
    assert waits(causes) == [(0,), (0,), (2,), (1,)]
    assert causes.orders == ((1, 3), (2, 4))


def test_writes_of_the_same_value_may_change_places_unless_one_is_strict() -> None:
    a = Gate("a")
    model = gates(("p", [a.open()]), ("q", [a.open()]))
    assert causality(model, ANYTHING, choices("p", "q")).orders == ()
    assert causality(model, ANYTHING, choices("p", "q"), strict=True).orders == ((1, 2),)


def test_an_operation_waits_for_the_step_that_made_it_possible() -> None:
    """The gate is opened (1), shut (2) and opened again (3): whoever passes it (4) waits for the last of these."""
    a = Gate("a")
    model = gates(("keeper", [a.open(), a.shut(), a.open()]), ("walker", [a.pass_through()]))
    assert waits(causality(model, ANYTHING, choices("keeper", "keeper", "keeper", "walker")))[-1] == (3,)


def test_an_operation_that_was_possible_all_along_waits_for_its_own_process_alone() -> None:
    a = Gate("a")
    model = gates(("keeper", [a.open()]), ("other", [a.open()]))
    assert waits(causality(model, ANYTHING, choices("keeper", "other"))) == [(0,), (0,)]


def test_an_operation_may_wait_for_its_own_process_or_for_another_whichever_is_later() -> None:
    """The walker opens b (2) and the keeper opens a (1), in no order; passing a (3) waits for both."""
    a, b = Gate("a"), Gate("b")
    model = gates(("keeper", [a.open()]), ("walker", [b.open(), a.pass_through()]))
    assert waits(causality(model, ANYTHING, choices("keeper", "walker", "walker")))[-1] == (2, 1)


def test_an_atomic_operation_waits_for_each_of_its_parts() -> None:
    a, b = Gate("a"), Gate("b")
    walker = ("walker", [atomically(a.pass_through(), b.pass_through())])
    model = gates(("p", [a.open()]), ("q", [b.open()]), walker)
    assert waits(causality(model, ANYTHING, choices("p", "q", "walker")))[-1] == (2, 1)


def test_a_choice_waits_for_what_was_chosen() -> None:
    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open(), b.open()]), ("walker", [any_of(a.pass_through(), b.pass_through())]))
    schedule = Schedule((Choice("p"), Choice("p"), Choice("walker", 0)))
    assert waits(causality(model, ANYTHING, schedule))[-1] == (1,)


def test_a_property_of_two_states_orders_what_its_last_step_is_compared_with() -> None:
    """Opening b while a is open is the violation: so opening a comes first, although nothing else orders the two."""

    def opened(before: Any, after: Any) -> str | None:
        return "b opens while a is open" if before["a"] and after["b"] and not before["b"] else None

    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open()]), ("q", [b.open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b"), opened)
    assert causality(model, prop, choices("p", "q")).orders == ((1, 2),)
    assert causality(model, ANYTHING, choices("p", "q")).orders == ()


def test_a_property_of_two_states_orders_nothing_that_it_is_indifferent_to() -> None:
    def opened(before: Any, after: Any) -> str | None:
        return "b opens" if after["b"] and not before["b"] else None

    a, b = Gate("a"), Gate("b")
    model = gates(("p", [a.open()]), ("q", [b.open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b"), opened)
    assert causality(model, prop, choices("p", "q")).orders == ()
    assert causality(model, prop, choices("p", "q"), strict=True).orders == ((1, 2),)


def test_a_property_of_two_states_may_need_one_of_two_things_that_it_looks_at() -> None:
    """Opening c after a or b is the violation: without a it is one by b, but not without both."""

    def opened(before: Any, after: Any) -> str | None:
        return "c opens late" if after["c"] and not before["c"] and (before["a"] or before["b"]) else None

    model = gates(("p", [Gate("a").open()]), ("q", [Gate("b").open()]), ("r", [Gate("c").open()]))
    prop = Property("step", "", Kind.STEP, ("a", "b", "c"), opened)
    assert causality(model, prop, choices("p", "q", "r")).orders == ((2, 3),)


def test_what_is_left_waiting_is_known_with_what_it_waits_for() -> None:
    a, b = Gate("a"), Gate("b")
    model = gates(("keeper", [a.open()]), ("walker", [a.pass_through()]), ("stuck", [b.pass_through()]))
    [left] = left_waiting(model, choices("keeper"))
    assert (left.process, left.waits_for) == ("walker", (1, 0))


def test_a_step_that_cannot_be_answered_as_it_was_is_not_run() -> None:
    steps = causality(lost_update(), ANYTHING, choices("p1", "p2", "p2", "p1")).steps
    assert run_in_order(lost_update(), [steps[1], steps[0], steps[2], steps[3]]) == choices("p2", "p1", "p2", "p1")
    assert run_in_order(lost_update(), [steps[1], steps[2], steps[0], steps[3]]) is None


@THOROUGH
@given(models(), st.integers(0, 99), st.booleans())
def test_independent_steps_may_change_places(model: Model, seed: int, strict: bool) -> None:
    simulation, trace = run_randomly(model, seed, steps_max=12)
    causes = causality(model, ANYTHING, trace.schedule, strict=strict)
    schedule = run_in_order(model, linear_extension(causes, seed))
    assert schedule is not None
    again, _ = replay(model, schedule)
    assert freeze(tuple(again.values.items())) == freeze(tuple(simulation.values.items()))
    assert again.state(merging=True) == simulation.state(merging=True)


@THOROUGH
@given(models(), st.integers(0, 99))
def test_a_counterexample_in_another_order_is_still_one(model: Model, seed: int) -> None:
    found = python.explore(model, Limits(5_000)).counterexamples
    assume(found)
    for prop in model.properties:
        if prop.name not in found or not found[prop.name].choices or prop.kind is Kind.EVENTUALLY:
            continue  # a run without an end has no order to speak of
        causes = causality(model, prop, found[prop.name])
        ordered = linear_extension(causes, seed)
        if prop.kind is Kind.STEP:
            ordered = ordered[: ordered.index(causes.steps[-1]) + 1]
        schedule = run_in_order(model, ordered)
        assert schedule is not None
        assert violation_of(model, prop.name, schedule) is not None
