"""The search for all sets of faults on several cores: it says what it says on one, however the work is shared out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy
import pytest
from hypothesis import strategies as st

from deadheat.scenarios.check import Options
from deadheat.scenarios.minimal_sets import minimal_sets
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.compiled import hindsight
from deadheat.sim.explore.compiled.threads import Threads
from deadheat.sim.explore.labels import expanding, search
from deadheat.sim.explore.labels.breaking import breaking_sets
from deadheat.sim.explore.labels.expanding import Expansion
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Model
from tests.breadth import tried, tried_on
from tests.sim.random_models import models
from tests.sim.test_breaking_sets import Said, question_of, said_by


@pytest.fixture
def little_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have few pairs expanded at once, with little room for what they lead to: each core is asked several times."""
    monkeypatch.setattr(search, "FIRST_CHUNK", 2)
    monkeypatch.setattr(search, "CHUNK", 64)
    for name in ("OUT_ROOM", "EVENTS_ROOM", "MISSES_ROOM"):
        monkeypatch.setattr(expanding, name, 1)


def said_on(cores: int, model: Model) -> Said:
    return said_by(breaking_sets(replace(question_of(model), options=SearchOptions(cores=cores))))


@tried_on(models(), st.integers(2, 4), few=40, many=600)
def test_several_cores_say_what_one_says(little_at_once: None, model: Model, cores: int) -> None:
    assert said_on(cores, model) == said_on(1, model)


def differing(break_it: Callable[[pytest.MonkeyPatch], None]) -> int:
    """Return for how many random models two cores say something else, once something is broken, than one did before."""
    several: list[bool] = []

    def compare(model: Model) -> None:
        one = said_on(1, model)
        with pytest.MonkeyPatch.context() as broken:
            break_it(broken)
            several.append(said_on(2, model) != one)

    tried(compare, models(), examples=40)
    return sum(several)


def test_a_core_whose_part_is_lost_is_noticed(little_at_once: None) -> None:
    each = Threads.each

    def only_the_first(self: Threads, work: Callable[[int], int]) -> list[int]:
        return each(self, lambda number: work(number) if number == 0 else numpy.iinfo(numpy.int64).max)

    assert differing(lambda broken: broken.setattr(Threads, "each", only_the_first))


def states_on(cores: int) -> tuple[int, Any]:
    """Return how many states a larger search finds, and which sets of faults break what."""
    scenario = Scenario("baseline")
    options = Options(SearchOptions(cores=cores))
    found = minimal_sets(scenario, 1, ("celery-redelivery", "http-retry"), options)
    return found.states, found.breaking


def test_cores_that_have_no_room_for_their_part_go_on_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = states_on(1)
    for name in ("OUT_ROOM", "EVENTS_ROOM", "MISSES_ROOM"):
        monkeypatch.setattr(expanding, name, 1)
    assert states_on(2) == states_on(3) == found
    expand = Expansion.expand

    def as_if_to_its_end(self: Expansion, *given: Any) -> int:
        return int(max(expand(self, *given), given[-1].stop))

    monkeypatch.setattr(Expansion, "expand", as_if_to_its_end)
    assert states_on(2) != found, "none was short of room"


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("count", [0, 1, 5, 100])
def test_each_thing_is_done_by_one_thread(size: int, count: int) -> None:
    with Threads(size) as threads:
        parts = threads.parts(count)
        assert threads.each(lambda number: len(range(count)[parts[number]])) == [len(range(count)[e]) for e in parts]
    assert len(parts) == size
    assert [number for part in parts for number in range(count)[part]] == list(range(count))
    assert all(one.stop == other.start for one, other in pairwise(parts))


def test_whether_runs_stay_is_asked_by_all_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    each = Threads.each

    def noted(self: Threads, work: Callable[[int], None]) -> list[None]:
        sizes.append(self.size)
        return each(self, work)

    def compare(model: Model) -> None:
        assert said_on(3, model) == said_on(1, model)

    monkeypatch.setattr(hindsight.Threads, "each", noted)  # type: ignore[attr-defined]
    tried(compare, models(), examples=10)
    assert {1, 3} == set(sizes)
