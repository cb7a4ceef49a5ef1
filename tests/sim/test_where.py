"""Conditions on the order of steps: what is found is a shortest of those that meet them, as a slow twin has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import strategies as st

from deadheat.models.nodes import Node, with_nodes
from deadheat.sim.blocks import atomic_block
from deadheat.sim.errors import InternalError, UsageError
from deadheat.sim.explain import where
from deadheat.sim.explain.confirm import confirm, violation_of
from deadheat.sim.explain.where import Condition, parse_condition, require_known, require_met, watching
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Label, Operation, Request, atomically
from deadheat.sim.run.simulation import Simulation, run_randomly
from deadheat.sim.run.stepping import made_in
from deadheat.sim.trace import Choice, Schedule
from tests.breadth import tried, tried_on
from tests.sim.classics import Variable
from tests.sim.random_models import models

T1, T2 = Label("T1", "one"), Label("T2", "two")


@st.composite
def watched_models(draw: st.DrawFn) -> tuple[Model, tuple[Condition, ...]]:
    """Models with conditions on steps that some random runs of them make."""
    model = draw(models())
    made = set()
    for seed in range(3):
        schedule = run_randomly(model, seed, steps_max=12)[1].schedule
        made |= {name for step in steps_in(model, schedule.choices) for name in step}
    names = st.sampled_from(sorted(made) or ["c0.set"])
    pairs = st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Condition(*pair))
    kinds = [st.builds(Condition, names), st.builds(Condition, names, never=st.just(value=True))]
    kinds += [pairs, pairs] if len(made) > 1 else []
    return model, tuple(draw(st.lists(st.one_of(kinds), min_size=1, max_size=2)))


def steps_in(model: Model, choices: tuple[Choice, ...]) -> list[set[str]]:
    """The operations that each step of a run made, be it alone, with others, in a block, or with a crash."""
    simulation, steps = Simulation(model), []
    for choice in choices:
        done = simulation.fire(choice)
        if done.operation is None:
            made = simulation.processes[choice.process].process.crashes[choice.crash].consequences.operations
        else:
            made = tuple(operation for operation, _ in made_in(done.operation, done.step))
        if len(made) > (done.operation is not None):
            SEEN.add("with a crash" if done.operation is None else type(done.operation).__name__)
        steps.append({f"{each.component}.{each.name}" for each in made})
    return steps


def obviously(condition: Condition, steps: list[set[str]]) -> bool:
    """Whether a condition holds of a run, by its definition."""
    happened = [name for step in steps for name in step]
    if condition.never:
        return condition.first not in happened
    if condition.then is None:
        return condition.first in happened
    until = next((number for number, step in enumerate(steps) if condition.then in step), None)
    return until is not None and any(condition.first in step for step in steps[:until])


def shortest(model: Model, prop: Property, wanted: tuple[Condition, ...], steps_max: int) -> int | None:
    """The length of a shortest run that violates, and of which the conditions hold: every run, one after the other."""
    waiting: deque[tuple[Choice, ...]] = deque([()])
    while waiting:
        choices = waiting.popleft()
        violated = violation_of(model, prop.name, Schedule(choices))
        if violated is not None and all(obviously(each, steps_in(model, choices)) for each in wanted):
            return len(choices)
        if len(choices) < steps_max:
            simulation = Simulation(model)
            for choice in choices:
                simulation.fire(choice)
            waiting.extend((*choices, each.choice) for each in simulation.transitions())
    return None


def _compare(drawn: tuple[Model, tuple[Condition, ...]]) -> None:
    model, wanted = drawn
    watched = watching(model, wanted)
    found = python.explore(watched, SearchOptions(3_000))
    if not found.complete:
        return
    for prop in model.properties:
        schedule = found.counterexamples.get(prop.name)
        if schedule is not None:
            assert confirm(model, prop.name, schedule)[1]  # of the model as it is
            require_met(model, schedule, wanted)
            SEEN.update({str(prop.kind), *(_kind(each) for each in wanted)})
        if prop.kind in (Kind.ALWAYS, Kind.STEP) and (schedule is None or len(schedule.choices) <= STEPS_MAX):
            length = None if schedule is None else len(schedule.choices)
            assert shortest(model, prop, wanted, STEPS_MAX if length is None else length) == length


STEPS_MAX = 3
SEEN: set[str] = set()


def _kind(condition: Condition) -> str:
    return "never" if condition.never else "happened" if condition.then is None else "before"


@tried_on(watched_models(), few=10, many=25)
def test_all_explorers_find_the_same(drawn: tuple[Model, tuple[Condition, ...]]) -> None:
    watched = watching(*drawn)
    slow = reference.explore(watched, SearchOptions(300))
    if slow.complete:
        for fast in (python.explore(watched), kernel.explore(watched)):
            assert set(fast.counterexamples) == set(slow.counterexamples)


# A worked example

A, B, BAD = Variable("a", 0), Variable("b", 0), Variable("bad", 0)


def one() -> Generator[Request, Any, None]:
    yield T1(A.set(1))
    if (yield B.get()):
        yield BAD.set(1)


def two() -> Generator[Request, Any, None]:
    yield T2(B.set(1))
    if (yield A.get()):
        yield BAD.set(1)


def _bad(view: View) -> str | None:
    return "bad" if view["bad"] else None


MODEL = Model(
    {"a": A, "b": B, "bad": BAD},
    (Process("one", one), Process("two", two)),
    tuple(Property(str(kind), "", kind, ("bad",), _bad) for kind in (Kind.ALWAYS, Kind.SETTLED, Kind.EVENTUALLY)),
)


def _labels(wanted: str, *others: str) -> list[str | None] | None:
    conditions = tuple(map(parse_condition, (wanted, *others)))
    found = python.explore(watching(MODEL, conditions)).counterexamples
    lists = {tuple(each.label for each in confirm(MODEL, name, found[name])[0].events if each.label) for name in found}
    assert len(lists) <= 1
    return list(lists.pop()) if lists else None


def test_each_order_is_found_where_it_is_wanted() -> None:
    assert _labels("T1<T2") == ["T1", "T2"]
    assert _labels("T2<T1") == ["T2", "T1"]
    assert _labels("T1", "T2") is not None
    assert _labels("!T1") is None  # without it nothing goes wrong
    assert _labels("T1<T2", "T2<T1") is None
    assert _labels("T1<T2", "b.get<a.get") == ["T1", "T2"]


@pytest.mark.parametrize("examples", [60, pytest.param(160, marks=pytest.mark.slow)])
def test_what_is_found_is_a_shortest_that_meets_the_conditions(examples: int) -> None:
    tried(_compare, watched_models(), examples=examples)
    assert {"always", "step", "settled", "eventually", "never", "happened", "before"} <= SEEN
    assert {"Atomic", "Block", "with a crash"} <= SEEN


@pytest.mark.parametrize("text", ["", "T5<", "<T8", "!", "!T4<T5", "T4<T5<T6", "T4<!T5", "T4<T4"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition on steps; write T5<T8"):
        parse_condition(text)
    with pytest.raises(UsageError, match="'T5>T8' is no condition on steps; write T8<T5, with what comes first"):
        parse_condition("T5>T8")


def test_conditions_read_as_they_are_written() -> None:
    for text in ("T5<T8", "T4", "!redis.get"):
        assert str(parse_condition(text)) == text
    assert parse_condition(" T5 < T8 ") == Condition("T5", "T8")


def test_a_step_that_there_is_not_is_refused_with_the_nearest() -> None:
    require_known(MODEL, ["T1", "T2"], [Condition("T1", "a.set"), Condition("b.get", never=True)])
    for name, nearest in (("a.sett", "a.set"), ("T11", "T1")):
        with pytest.raises(UsageError, match=f"did you mean {nearest}"):
            require_known(MODEL, ["T1", "T2"], [Condition(name)])


def test_a_counterexample_of_which_the_conditions_do_not_hold_is_a_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = python.explore(MODEL).counterexamples["always"]
    with pytest.raises(InternalError, match="This is a defect of deadheat"):
        require_met(MODEL, schedule, (Condition("T1", never=True),))
    monkeypatch.setattr(where.Condition, "holds", lambda *_: True)  # a monitor that lets everything pass
    wanted = (Condition("T2", "T1"), Condition("a.get", "b.get"))
    found = python.explore(watching(MODEL, wanted)).counterexamples["always"]
    with pytest.raises(InternalError):
        require_met(MODEL, found, wanted)


def test_what_a_block_does_is_seen_where_it_happens() -> None:
    def inside(wanted: int) -> Generator[Operation, Any, bool]:
        if (yield B.get()) != wanted:
            return False
        yield A.set(1)
        yield BAD.set(1)
        return True

    def role(wanted: int) -> Generator[Request, Any, None]:
        yield T1(atomic_block(inside, wanted))

    always = Property("bad", "", Kind.ALWAYS, ("bad",), _bad)
    parts = {"a": A, "b": B, "bad": BAD}
    model = Model(parts, (Process("p", role, (0,)), Process("q", role, (1,)), Process("r", two)), (always,))
    for condition, is_found in {"a.set": True, "!a.set": False, "T1": True, "!T1": False, "b.get": True}.items():
        found = python.explore(watching(model, (parse_condition(condition),))).counterexamples
        assert bool(found) is is_found, condition
    for order in ("a.set<bad.set", "T1<a.set", "b.get<a.set"):  # of what happens at one instant, nothing is first
        assert not python.explore(watching(Model(parts, model.processes[:1], (always,)), (parse_condition(order),))
                                  ).counterexamples  # fmt: skip
    later = python.explore(watching(model, (parse_condition("b.set<a.set"),))).counterexamples["bad"]
    require_met(model, later, (Condition("b.set", "a.set"),))
    with pytest.raises(InternalError):
        require_met(model, later, (Condition("a.set", never=True),))


def test_what_a_crash_brings_with_it_is_seen() -> None:
    crash = Crash("crash", consequences=atomically(BAD.set(1)))
    always = Property("bad", "", Kind.ALWAYS, ("bad",), _bad)
    model = Model({"a": A, "b": B, "bad": BAD}, (Process("p", one, crashes=(crash,)),), (always,), {"crash": 1})
    found = python.explore(watching(model, (Condition("bad.set"),))).counterexamples["bad"]
    require_met(model, found, (Condition("bad.set"), Condition("a.set", "bad.set")))
    with pytest.raises(InternalError):
        require_met(model, found, (Condition("bad.set", never=True),))
    assert not python.explore(watching(model, (Condition("bad.set", never=True),))).counterexamples


def test_the_crash_of_a_node_has_the_name_that_is_offered_for_it() -> None:
    node = Node("nd/k1", ("p",), (Crash("lost", consequences=atomically(BAD.set(1))),))
    always = Property("bad", "", Kind.ALWAYS, ("bad",), _bad)
    plain = Model({"a": A, "b": B, "bad": BAD}, (Process("p", one),), (always,), {"lost": 1})
    model = with_nodes(plain, node)
    require_known(model, (), (Condition("nd.crash"),))
    for name in ("nd.crash", "bad.set"):
        assert python.explore(watching(model, (Condition(name),))).counterexamples
        assert not python.explore(watching(model, (Condition(name, never=True),))).counterexamples
