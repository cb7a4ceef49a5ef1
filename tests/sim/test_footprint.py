"""Footprints: the same for what no property can tell apart, and different where one can."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import assume, strategies as st

from deadheat.sim.explore import footprint as footprints
from deadheat.sim.explore.footprint import Footprint, footprint
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from deadheat.sim.model import UNLIMITED, Crash, Kind, Model, Process, Property, View
from tests.breadth import tried_on
from tests.sim import random_models
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]

one, other, coin = Variable("one", 0), Variable("other", 0), random_models.Cell("coin")


def writes(*values: int) -> Role:
    for value in values:
        yield one.set(value)


def writes_elsewhere(value: int) -> Role:
    yield other.set(value)


def looks_and_writes(*values: int) -> Role:
    for value in values:
        yield one.get()
        yield one.set(value)


def looks_for_ever() -> Role:
    yield one.get()


def model(*processes: Process) -> Model:
    return Model({"one": one, "other": other}, processes)


def test_what_does_the_same_has_the_same_footprint_however_it_is_done() -> None:
    looks = Process("looks", looks_for_ever, repeats=True, owed=False)
    one_way = model(Process("p", writes, (1, 2)), looks)
    assert footprint(one_way) == footprint(model(Process("q", looks_and_writes, (1, 2)), looks))


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
    assert footprint(model(Process("p", writes, (1, 2, 3))), SearchOptions(states_max=2)) is None


def test_values_that_are_equal_to_python_and_different_are_told_apart() -> None:
    assert footprint(model(Process("p", writes, (1,)))) != footprint(model(Process("p", writes, (True,))))


# What the footprint of old, states and steps alone, took for equal


def toggles() -> Role:
    while True:
        yield one.set(1)
        yield one.set(0)


def toggles_once_more(times: int) -> Role:
    for _ in range(times):
        yield one.set(1)
        yield one.set(0)


def stays(view: View) -> str | None:
    return "it stays 0" if view["one"] == 0 else None


def with_property(model: Model, kind: Kind) -> Model:
    return replace(model, properties=(Property("stays", "", kind, ("one",), stays),))


@pytest.mark.parametrize("kind", [Kind.SETTLED, Kind.EVENTUALLY])
def test_where_the_same_steps_come_to_an_end_is_another_footprint(kind: Kind) -> None:
    for_ever = model(Process("p", toggles), Process("looks", looks_for_ever, repeats=True, owed=False))
    twice = replace(for_ever, processes=(Process("p", toggles_once_more, (2,)), for_ever.processes[1]))
    verdicts = [set(explore(with_property(each, kind)).counterexamples) for each in (for_ever, twice)]
    assert verdicts == [set(), {"stays"}]
    one_way, other_way = prints(for_ever), prints(twice)
    assert one_way[:3] == other_way[:3]
    assert getattr(one_way, kind.value) != getattr(other_way, kind.value)


def test_who_is_owed_a_turn_is_another_footprint_although_every_step_is_the_same() -> None:
    """Without fairness to the writer, the run may look for ever and never write."""

    def looks() -> Role:
        yield one.get()

    def may_write(owed: bool) -> Model:
        return model(Process("looks", looks, repeats=True), Process("p", writes, (1,), owed=owed))

    owed, not_owed = may_write(True), may_write(False)
    assert set(explore(with_property(not_owed, Kind.EVENTUALLY)).counterexamples) == {"stays"}
    assert not explore(with_property(owed, Kind.EVENTUALLY)).counterexamples
    assert prints(owed)[:3] == prints(not_owed)[:3]
    assert prints(owed) != prints(not_owed)


def test_to_stay_in_more_than_is_seen_on_another_run_anyway_is_no_difference() -> None:
    """Whatever is for ever wrong in 0, 1 and 2 is so in 0 and 1; and what is in 0 and 1, is where the run ends in 0."""

    def tours(*paths: tuple[int, ...]) -> Role:
        for value in paths[(yield coin.toss(0)) % len(paths)]:
            yield one.set(value)

    def toggles_if(heads: int) -> Role:
        if (yield coin.toss(0)):
            yield from writes(1, 0)
            while heads == 2:
                yield from writes(1, 0)

    def tossing(role: Callable[..., Role], *arguments: Any, repeats: bool = False) -> Model:
        return Model({"one": one, "coin": coin}, (Process("p", role, arguments, repeats=repeats),))

    short, long = (1, 0), (1, 2, 0)
    assert (
        prints(tossing(tours, short, long, repeats=True)).eventually
        == prints(tossing(tours, short, repeats=True)).eventually
    )
    assert prints(tossing(tours, short, long, repeats=True)) != prints(tossing(tours, long, repeats=True))
    assert prints(tossing(toggles_if, 1)) == prints(tossing(toggles_if, 2))


def test_what_only_faults_without_an_end_keep_up_is_told_apart_unless_they_stop() -> None:
    process = Process("p", writes, (1, 0), crashes=(Crash("crash"),))
    for_ever = replace(model(process), budgets={"crash": UNLIMITED})
    quiet = replace(for_ever, quiet=True)
    assert prints(for_ever)[:4] == prints(quiet)[:4]
    assert prints(for_ever).eventually != prints(quiet).eventually


def test_too_many_sets_in_which_a_run_can_stay_are_no_footprint(monkeypatch: pytest.MonkeyPatch) -> None:
    for_ever = model(Process("p", toggles))
    assert footprint(for_ever) is not None
    monkeypatch.setattr(footprints, "LEAST_MAX", 1)
    assert footprint(for_ever) is None


def test_no_more_states_are_looked_at_than_take_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    for_ever = model(Process("p", toggles))
    monkeypatch.setattr(footprints, "LOOKED_AT_MAX", 0)
    assert footprint(for_ever) is None


@pytest.mark.parametrize("times", range(4))
def test_what_is_interrupted_has_no_footprint(times: int) -> None:
    count = iter(range(100))
    assert footprint(model(Process("p", toggles)), SearchOptions(asked=lambda: next(count) >= times)) is None


# The footprint against all properties that there are, in models so small that all can be asked for


def prints(model: Model) -> Footprint:
    found = footprint(model)
    assert found is not None
    return found


def every_property() -> Iterator[Property]:
    """Yield, for each kind, what tells what any property of it would say of two cells of three values."""
    contents = list(product(range(random_models.VALUES), range(random_models.VALUES)))

    def within(bad: frozenset[tuple[int, int]]) -> Callable[[View], str | None]:
        return lambda view: "bad" if (view["c0"], view["c1"]) in bad else None

    def from_to(pair: tuple[tuple[int, int], tuple[int, int]]) -> Callable[[View, View], str | None]:
        return lambda *views: "bad" if tuple((view["c0"], view["c1"]) for view in views) == pair else None

    for each in contents:
        yield Property(f"always {each}", "", Kind.ALWAYS, ("c0", "c1"), within(frozenset((each,))))
    for pair in product(contents, contents):
        name = "idle" if pair[0] == pair[1] else "step"
        yield Property(f"{name} {pair}", "", Kind.STEP, ("c0", "c1"), from_to(pair))
    for bad in chain.from_iterable(combinations(contents, size) for size in range(1, len(contents))):
        for kind in (Kind.SETTLED, Kind.EVENTUALLY):
            yield Property(f"{kind.value} {bad}", "", kind, ("c0", "c1"), within(frozenset(bad)))


EVERY_PROPERTY = tuple(every_property())


def violated(model: Model, field: str) -> set[str]:
    """Return the properties that the model violates, of those that tell what this field of the footprint does."""
    asked = tuple(each for each in EVERY_PROPERTY if each.name.startswith(field))
    return set(explore(replace(model, properties=asked)).counterexamples)


@st.composite
def mutants(draw: st.DrawFn) -> tuple[Model, Model]:
    """A model of up to two processes, and the same with one change to one of its processes."""
    model = draw(random_models.models())
    processes = list(model.processes[:2])
    which = draw(st.integers(0, len(processes) - 1))
    process = processes[which]
    system, program = process.arguments
    at = draw(st.integers(0, len(program) - 1))
    change = draw(st.sampled_from(["leave out", "twice", "other", "exchange", "owed", "repeats", "forgets"]))
    if change in ("owed", "repeats"):
        changed = replace(process, **{change: not getattr(process, change)})  # type: ignore[arg-type]
    elif change == "forgets":
        changed = replace(process, role=random_models.run_forgetfully)
    else:
        [other] = draw(random_models.programs((0, 1)))[:1]
        instead = {"leave out": (), "twice": (program[at],) * 2, "other": (other,), "exchange": ()}[change]
        following = program[at + 1 :]
        if change == "exchange":
            following = (*following[:1], program[at], *following[1:])
        program = (*program[:at], *instead, *following)
        assume(program)
        changed = replace(process, arguments=(system, program))
    processes[which] = changed
    quiet = replace(model, processes=model.processes[:2])
    return quiet, replace(quiet, processes=tuple(processes))


@tried_on(mutants(), few=12, many=30)
def test_two_models_have_the_same_footprint_exactly_if_no_property_tells_them_apart(pair: tuple[Model, Model]) -> None:
    limits = SearchOptions(states_max=300)
    one_print, other_print = (footprint(each, limits) for each in pair)
    assume(one_print is not None and other_print is not None)
    assert one_print is not None
    assert other_print is not None
    differing = one_print.differs_in(other_print)
    for field in Footprint._fields:
        told_apart = violated(pair[0], field) != violated(pair[1], field)
        if field != "idle":
            assert told_apart is (field in differing), field
        elif told_apart:  # whether or not properties are asked of steps in which nothing changes
            assert "idle" in differing
