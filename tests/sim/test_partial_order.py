"""Partial-order reduction against the whole: the verdicts and the coverage are the same, the states are fewer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import auto, kernel, python
from deadheat.sim.explore.compiled import search as compiled_search
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import partial_order
from deadheat.sim.explore.reductions.partial_order import Dependence, Standing
from deadheat.sim.explore.results import Exploration
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED, Crash, Kind, Model, Process, Property
from deadheat.sim.operations import Request
from tests.breadth import tried_on
from tests.sim.random_models import CRASH, Cell, models, sparse_models
from tests.sim.symmetric_models import symmetric_models
from tests.sim.test_agreement import coverage, verdicts

LIMITS = SearchOptions(20_000)


def require_same(model: Model, reduced: Exploration, whole: Exploration) -> None:
    """What the reduced search says is what the whole says; a counterexample is real, and no shorter."""
    assert verdicts(reduced).keys() == verdicts(whole).keys()
    for name, length in verdicts(reduced).items():
        assert length >= verdicts(whole)[name]
        assert confirm(model, name, reduced.counterexamples[name])[1]
    assert reduced.states <= whole.states or len(whole.counterexamples) == len(model.properties)
    if len(whole.counterexamples) < len(model.properties):
        assert coverage(reduced) == coverage(whole)


@tried_on(sparse_models() | models(), few=80, many=400)
def test_the_reduced_search_finds_what_the_whole_finds(model: Model) -> None:
    whole = python.explore(model, LIMITS)
    assume(whole.complete)
    require_same(model, python.explore(model, replace(LIMITS, partial_order=True)), whole)


@tried_on(sparse_models() | models(), few=60, many=400)
def test_so_it_does_for_each_property_alone(model: Model) -> None:
    # Together, properties make more steps visible, and a search of one stops as soon as that is decided.
    for prop in model.properties:
        alone = replace(model, properties=(prop,))
        whole = python.explore(alone, LIMITS)
        assume(whole.complete)
        require_same(alone, python.explore(alone, replace(LIMITS, partial_order=True)), whole)


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_protocol_is_judged_alike(name: str) -> None:
    model = Scenario(name).model()
    require_same(model, python.explore(model, SearchOptions(partial_order=True)), python.explore(model))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["worker-crash", "http-retry", "celery-redelivery", "dispatcher-loss"])
@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_protocol_is_judged_alike_under_faults(name: str, kind: str) -> None:
    model = Scenario(name, faults=((kind, 1),)).model()
    require_same(model, python.explore(model, SearchOptions(partial_order=True)), python.explore(model))


def test_of_two_evaluations_one_goes_first() -> None:
    model = Scenario("baseline", evaluations=2).model()
    whole, reduced = python.explore(model), python.explore(model, SearchOptions(partial_order=True))
    require_same(model, reduced, whole)
    assert whole.states == 43_681
    assert reduced.states < whole.states / 6
    assert "partial-order" in reduced.reductions
    assert "partial-order" not in whole.reductions


def stepping(cells: tuple[Cell, ...], times: int) -> Generator[Request, Any, None]:
    for _ in range(times):
        for cell in cells:
            yield cell.add(1)


def setting(cell: Cell, values: tuple[int, ...]) -> Generator[Request, Any, None]:
    for value in values:
        yield cell.set(value)


def model_of(*processes: Process, cells: tuple[Cell, ...], properties: tuple[Property, ...] = ()) -> Model:
    return Model({each.name: each for each in cells}, processes, properties)


def test_processes_that_share_nothing_go_one_after_the_other() -> None:
    one, other = Cell("c0"), Cell("c1")
    apart = model_of(Process("p0", stepping, ((one,), 5)), Process("p1", stepping, ((other,), 5)), cells=(one, other))
    assert python.explore(apart).states == 36
    reduced = python.explore(apart, SearchOptions(partial_order=True))
    assert reduced.states == 11
    together = model_of(Process("p0", stepping, ((one,), 5)), Process("p1", stepping, ((one,), 5)), cells=(one,))
    reduced = python.explore(together, SearchOptions(partial_order=True))
    assert reduced.states == 36
    assert reduced.reductions == ("merging",)  # what one does when the other has returned is no reduction


def test_steps_that_a_property_sees_together_are_not_put_apart() -> None:
    one, other = Cell("c0"), Cell("c1")
    seen = Property(
        "never-ahead", "", Kind.ALWAYS, ("c0", "c1"), lambda view: "ahead" if view["c1"] > view["c0"] else None
    )
    model = model_of(
        Process("p0", stepping, ((one,), 1)),
        Process("p1", stepping, ((other,), 1)),
        cells=(one, other),
        properties=(seen,),
    )
    assert verdicts(python.explore(model, SearchOptions(partial_order=True))) == {"never-ahead": 1}


def test_a_process_that_goes_round_for_ever_does_not_keep_the_others_from_their_steps() -> None:
    one, other = Cell("c0"), Cell("c1")
    seen = Property("never-two", "", Kind.ALWAYS, ("c1",), lambda view: "two" if view["c1"] == 2 else None)
    model = model_of(
        Process("p0", stepping, ((one,), 1), repeats=True),
        Process("p1", stepping, ((other,), 2)),
        cells=(one, other),
        properties=(seen,),
    )
    assert verdicts(python.explore(model, SearchOptions(partial_order=True))) == {"never-two": 2}


def test_a_process_that_can_crash_without_end_may_do_so_after_the_others_have_moved() -> None:
    one, other = Cell("c0"), Cell("c1")
    seen = Property(
        "stuck", "", Kind.EVENTUALLY, ("c0", "c1"), lambda view: "stuck" if view["c0"] == view["c1"] == 1 else None
    )
    again = Crash(CRASH, restarts=True)
    for budget, expected in ((UNLIMITED, {"stuck"}), (1, set())):
        model = Model(
            {"c0": one, "c1": other},
            (
                Process("p0", setting, (one, (1, 2)), crashes=(again,)),
                Process("p1", setting, (other, (1,))),
            ),
            (seen,),
            {CRASH: budget},
        )
        whole, reduced = python.explore(model), python.explore(model, SearchOptions(partial_order=True))
        assert set(whole.counterexamples) == expected
        require_same(model, reduced, whole)


def test_a_search_that_learned_of_a_conflict_is_done_again() -> None:
    # What p1 does at last conflicts with p0's only step; at first nothing is known of it.
    one, other = Cell("c0"), Cell("c1")
    seen = Property("never-both", "", Kind.ALWAYS, ("c0",), lambda view: "two" if view["c0"] == 2 else None)

    def late() -> Generator[Request, Any, None]:
        yield other.add(1)
        yield other.add(1)
        yield one.set(1)

    model = model_of(Process("p0", stepping, ((one,), 1)), Process("p1", late), cells=(one, other), properties=(seen,))
    tables = Tables(model)
    at_first = Dependence(tables)
    assert list(at_first.closed_sets(tables.initial())) == [[0], [1]]
    for options in (SearchOptions(), SearchOptions(partial_order=True)):
        assert verdicts(python.explore(model, options)) == {"never-both": 4}
    search = python.Search(tables)
    search.run()
    learned = Dependence(tables)
    assert not learned.confirms(at_first)
    assert learned.confirms(learned)
    assert list(learned.closed_sets(tables.initial())) == [[1]]


@pytest.mark.parametrize(
    "scenario",
    [
        # Of two evaluations with one property, the fewer bits, the more states are left; otherwise 64 alone help.
        Scenario("baseline", evaluations=2, properties=("no-transient-orphan",)),
        Scenario("baseline", faults=(("http-retry", 1),)),
    ],
    ids=["two evaluations", "all properties"],
)
def test_more_parts_of_a_system_than_bits_only_make_for_more_conflicts(
    monkeypatch: pytest.MonkeyPatch, scenario: Scenario
) -> None:
    model = scenario.model()
    whole = python.explore(model)
    sizes = Counter[int]()
    for bits in (2, 8, 64):
        monkeypatch.setattr(partial_order, "BITS", bits)
        reduced = python.explore(model, SearchOptions(partial_order=True))
        require_same(model, reduced, whole)
        sizes[bits] = reduced.states
    assert sizes[2] >= sizes[8] >= sizes[64]
    assert sizes[2] > sizes[64]


def test_what_is_written_is_touched() -> None:
    tables = Tables(Scenario("two-phase").model())
    python.Search(tables).run()
    standings: list[Standing] = [each for process in Dependence(tables).standings for each in process]
    assert all(each.written & ~each.touched == 0 for each in standings)
    assert all(each.touched & ~each.ever_touched == 0 for each in standings)
    assert all(each.written & ~each.ever_written == 0 for each in standings)


# The compiled search


def facts(found: Exploration) -> tuple[object, ...]:
    return verdicts(found), found.states, found.transitions, found.depth


@tried_on(sparse_models() | models(), few=30, many=100)
def test_the_kernel_leaves_out_what_the_plain_loop_leaves_out(model: Model) -> None:
    tables = Tables(replace(model, properties=()))
    search = python.Search(tables, LIMITS, None)
    search.run()
    assume(not search.stopped)
    dependence = Dependence(tables)
    plain = python.Search(tables, LIMITS, None, dependence)
    plain.run()
    for cores in (1, 2):
        begun = python.Search(tables, replace(LIMITS, cores=cores), None)
        found = kernel.resumed(begun, kernel.saved_of(begun), dependence=dependence).finish()
        assert facts(found) == facts(plain.result())
        assert found.reductions == plain.result().reductions


@tried_on(sparse_models() | models(), few=30, many=100)
def test_the_kernel_finds_with_partial_order_what_it_finds_without(model: Model) -> None:
    whole = kernel.explore(model, LIMITS)
    assume(whole.complete)
    for cores in (1, 2):
        reduced = kernel.explore(model, replace(replace(LIMITS, cores=cores), partial_order=True))
        require_same(model, reduced, whole)
        assert verdicts(reduced) == verdicts(whole)  # shortest ones, for they are looked for again


@pytest.mark.parametrize("name", ["baseline+storage-worker", "request-token+orphan-cleanup"])
def test_what_cannot_be_composed_is_reduced(name: str) -> None:
    model = Scenario(name, evaluations=2).model()
    whole = auto.explore(model, SearchOptions(partial_order=False))
    reduced = auto.explore(model)
    assert verdicts(reduced) == verdicts(whole)
    assert coverage(reduced) == coverage(whole)
    assert reduced.reductions == ("merging", "partial-order")
    assert any("only processes that no other can disturb" in remark for remark in reduced.remarks)
    assert reduced.states < whole.states / 3  # time runs for the request's token, and it may expire at any moment
    for prop, schedule in reduced.counterexamples.items():
        assert confirm(model, prop, schedule)[1]


def test_a_counterexample_that_could_not_be_shortened_is_told_of() -> None:
    model = Scenario("baseline", evaluations=2).model()
    begun = python.Search(Tables(model), SearchOptions(12_000), None)
    found = kernel.go_on(begun, partial_order=True)
    assert verdicts(found).keys() == verdicts(python.explore(model)).keys()
    assert found.complete
    _, remark = found.remarks
    assert "it reached 12,000 states before it met those of" in remark
    for prop, schedule in found.counterexamples.items():
        assert confirm(model, prop, schedule)[1]


def test_a_reduced_search_cut_short_decides_nothing_more() -> None:
    found = kernel.explore(Scenario("baseline", evaluations=2).model(), SearchOptions(2_000, partial_order=True))
    assert not found.complete
    assert found.stopped == Stop(Limit.STATES, "it reached 2,000 states")


def test_more_processes_than_a_set_holds_are_not_reduced() -> None:
    cells = tuple(Cell(f"c{number}") for number in range(partial_order.PROCESSES_MAX + 1))
    processes = [Process(f"p{each.name}", stepping, ((each,), 1)) for each in cells]
    idle = [replace(each, arguments=((), 0)) for each in processes[8:]]
    found = kernel.explore(model_of(*processes[:8], *idle, cells=cells), SearchOptions(partial_order=True))
    assert found.states == 256
    assert found.reductions == ("merging",)
    fewer = kernel.explore(model_of(*processes[:8], *idle[:-1], cells=cells), SearchOptions(partial_order=True))
    assert fewer.states == 9


def test_where_next_to_nothing_is_left_out_it_is_no_longer_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Scenario("baseline", evaluations=2).model()
    whole = python.explore(model)
    sizes = {}
    for tried in (100, 1_000, 100_000):
        monkeypatch.setattr(compiled_search, "STATES_TRIED", tried)
        monkeypatch.setattr(compiled_search, "MOSTLY_WHOLE", 0)
        found = kernel.explore(model, SearchOptions(partial_order=True))
        require_same(model, found, whole)
        sizes[tried] = found.states
    assert sizes[100] > sizes[1_000] > sizes[100_000]


# Together with symmetry


@tried_on(symmetric_models(), few=25, many=100)
def test_partial_order_and_symmetry_together_find_what_the_whole_finds(model: Model) -> None:
    whole = python.explore(model, LIMITS)
    assume(whole.complete)
    for cores in (1, 2):
        reduced = kernel.explore(model, replace(replace(LIMITS, cores=cores), symmetry=True, partial_order=True))
        require_same(model, reduced, whole)
        assert verdicts(reduced) == verdicts(whole)
        assert not any("not made use of" in remark for remark in reduced.remarks)


def test_partial_order_and_symmetry_together_leave_the_fewest_states() -> None:
    properties = ("at-most-one-job", "no-permanent-orphan", "terminal-is-final")
    model = Scenario("baseline", evaluations=3, properties=properties).model()
    apart = kernel.explore(model, SearchOptions(partial_order=True, symmetry=False))
    together = kernel.explore(model, SearchOptions(partial_order=True, symmetry=True))
    assert verdicts(together) == verdicts(apart)
    assert coverage(together) == coverage(apart)
    assert together.reductions == ("merging", "symmetry", "partial-order")
    assert together.states < apart.states < 9_129_329 / 50  # which is how many there are without any of it
