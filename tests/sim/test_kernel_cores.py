"""How a search is shared out among cores: all of them once a space is large, evenly, and with the same results."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy
import pytest

from deadheat.models.protocols import PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.explore import kernel, python
from deadheat.sim.explore.compiled import sharing
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.compiled.sharing import can_spread
from deadheat.sim.explore.compiled.stored.visited import shards_of
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.compiled.workers import Team
from deadheat.sim.explore.kernel import go_on, saved_of
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.stop import Limit
from deadheat.sim.learn.locals import LocalStates
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import any_of
from tests.sim.test_kernel import facts

SOON = Tuning(states_before_all_cores=500, states_spread=200)


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "cores_of_the_process", lambda: 2)


def explored(model: Model, options: SearchOptions = SearchOptions(), tuning: Tuning = SOON) -> Exploration:
    return go_on(python.Search(Tables(model), options), tuning=tuning)


def two_evaluations() -> Model:
    return Scenario("status-check", evaluations=2).model()


class Lamp(Component):
    initial = 0

    @operation
    def switch(self, value: int) -> Steps:
        return (Step(value, (value + 1) % 3),)


def switching(lamp: Lamp) -> Generator[Any, Any, None]:
    for _ in range(2):
        yield lamp.switch()


class Counter(Component):
    initial = 0

    @operation
    def up(self, value: int) -> Steps:
        return (Step(None, value + 1),)


def counting(counter: Counter, times: int) -> Generator[Any, Any, None]:
    for _ in range(times):
        yield counter.up()


def lamps_behind_a_counter(count: int, times: int) -> Model:
    """All lamps wait for the counter's end: its fields, the largest, hold the same in all states but the first."""

    class Gate(Counter):
        @operation
        def passed(self, value: int) -> Steps:
            return (Step(None, value),) if value == times else ()

    def waiting(gate: Gate, lamp: Lamp) -> Generator[Any, Any, None]:
        yield gate.passed()
        yield from switching(lamp)

    gate = Gate("gate")
    lamps = [Lamp(f"lamp {n}") for n in range(count)]
    processes = [Process("counter", counting, (gate, times))]
    processes += [Process(each.name, waiting, (gate, each)) for each in lamps]
    return Model({each.name: each for each in (gate, *lamps)}, tuple(processes))


@pytest.mark.parametrize("name", [PROTOCOLS[0].name, PROTOCOLS[2].name])
def test_a_search_takes_more_cores_once_it_is_large_and_finds_the_same(name: str) -> None:
    model = Scenario(name, evaluations=2).model()
    found = explored(model)
    assert found.cores == 2
    assert facts(found) == facts(python.explore(model))
    assert found == explored(model)


def test_a_small_space_is_left_to_one_core() -> None:
    assert explored(two_evaluations(), tuning=Tuning()).cores == 1
    assert explored(two_evaluations(), SearchOptions(cores=2), Tuning()).cores == 2


def test_states_are_shared_out_anew_where_one_core_would_get_nearly_all() -> None:
    model = lamps_behind_a_counter(6, 600)
    search = KernelSearch(
        tables := Tables(model),
        saved_of(python.Search(tables, SearchOptions())),
        SearchOptions(cores=2, values_max=0),
        tuning=SOON,
    )
    found = search.finish()
    assert search.dense.spread
    first, second = search.store.found
    assert max(first, second) < 0.7 * (first + second)
    assert facts(found) == facts(python.explore(model, SearchOptions(values_max=0)))


def test_what_is_shared_out_evenly_stays_where_it_is() -> None:
    tables = Tables(two_evaluations())
    search = KernelSearch(tables, saved_of(python.Search(tables, SearchOptions())), SearchOptions(), tuning=SOON)
    search.finish()
    assert len(search.team.workers) == 2
    assert not search.dense.spread
    assert max(search.store.found) < 0.7 * search.store.states


def test_a_search_that_has_taken_more_cores_can_be_saved_and_gone_on_with(tmp_path: Path) -> None:
    model, file = two_evaluations(), tmp_path / "search"
    begun = python.Search(Tables(model), SearchOptions(5_000, checkpoint=file))
    stopped = go_on(begun, file, tuning=SOON)
    assert stopped.cores == 2
    assert not stopped.complete
    assert facts(kernel.explore(model, SearchOptions(checkpoint=file))) == facts(python.explore(model))


def test_a_search_that_has_taken_more_cores_ends_when_it_is_asked_to() -> None:
    asked = itertools.count()
    found = explored(two_evaluations(), SearchOptions(asked=lambda: next(asked) > 25))
    assert found.cores == 2
    assert found.stopped is not None
    assert found.stopped.limit is Limit.INTERRUPTED


def test_siblings_are_mostly_looked_after_by_one_core() -> None:
    layout = Layout.fitting([513, *[3] * 10, *[7] * 9])
    masks = numpy.array(layout.shard_masks(), dtype=numpy.uint64)
    assert layout.shard_masks() == [layout.mask(0)]
    generator = numpy.random.default_rng(1)
    fields = generator.integers(0, 3, (10_000, 20)).astype(numpy.uint16)
    fields[:, 0] = generator.integers(0, 513, 10_000)
    other = fields.copy()
    other[:, 1:] = generator.integers(0, 3, (10_000, 19))
    of, of_other = (numpy.empty(10_000, dtype=numpy.uint8) for _ in range(2))
    shards_of((0,), masks, layout.pack_fields(fields), 2, of)
    shards_of((0,), masks, layout.pack_fields(other), 2, of_other)
    assert (of == of_other).all()
    assert 0.4 < of.mean() < 0.6


def test_bits_that_are_left_over_go_first_to_what_is_full_and_then_to_what_has_many_numbers() -> None:
    fields = [177, *[3] * 10, 2, *[6] * 10]  # two-phase commit with ten managers, when its coordinator outgrew 7 bits
    layout = Layout.fitting(fields, growing=[0])
    assert layout.words == 1
    assert layout.bits[0] >= 11  # it comes to 1,025
    assert layout.bits[11] >= 2  # and the decision to 3


def test_what_is_learned_meanwhile_is_raised_once_all_workers_are_done() -> None:
    tables = Tables(two_evaluations())
    search = KernelSearch(tables, saved_of(python.Search(tables, SearchOptions())), SearchOptions(cores=2))
    done: list[int] = []

    def fails() -> None:
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        search.team.each(lambda number, _: done.append(number), fails)
    assert sorted(done) == [0, 1]
    search.team.close()


def test_a_team_of_one_does_what_is_to_be_done_meanwhile_first() -> None:
    tables = Tables(two_evaluations())
    search = KernelSearch(tables, saved_of(python.Search(tables, SearchOptions())), SearchOptions(cores=1))
    order: list[str] = []
    assert isinstance(search.team, Team)
    search.team.each(lambda *_: order.append("work"), lambda: order.append("meanwhile"))
    assert order == ["meanwhile", "work"]


def test_a_process_is_run_anew_only_where_no_run_of_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a set of n, each subset is come to by as many ways as it has members; the empty one begins anew."""
    runs = itertools.count()
    again = LocalStates._run_to

    def counted(self: LocalStates, *arguments: Any, **named: Any) -> Any:
        next(runs)
        return again(self, *arguments, **named)

    def switches_all(lamps: tuple[Lamp, ...]) -> Generator[Any, Any, None]:
        while lamps:
            chosen = yield any_of(*(each.switch() for each in lamps))
            lamps = lamps[: chosen.which] + lamps[chosen.which + 1 :]
            del chosen

    lamps = tuple(Lamp(f"lamp {n}") for n in range(6))
    model = Model({each.name: each for each in lamps}, (Process("p", switches_all, (lamps,)),))
    tables = Tables(model)
    monkeypatch.setattr(LocalStates, "_run_to", counted)
    search = python.Search(tables, SearchOptions())
    search.run()
    steps, states = 6 * 2**5, 2**6
    assert len(tables.locals[0].states) == states
    assert next(runs) < (steps - states) / 2  # it was each step but the first of each state
    tables.verify_purity()


def test_states_are_spread_by_more_of_their_fields_each_time_until_all_decide() -> None:
    layout = Layout.fitting([3000, *[6] * 12])
    bits = [sum(mask.bit_count() for mask in layout.shard_masks(spread=spread)) for spread in range(5)]
    assert bits[0] == layout.bits[0]
    assert bits == sorted(bits)
    assert bits[1] < sum(layout.bits)
    assert bits[-1] == sum(layout.bits)
    assert [can_spread(layout, spread) for spread in range(5)] == [after < sum(layout.bits) for after in bits]
