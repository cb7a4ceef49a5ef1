"""Composition: what the parts say together is what the whole says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume

from deadheat.models.protocols import PROTOCOLS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Component
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions.composition import explore_parts
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model, Part, Process, Property, View
from tests.breadth import tried_on
from tests.sim.random_models import models
from tests.sim.test_agreement import coverage, verdicts


def composed(model: Model, *, merging: bool = True, guess_from: int = 20) -> Exploration | None:
    search = python.Search(Tables(model, merging=merging))
    search.run(guess_from)
    return explore_parts(search)


def side_by_side(one: Model, other: Model) -> Model:
    """Return a model of both, which share nothing but the budgets; a property is violated where it is in either."""

    def renamed(value: Any) -> Any:
        if isinstance(value, Component):
            return type(value)(f"{value.name}'")
        if isinstance(value, tuple) and not hasattr(value, "_fields"):
            return tuple(renamed(each) for each in value)
        if hasattr(value, "cells"):
            return replace(value, cells=renamed(value.cells))
        return value

    def crash_renamed(crash: Any) -> Any:
        operations = tuple(replace(each, component=f"{each.component}'") for each in crash.consequences.operations)
        return replace(crash, consequences=replace(crash.consequences, operations=operations))

    def primed(violation: Any) -> Any:
        return lambda *views: violation(*({name[:-1]: value for name, value in view.items()} for view in views))

    processes = tuple(
        Process(
            f"{each.name}'",
            each.role,
            renamed(each.arguments),
            each.repeats,
            each.owed,
            tuple(crash_renamed(crash) for crash in each.crashes),
        )
        for each in other.processes
    )
    properties = []
    for mine, theirs in zip(one.properties, other.properties, strict=True):
        names = tuple(f"{name}'" for name in theirs.reads)
        parts = (Part(mine.reads, mine.violation), Part(names, primed(theirs.violation)))
        properties.append(Property.of_parts(mine.name, "", mine.kind, parts))
    components = {**one.components, **{f"{name}'": renamed(each) for name, each in other.components.items()}}
    return Model(components, (*one.processes, *processes), tuple(properties), one.budgets, one.quiet)


@tried_on(models(), models(), few=35, many=150)
def test_two_models_side_by_side_are_judged_as_one(one: Model, other: Model) -> None:
    model = side_by_side(one, other)
    whole = python.explore(model, SearchOptions(20_000))
    assume(whole.complete)
    parts = composed(model)
    assume(parts is not None)
    assert parts is not None
    assert verdicts(parts) == verdicts(whole)
    assert parts.states <= whole.states + 1 or len(whole.counterexamples) == len(model.properties)
    if len(whole.counterexamples) < len(model.properties):
        assert coverage(parts) == coverage(whole)
    for name, schedule in parts.counterexamples.items():
        assert confirm(model, name, schedule)[1]


@pytest.mark.parametrize("faults", [(), (("worker-crash", 1),)], ids=["no faults", "a crash"])
@pytest.mark.parametrize("name", [each.name for each in PROTOCOLS[:3]])
def test_evaluations_that_share_nothing_are_composed(name: str, faults: tuple[tuple[str, int], ...]) -> None:
    model = Scenario(name, evaluations=2, faults=faults).model()
    found, whole = auto.explore(model), kernel.explore(model, SearchOptions(cores=2))
    assert found.reductions == ("merging", "composition")
    assert "no operation of one, nor what follows from its crashes, names a component of another" in found.remarks[0]
    assert verdicts(found) == verdicts(whole)
    assert coverage(found) == coverage(whole)
    assert found.states == 2 * python.explore(Scenario(name, faults=faults).model()).states < whole.states


def test_composition_can_be_switched_off() -> None:
    model = Scenario("baseline", evaluations=2).model()
    found = auto.explore(model, SearchOptions(composition=False, partial_order=False))
    assert found.reductions == ("merging",)
    assert found.states == 43_681


@pytest.mark.parametrize("name", [name for name in DEFAULT_PROTOCOLS if "+" in name][:2])
def test_evaluations_with_a_common_sweep_are_not_composed(name: str) -> None:
    assert composed(Scenario(name, evaluations=2).model(), guess_from=2_000) is None


def test_a_shared_component_found_late_joins_the_parts() -> None:
    # Each of two processes touches its own component first, and both a common one after 30 steps: the guess is wrong.
    from collections.abc import Generator

    from deadheat.sim.operations import Request
    from tests.sim.classics import Variable

    common = Variable("common", 0)
    own = Variable("own 0", 0), Variable("own 1", 0), Variable("own 2", 0)

    def late(me: int, own: tuple[Variable, ...], common: Variable) -> Generator[Request, Any, None]:
        for number in range(30):
            yield own[me].set(number)
        if me < 2:
            yield common.set(me)

    def lost(view: View) -> str | None:
        return "0 was last" if view["common"] == 0 else None

    model = Model(
        {each.name: each for each in (*own, common)},
        tuple(Process(f"p{me}", late, (me, own, common)) for me in range(3)),
        (Property("last", "", Kind.SETTLED, ("common",), lost),),
    )
    found = composed(model)
    assert found is not None
    assert "2 parts" in found.remarks[0]  # the two that share, and the third
    assert verdicts(found) == verdicts(python.explore(model)) == {"last": 30 * 3 + 2}


def test_two_parts_that_take_turns_in_a_violation_are_not_composed() -> None:
    from tests.sim.test_kernel import counting

    counters = counting((2, 2), wanted=1)

    def at_one(name: str) -> Part:
        return Part((name,), lambda view: "at 1" if view[name] == 1 else None)

    def either(view: View) -> str | None:
        return "at 1" if view["counter 0"] == 1 or view["counter 1"] == 1 else None

    reads = ("counter 0", "counter 1")
    together = Property("either", "", Kind.EVENTUALLY, reads, either)
    each = Property.of_parts("each", "", Kind.EVENTUALLY, map(at_one, reads))
    model = Model(counters.components, counters.processes, (together, each))
    assert composed(model, guess_from=2) is None
    assert set(auto.explore(model).counterexamples) == {"either"}  # no part of the other is violated all the time
