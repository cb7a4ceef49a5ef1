"""What only faults make possible is reached where one of them happens, not where one could have."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explore import auto, kernel, python, reference
from deadheat.sim.explore.labels.breaking import Question, breaking_sets
from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.model import UNLIMITED, Kind, Model, Process, Property
from deadheat.sim.operations import Label

Role = Generator[Any, Any, Any]

L = Label("L", "what only a fault reaches")


class Count(Component):
    initial = 0

    @operation
    def hit(self, value: int, new: int) -> Steps:
        return (Step(None, new, fault="glitch"),)

    @operation
    def wait(self, value: int, wanted: int) -> Steps:
        return (Step(None, value),) if value == wanted else BLOCKED

    @operation
    def set(self, value: int, new: int) -> Steps:
        return (Step(None, new),)


def first(count: Count) -> Role:
    yield count.hit(1)


def second(count: Count) -> Role:
    yield count.wait(1)
    yield L(count.hit(2))


def model(budget: int) -> Model:
    count = Count("count")
    processes = (Process("first", first, (count,)), Process("second", second, (count,)))
    return Model({"count": count}, processes, (), {"glitch": budget})


EXPLORERS: dict[str, Any] = {
    "reference": reference.explore,
    "python": python.explore,
    "python in part": lambda model: python.explore(model, SearchOptions(partial_order=True)),
    "kernel": kernel.explore,
    "kernel on two cores": lambda model: kernel.explore(model, SearchOptions(cores=2)),
    "kernel in part": lambda model: kernel.explore(model, SearchOptions(partial_order=True)),
    "quotient": quotient.explore,
    "auto": auto.explore,
}


@pytest.mark.parametrize("name", EXPLORERS)
@pytest.mark.parametrize(("budget", "reaches"), [(0, False), (1, False), (2, True), (UNLIMITED, True)])
def test_a_step_is_reached_only_where_the_budget_allows_it(name: str, budget: int, reaches: bool) -> None:
    found = EXPLORERS[name](model(budget))
    assert found.labels_reached == ({"L"} if reaches else set())
    sites = {(each.function, each.line - second.__code__.co_firstlineno) for each in found.reached}
    assert (("second", 2) in sites) == reaches
    assert found.faults_fired == ({"glitch"} if budget else set())


def test_under_symmetry_what_one_name_reaches_all_do() -> None:
    def role(count: Count, name: str) -> Role:
        yield Label(f"by {name}", "")(count.hit(1))

    counts = {name: Count(f"count {name}") for name in ("n0", "n1", "n2")}
    processes = tuple(Process(f"p {name}", role, (count, name)) for name, count in counts.items())
    components = {each.name: each for each in counts.values()}
    symmetric = Model(components, processes, (), {"glitch": 2}, interchangeable=tuple(counts))
    for explore in (quotient.explore, kernel.explore):
        found = explore(symmetric, SearchOptions(symmetry=True, partial_order=True))
        assert "symmetry" in found.reductions
        assert found.labels_reached == {"by n0", "by n1", "by n2"}


def test_it_stays_reached_in_a_search_that_is_saved_and_gone_on_with(tmp_path: Path) -> None:
    def counting(count: Count) -> Role:
        for number in range(3, 200):
            yield count.set(number)

    count = Count("count")
    file = tmp_path / "search"
    processes = tuple(Process(role.__name__, role, (count,)) for role in (first, second, counting))
    larger = Model({"count": count}, processes, (), {"glitch": 2})
    stopped = kernel.explore(larger, SearchOptions(300, checkpoint=file))
    assert stopped.labels_reached == {"L"}
    found = kernel.explore(larger, SearchOptions(checkpoint=file))
    assert found.labels_reached == {"L"}
    assert found.faults_fired == {"glitch"}
    assert found.reached == python.explore(larger).reached


@pytest.mark.parametrize(("kinds", "reaches"), [(("glitch",), True), (("other",), False)])
def test_a_set_of_faults_reaches_what_they_reach_beside_those_that_are_allowed_anyhow(
    kinds: tuple[str, ...], reaches: bool
) -> None:
    never = Property("never", "", Kind.ALWAYS, ("count",), lambda view: None)
    sets: tuple[Kinds, ...] = (), (0,)
    models = {made: replace(model(1 + reaches * len(made)), properties=(never,)) for made in sets}
    found = breaking_sets(Question(kinds, 1, models, {"glitch": 1}, ("L",)))
    assert {made: set(found.coverage(made).steps_under(made)) for made in found.holding} == {
        (): set(),
        (0,): {"L"} if reaches else set(),
    }
