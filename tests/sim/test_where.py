"""Conditions on the order of steps: what is found is a shortest of those that meet them, as a slow twin has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from deadheat.sim.blocks import atomic_block
from deadheat.sim.errors import InternalError, UsageError
from deadheat.sim.explain import where
from deadheat.sim.explain.confirm import confirm, violation_of
from deadheat.sim.explain.where import Condition, parse_condition, require_known, require_met, watching
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Crash, Kind, Model, Process, Property, View
from deadheat.sim.operations import Label, Operation, Request, atomically, operations_of
from deadheat.sim.run.simulation import Simulation, run_randomly
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import Variable
from tests.sim.random_models import Instruction, models

T1, T2 = Label("T1", "one"), Label("T2", "two")


@st.composite
def watched_models(draw: st.DrawFn) -> tuple[Model, tuple[Condition, ...]]:
    """Models with conditions on steps that some random runs of them make."""
    model = _without_blocks(draw(models()))
    made = set()
    for seed in range(3):
        for each in run_randomly(model, seed, steps_max=12)[1].events:
            if each.operation != "crash" and " and " not in each.component:
                made.add(f"{each.component}.{each.operation}")
    crashes = [crash for process in model.processes for crash in process.crashes]
    brought = {f"{each.component}.{each.name}" for crash in crashes for each in crash.consequences.operations}
    names = st.sampled_from(sorted(made := made - brought) or ["c0.set"])
    pairs = st.tuples(names, names).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: Condition(*pair))
    kinds = [st.builds(Condition, names), st.builds(Condition, names, never=st.just(value=True))]
    kinds += [pairs, pairs] if len(made) > 1 else []
    return model, tuple(draw(st.lists(st.one_of(kinds), min_size=1, max_size=2)))


def _without_blocks(model: Model) -> Model:
    """The model without blocks, in which no condition sees a step."""
    processes = []
    for each in model.processes:
        home, program, *others = each.arguments
        plain = tuple(step._replace(block=()) if isinstance(step, Instruction) else step for step in program)
        processes.append(replace(each, arguments=(home, plain, *others)))
    return replace(model, processes=tuple(processes))


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
        simulation, steps = Simulation(model), []
        for choice in choices:
            operation = simulation.fire(choice).operation
            asked = operations_of(operation) if operation else ()
            steps.append({f"{each.component}.{each.name}" for each in asked})
        violated = violation_of(model, prop.name, Schedule(choices))
        if violated is not None and all(obviously(each, steps) for each in wanted):
            return len(choices)
        if len(choices) < steps_max:
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


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(watched_models())
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


def test_what_is_found_is_a_shortest_that_meets_the_conditions() -> None:
    thorough = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
    thorough(given(watched_models())(_compare))()
    assert {"always", "step", "settled", "eventually", "never", "happened", "before"} <= SEEN


@pytest.mark.parametrize("text", ["", "T5<", "<T8", "!", "!T4<T5", "T4<T5<T6", "T4<!T5", "T4<T4"])
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no condition on steps; write T5<T8"):
        parse_condition(text)


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


def test_what_a_block_or_a_crash_does_is_refused_as_a_condition() -> None:
    def inside() -> Generator[Operation, Any, None]:
        yield A.set(1)

    def role() -> Generator[Request, Any, None]:
        yield atomic_block(inside)
        yield B.set(1)

    never = Property("never", "", Kind.ALWAYS, ("b",), lambda view: "it is" if view["b"] else None)
    parts = {"a": A, "b": B}
    with pytest.raises(UsageError, match=r"a\.set may happen inside the atomic block"):
        python.explore(watching(Model(parts, (Process("p", role),), (never,)), (Condition("a.set"),)))
    crash = Crash("crash", consequences=atomically(A.set(2)))
    crashing = Model(parts, (Process("p", one, crashes=(crash,)),), (never,), {"crash": 1})
    with pytest.raises(UsageError, match=r"a\.set may happen with a crash"):
        watching(crashing, (Condition("a.set"),))
