"""Blocks: one instant in which each operation has what the ones before it left; refused where that cannot be said."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from deadheat.sim.blocks import atomic_block
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.errors import ModelError, PurityError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.fingerprint import fingerprint
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Label, Operation, Request, any_of, atomically
from deadheat.sim.run.simulation import Simulation, replay
from deadheat.sim.run.stepping import JointStep, made_in, steps_of
from deadheat.sim.trace import Choice, Schedule
from tests.sim.random_models import FAULT, FED, VALUES, Cell, InBlock, Instruction, block_of, models, run_block, small

CELLS = (Cell("c0"), Cell("c1"), Cell("c2"))

Plain = Generator[Operation, Any, Any]
Role = Generator[Request, Any, Any]


# What a block does, against what its program says


class Ended(NamedTuple):
    """One way in which a block ends, by the slow and obvious twin: what it returns, holds, and fails by."""

    outcome: int
    values: tuple[int, ...]
    fault: str | None


def every_end(
    program: tuple[InBlock, ...], values: tuple[int, ...], last: int = 0, fault: str | None = None
) -> list[Ended]:
    """Go through the program by hand: no generator, no tables."""
    if not program:
        return [Ended(last + VALUES, values, fault)]
    first, *others = program
    held, argument = values[first.cell], last if first.argument == FED else first.argument
    steps: dict[str, list[tuple[int | None, int, str | None]]] = {
        "get": [(held, held, None)],
        "set": [(None, argument, None)],
        "add": [(None, (held + argument) % VALUES, None)],
        "wait_for": [(None, held, None)] if held == argument else [],
        "toss": [(0, held, None), (1, argument, None)],
        "glitch": [(None, held, None), (None, argument, FAULT)],
    }
    ends = []
    for told, left, failed in steps[first.name]:
        now = last if told is None else told
        after = (*values[: first.cell], left, *values[first.cell + 1 :])
        if now == first.ends:
            ends.append(Ended(now, after, fault or failed))
        else:
            ends += every_end(tuple(others), after, now, fault or failed)
    return ends


programs = st.lists(
    st.builds(
        InBlock,
        st.integers(0, 2),
        st.sampled_from(["get", "set", "add", "wait_for", "toss", "glitch"]),
        st.integers(FED, VALUES - 1),
        st.integers(-1, 2),
    ),
    max_size=5,
).map(tuple)


@settings(max_examples=400, deadline=None)
@given(programs, st.tuples(small, small, small))
def test_a_block_goes_in_every_way_in_which_its_program_does(
    program: tuple[InBlock, ...], start: tuple[int, ...]
) -> None:
    held = {cell.name: value for cell, value in zip(CELLS, start, strict=True)}
    model = Model({cell.name: cell for cell in CELLS}, ())
    block = atomic_block(run_block, CELLS, program)
    ways = [
        Ended(step.outcome, tuple({**held, **step.values}.values()), step.fault)
        for step in steps_of(model, block, held)
    ]
    assert ways == every_end(program, start)


def _note(model: Model) -> None:
    found = python.explore(model, SearchOptions(2_000))
    SEEN.update(kind for kind in ("always", "step", "settled", "eventually") if kind in found.counterexamples)
    for process in model.processes:
        for instruction in process.arguments[1]:
            if isinstance(instruction, Instruction) and instruction.block:
                held = {cell.name: cell.initial for cell in model.components.values()}
                SEEN.update(_clauses(list(steps_of(model, block_of(process.arguments[0].cells, instruction), held))))


SEEN: set[str] = set()


def _clauses(ways: list[JointStep]) -> set[str]:
    return {
        *(["blocks"] if not ways else []),
        *(["branches"] if len({repr(way.outcome) for way in ways}) > 1 else []),
        *("fails" for way in ways if way.fault),
        *("ends early" for way in ways if way.outcome < VALUES),
        *("several cells" for way in ways if len(way.values) > 1),
        *("one cell twice" for way in ways if len(way.inside) > len(way.values)),
    }


def test_random_models_have_blocks_that_meet_each_clause() -> None:
    """A generator whose blocks never ran would prove nothing."""
    settings(max_examples=60, deadline=None)(given(models())(_note))()
    clauses = {"blocks", "branches", "fails", "ends early", "several cells", "one cell twice"}
    assert {*clauses, "always", "step", "settled", "eventually"} <= SEEN


# A worked example


class Orders(Component):
    """The state of each order, by its key."""

    keyed, initial = True, "new"

    @operation
    def get(self, value: str, order: str) -> Steps:
        return (Step(value, value),)

    @operation
    def set(self, value: str, order: str, state: str) -> Steps:
        return (Step(None, state),)


class Outbox(Component):
    """What was put into it."""

    initial: tuple[str, ...] = ()

    @operation
    def put(self, value: tuple[str, ...], order: str) -> Steps:
        return (Step(len(value), (*value, order)),)

    @operation
    def take(self, value: tuple[str, ...]) -> Steps:
        return (Step(value[0], value[1:]),) if value else BLOCKED


@dataclass(frozen=True)
class Shop:
    """What roles talk to."""

    orders: Orders
    outbox: Outbox
    unused: Outbox

    def components(self, *orders: str) -> dict[str, Component]:
        """Return the components of a model with these orders."""
        return {**{f"orders/{each}": self.orders for each in orders}, "outbox": self.outbox, "unused": self.unused}


SHOP = Shop(Orders("orders"), Outbox("outbox"), Outbox("unused"))
CLAIM = Label("claim", "the order is claimed")


def claim(shop: Shop, order: str) -> Plain:
    if (yield shop.orders.get(order)) != "new":
        return "too late"
    yield shop.orders.set(order, "claimed")
    return (yield shop.outbox.put(order))


def place(shop: Shop, order: str) -> Role:
    yield CLAIM(atomic_block(claim, shop, order))


def claim_in_steps(shop: Shop, order: str) -> Role:
    yield from claim(shop, order)


def _placed_twice(before: View, after: View) -> str | None:
    return "placed twice" if len(after["outbox"]) > 1 else None


TWICE = Property("twice", "", Kind.STEP, ("outbox",), _placed_twice)


def _model(role: Any, *processes: str) -> Model:
    return Model(SHOP.components("o1"), tuple(Process(each, role, (SHOP, "o1")) for each in processes), (TWICE,))


def test_nobody_comes_in_between() -> None:
    assert set(python.explore(_model(claim_in_steps, "a", "b")).counterexamples) == {"twice"}
    found = python.explore(_model(place, "a", "b"))
    assert not found.counterexamples
    assert (found.states, found.transitions) == (
        4,
        4,
    )  # neither, one or the other, or both


def test_what_it_may_touch_is_read_off_the_code() -> None:
    block = atomic_block(claim, SHOP, "o1")
    assert {str(each) for each in block.reaches} == {"orders/o1", "outbox"}


def test_of_a_component_with_instances_all_are_touched_if_no_argument_is_a_key() -> None:
    def claim_the_first(shop: Shop) -> Plain:
        yield shop.orders.set("o2", "claimed")

    def role(shop: Shop) -> Role:
        yield atomic_block(claim_the_first, shop)

    model = Model(SHOP.components("o1", "o2"), (Process("a", role, (SHOP,)),))
    assert python.explore(model).values["orders/o2"] == ["new", "claimed"]


def test_a_trace_shows_the_block_as_one_step() -> None:
    _, trace = replay(_model(place, "a", "b"), Schedule((Choice("a"), Choice("b"))))
    first, second = trace.events
    assert (first.component, first.operation, first.arguments) == ("orders/o1 and outbox", "claim", ("o1",))
    assert (first.outcome, first.label, second.outcome) == ("0", "claim", "too late")
    assert first.changes == {"orders/o1": "claimed", "outbox": "(o1,)"}
    assert second.changes == {}


def test_what_was_done_inside_is_known_operation_by_operation() -> None:
    simulation = Simulation(_model(place, "a"))
    fired = simulation.fire(Choice("a"))
    assert fired.operation is not None
    told = [(str(each), outcome) for each, outcome in made_in(fired.operation, fired.step)]
    assert told == [("orders/o1.get(o1)", "new"), ("orders/o1.set(o1, claimed)", None), ("outbox.put(o1)", 0)]


def test_what_is_reached_inside_is_covered_line_by_line() -> None:
    for explore in (python.explore, reference.explore):
        alone, raced = (explore(_model(place, *names)).reached for names in (("a",), ("a", "b")))
        assert alone == raced
        assert sum(site.function == "claim" for site in alone) == 3


def test_what_only_a_fault_reaches_inside_is_covered_when_it_happens() -> None:
    glitch = Cell("c0")

    def stumble(cell: Cell) -> Plain:
        yield cell.glitch(1)
        if (yield cell.get()) == 1:
            yield cell.set(2)

    def role() -> Role:
        yield atomic_block(stumble, glitch)

    for budget, lines in ((0, 2), (1, 3)):
        model = Model({"c0": glitch}, (Process("p", role),), (), {FAULT: budget})
        for found in (python.explore(model), reference.explore(model), kernel.explore(model)):
            assert sum(site.function == "stumble" for site in found.reached) == lines


def test_a_block_may_be_one_of_several_choices() -> None:
    def role(shop: Shop) -> Role:
        chosen = yield any_of(atomic_block(claim, shop, "o1"), shop.outbox.take())
        yield shop.unused.put(f"{chosen.which} {chosen.outcome}")

    found = python.explore(Model(SHOP.components("o1"), (Process("a", role, (SHOP,)),)))
    assert found.values["unused"] == [(), ("0 0",)]


def test_a_block_that_a_role_makes_anew_each_time_is_the_same() -> None:
    def role(shop: Shop) -> Role:
        for order in ("o1", "o2"):

            def of_order(order: str = order) -> Plain:
                return (yield from claim(shop, order))

            yield atomic_block(of_order)

    model = Model(SHOP.components("o1", "o2"), (Process("a", role, (SHOP,)), Process("b", role, (SHOP,))))
    found, slow = python.explore(model), reference.explore(model)
    assert found.values["outbox"] == slow.values["outbox"]


def test_the_fingerprint_of_a_model_is_that_of_its_blocks_too() -> None:
    def other(shop: Shop, order: str) -> Plain:
        yield shop.outbox.put(order)

    def role(shop: Shop, order: str) -> Role:
        yield atomic_block(other, shop, order)

    assert fingerprint(_model(place, "a")) == fingerprint(_model(place, "a")) != fingerprint(_model(role, "a"))


# What is refused


def _refused(block: Any, *arguments: Any, **touching: Any) -> str:
    def role() -> Role:
        yield atomic_block(block, *arguments, **touching)

    model = Model({**SHOP.components("o1"), **{each.name: each for each in CELLS}}, (Process("p", role),))
    messages = set()
    for explore in (python.explore, reference.explore):
        with pytest.raises((ModelError, PurityError)) as error:
            explore(model)
        messages.add(str(error.value).replace("\n", " "))
    assert len(messages) == 1, messages
    return messages.pop()


def waits_for_one_of_two() -> Plain:
    yield any_of(CELLS[0].get(), CELLS[1].get())  # type: ignore[misc]


def two_at_once() -> Plain:
    yield atomically(CELLS[0].get(), CELLS[1].get())  # type: ignore[misc]


def a_number() -> Plain:
    yield 5  # type: ignore[misc]


def another_function() -> Plain:
    yield claim(SHOP, "o1")  # type: ignore[misc]


def with_a_label() -> Plain:
    yield CLAIM(CELLS[0].get())


def forgets() -> Plain:
    CELLS[0].set(1)
    yield CELLS[0].get()


def forgets_at_the_end() -> Plain:
    yield CELLS[0].get()
    kept = CELLS[0].set(1)
    return kept.name


def for_ever() -> Plain:
    while True:
        yield CELLS[0].get()


def raises() -> Plain:
    yield CELLS[0].get()
    raise ZeroDivisionError


def over_a_set() -> Plain:
    for each in frozenset({0, 1, 2}):
        yield CELLS[each].set(1)


def returns_a_list() -> Plain:
    yield CELLS[0].get()
    return []


def tosses_twenty_times() -> Plain:
    for _ in range(20):
        yield CELLS[0].toss(1)


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (waits_for_one_of_two, ["yielded an AnyOf", "nothing can be waited for"]),
        (two_at_once, ["yielded an Atomic", "one by one"]),
        (a_number, ["yielded an int", "a_number (tests/sim/test_blocks.py:"]),
        (another_function, ["yielded a generator", "yield from"]),
        (with_a_label, ["label claim", "put the label on it"]),
        (forgets, ["made the request c0.set", "never yielded it"]),
        (forgets_at_the_end, ["made the request c0.set", "never yielded it"]),
        (for_ever, ["more than 1,000 operations"]),
        (raises, ["ZeroDivisionError", "in raises (tests/sim/test_blocks.py:"]),
        (over_a_set, ["loop over a set", "sorted(...)"]),
        (returns_a_list, ["What the block returns_a_list returns must be immutable"]),
        (tosses_twenty_times, ["more than 10,000 ways"]),
    ],
)
def test_what_no_instant_can_be_made_of_is_refused(block: Any, words: list[str]) -> None:
    message = _refused(block)
    assert block.__name__ in message
    assert all(word in message for word in words), message


def test_what_it_was_not_known_to_touch_it_may_not() -> None:
    message = _refused(claim, SHOP, "o1", touching=(SHOP.orders,))
    assert message == (
        "The block claim asks for outbox.put(o1), and is only known to touch 'orders/o1'; name all components that it "
        "may touch, as in atomic_block(..., touching=(one, other))."
    )


def test_a_component_that_is_not_there_is_not_touched() -> None:
    assert "There is no component 'orders/o7'" in _refused(claim, SHOP, "o1", touching=("orders/o7",))
    assert "touch a int" in _refused(claim, SHOP, "o1", touching=(5,))


def test_what_is_no_generator_function_is_refused() -> None:
    assert "is no generator function" in _refused(lambda: CELLS[0].get())
    with pytest.raises(ModelError, match="was given a call of claim; write atomic_block"):
        atomic_block(claim(SHOP, "o1"))  # type: ignore[arg-type]


def test_what_could_change_is_not_given_to_a_block() -> None:
    def count(counted: list[int]) -> Plain:
        counted.append(1)
        yield CELLS[0].set(len(counted))

    assert "must be immutable: a list can change" in _refused(count, [])
    counted: list[int] = []
    assert "must be immutable: a list can change" in _refused(lambda: (yield from count(counted)))


def test_a_block_sets_nothing_around_it() -> None:
    def role() -> Role:
        seen = 0

        def look() -> Plain:
            nonlocal seen
            seen = yield CELLS[0].get()

        yield atomic_block(look)
        yield CELLS[1].set(seen)

    with pytest.raises(ModelError, match=r"The block look .* sets 'seen', a variable of the function around it"):
        python.explore(Model({each.name: each for each in CELLS}, (Process("p", role),)))


REMEMBERED: list[int] = []


def test_a_block_remembers_nothing_in_a_global() -> None:
    def remember() -> Plain:
        REMEMBERED.append(1)
        yield CELLS[0].set(1)

    def role() -> Role:
        yield atomic_block(remember)

    with pytest.raises(PurityError, match="REMEMBERED"):
        python.explore(Model({each.name: each for each in CELLS}, (Process("p", role),)))


def test_a_block_asks_no_clock() -> None:
    def late() -> Plain:
        yield CELLS[0].set(int(time.time() > 5))

    def role() -> Role:
        yield atomic_block(late)

    with pytest.raises(PurityError, match="a clock"):
        python.explore(Model({each.name: each for each in CELLS}, (Process("p", role),)))


class Frail(Component):
    """Fails in one of two ways."""

    initial = 0

    @operation
    def fail(self, value: int, how: str) -> Steps:
        return (Step(None, value, fault=how),)


def test_a_block_does_not_fail_in_two_ways_at_once() -> None:
    frail = Frail("frail")

    def fail_twice() -> Plain:
        yield frail.fail("one")
        yield frail.fail("other")

    def role() -> Role:
        yield atomic_block(fail_twice)

    model = Model({"frail": frail}, (Process("p", role),), (), {"one": 1, "other": 1})
    with pytest.raises(ModelError, match="The block fail_twice fails in two ways at once: one and other"):
        python.explore(model)


# Counterexamples


def test_a_counterexample_through_blocks_is_confirmed_and_replayed() -> None:
    def seen_empty(view: View) -> str | None:
        return "claimed and gone" if view["orders/o1"] == "claimed" and not view["outbox"] else None

    def relay(shop: Shop) -> Role:
        yield shop.outbox.take()

    gone = Property("gone", "", Kind.ALWAYS, ("orders/o1", "outbox"), seen_empty)
    model = replace(_model(place, "a"), properties=(gone,))
    model = replace(model, processes=(*model.processes, Process("relay", relay, (SHOP,))))
    for found in (python.explore(model), kernel.explore(model), reference.explore(model)):
        trace, violation = confirm(model, "gone", found.counterexamples["gone"])
        assert violation == "claimed and gone"
        assert [event.operation for event in trace.events] == ["claim", "take"]
