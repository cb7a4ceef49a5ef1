"""Symmetry: what is found up to an exchange of names is what is found of everything."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import replace
from typing import Any

import numpy
import pytest
from hypothesis import assume

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python
from deadheat.sim.explore.compiled import tables as compiled_tables
from deadheat.sim.explore.compiled.arrays import UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.hindsight import Hindsight
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.representative import Swaps, representative, swaps_of
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions import quotient
from deadheat.sim.explore.reductions.quotient import QuotientSearch
from deadheat.sim.explore.reductions.symmetry import Symmetry
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Request, atomically
from tests.breadth import tried_on
from tests.sim.symmetric_models import Holder, symmetric_models
from tests.sim.test_agreement import coverage, verdicts

STATES_MAX = 5_000
TWO_CORES = SearchOptions(STATES_MAX, cores=2)


def searches(model: Model) -> Iterable[Exploration]:
    """What the searches up to symmetry find."""
    limits = SearchOptions(STATES_MAX)
    return (
        quotient.explore(model, limits),
        kernel.explore(model, replace(limits, symmetry=True)),
        kernel.explore(model, replace(TWO_CORES, symmetry=True)),
    )


@tried_on(symmetric_models(), few=25, many=80)
def test_symmetry_changes_no_verdict_and_no_length(model: Model) -> None:
    whole = python.explore(model, SearchOptions(STATES_MAX))
    assume(whole.complete)
    everything = len(whole.counterexamples) < len(model.properties)  # else a search stops where it likes
    for found in searches(model):
        assert verdicts(found) == verdicts(whole)
        assert not any("not made use of" in remark for remark in found.remarks)
        if everything:
            assert found.depth >= whole.depth  # a second state of an orbit may be met later than the first
            assert coverage(found) == coverage(whole)
            assert (found.states < whole.states) == ("symmetry" in found.reductions)


@tried_on(symmetric_models(), few=25, many=80)
def test_the_kernel_and_its_twin_see_the_same_quotient(model: Model) -> None:
    plain, one_core, two_cores = searches(model)
    assume(plain.complete)
    assert verdicts(plain) == verdicts(one_core) == verdicts(two_cores)
    if len(plain.counterexamples) < len(model.properties):
        facts = [(found.states, found.transitions, found.depth) for found in (plain, one_core, two_cores)]
        if facts != [facts[0]] * 3:  # of some orbits several states may stand for themselves, by how numbers were given
            assert min(states for states, _, _ in facts) >= len(quotient_by(Least, Tables(model)).parents)


@tried_on(symmetric_models(), few=25, many=80)
def test_every_counterexample_up_to_symmetry_is_confirmed_through_simpy(model: Model) -> None:
    for found in searches(model):
        for name, schedule in found.counterexamples.items():
            assert confirm(model, name, schedule)[1]


@tried_on(symmetric_models(), few=25, many=80)
def test_so_it_is_without_merging(model: Model) -> None:
    whole = python.explore(model, SearchOptions(STATES_MAX, merging=False))
    assume(whole.complete)
    for explore in (quotient.explore, kernel.explore):
        found = explore(model, SearchOptions(STATES_MAX, merging=False, symmetry=True))
        assert verdicts(found) == verdicts(whole)
        assert not any("not made use of" in remark for remark in found.remarks)


class Least(Symmetry):
    """The least of all states that permutations lead to stands for them, whatever that costs."""

    def descent(self, state: int) -> tuple[int, list[int]]:
        return min(orbit(self, state)), []


class Whichever(Symmetry):
    """Some state of an orbit stands for a state, another for another state of the same orbit."""

    def descent(self, state: int) -> tuple[int, list[int]]:
        members = sorted(orbit(self, state))
        return members[(members.index(state) + state % 7) % len(members)], []


def quotient_by(kind: type[Symmetry], tables: Tables) -> QuotientSearch:
    search = QuotientSearch(tables, SearchOptions(STATES_MAX))
    search.symmetry = kind(tables)
    search.run()
    return search


@tried_on(symmetric_models(), few=25, many=80)
def test_whichever_state_stands_for_an_orbit_lengths_are_the_same(model: Model) -> None:
    whole = python.Search(Tables(model), SearchOptions(STATES_MAX), None)
    whole.run()
    assume(not whole.stopped)
    for kind in (Least, Whichever):
        found = quotient_by(kind, Tables(model))
        assert lengths(found) == lengths(whole)


def lengths(search: python.Search) -> dict[str, int]:
    found = {}
    for name, (before, _) in search.found.items():
        found[name] = 0
        while before >= 0:
            found[name] += 1
            before = search.parents[before]
    return found


def orbit(symmetry: Symmetry, state: int) -> set[int]:
    reached, waiting = {state}, [state]
    while waiting:
        before = waiting.pop()
        images = {swap.image(before) for swap in symmetry.swaps} - reached
        reached |= images
        waiting += images
    return reached


def without_properties(model: Model) -> Model:
    return Model(model.components, model.processes, (), model.budgets, interchangeable=model.interchangeable)


@tried_on(symmetric_models(), few=25, many=80)
def test_at_least_one_state_of_every_orbit_is_seen_and_none_of_another(model: Model) -> None:
    tables = Tables(without_properties(model))
    folded = quotient_by(Symmetry, tables)
    assume(not folded.stopped)
    learned = len(tables.lessons)
    least = quotient_by(Least, tables)
    whole = python.Search(tables, SearchOptions(STATES_MAX), None)
    whole.run()
    assume(not whole.stopped)
    assert len(tables.lessons) == learned  # what the whole needs was verified
    symmetry = folded.symmetry
    assert all(symmetry.orbit(state) == orbit(symmetry, state) for state in least.parents)
    assert {min(orbit(symmetry, state)) for state in whole.parents} == set(least.parents)
    assert {min(orbit(symmetry, state)) for state in folded.parents} == set(least.parents)
    assert set(folded.parents) <= set(whole.parents)
    assert len(folded.parents) <= len(whole.parents)


class Wheel(Component):
    """Turns from 0 to 1, and between 1 and 2 for ever."""

    initial = 0

    @operation
    def turn(self, value: int) -> Steps:
        return (Step(None, 1 if value != 1 else 2),)


class Brake(Holder):
    """Lets wheels turn once somebody holds it."""

    @operation
    def held(self, value: str | None) -> Steps:
        return (Step(None, value),) if value else BLOCKED


def wheels() -> Model:
    """Three wheels, and a brake that one of their names holds for ever: settled once all have turned."""
    names = ("e1", "e2", "e3")
    holder = Brake("holder")
    components: dict[str, Component] = {name: Wheel(name) for name in names}

    def turn(wheel: Wheel, holder: Brake) -> Generator[Request, Any, None]:
        yield atomically(holder.held(), wheel.turn())

    def take(holder: Brake, name: str) -> Generator[Request, Any, None]:
        yield holder.take(name)

    def settled(view: View) -> str | None:
        return "settled" if view["holder"] and all(view[name] for name in names) else None

    turning = (Process(f"turns/{name}", turn, (components[name], holder), repeats=True) for name in names)
    taking = (Process(f"takes/{name}", take, (holder, name)) for name in names)
    prop = Property("settled", "", Kind.SETTLED, (*names, "holder"), settled)
    return Model({**components, "holder": holder}, (*turning, *taking), (prop,), interchangeable=names)


class Fickle(Symmetry):
    """What is reached first is left for another state of its orbit, and never seen again."""

    def descent(self, state: int) -> tuple[int, list[int]]:
        view = self.tables.view(state, ("e1", "e2", "e3", "holder"))
        wheels = sorted(view[name] for name in self.names)
        held_by = "e1" if 0 in wheels else "e2"
        if wheels == [1, 1, 1] or view["holder"] is None:
            return state, []
        mates = sorted(orbit(self, state))
        return next(each for each in mates if self.tables.view(each, ("holder",))["holder"] == held_by), []


def test_the_first_of_an_orbit_is_settled_where_another_one_is() -> None:
    whole = python.explore(wheels())
    assert verdicts(whole) == {"settled": 4}
    assert lengths(quotient_by(Fickle, Tables(wheels()))) == {"settled": 4}
    for found in searches(wheels()):
        assert verdicts(found) == {"settled": 4}


def test_the_orbits_of_stored_states_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = Tables(without_properties(wheels()))
    monkeypatch.setattr(compiled_tables, "swaps_of", lambda _, layout: swaps_of(None, layout))  # folds nothing
    saved = kernel.saved_of(python.Search(tables, SearchOptions(cores=2), None))
    search = KernelSearch(tables, replace(saved, folded=0), SearchOptions(cores=2), None)
    search.finish()
    monkeypatch.undo()
    assert search.symmetry is not None
    assert search.store.states == python.explore(tables.model).states
    dense = search.dense
    dense._swaps = None  # from here on there are some
    states = python.Search(tables)
    states.run()
    for state in states.parents:
        [place] = search.store.find_all(dense.layout.pack([state]))
        found = Hindsight(search)._with_orbits(numpy.array([place]))
        assert set(dense.layout.unpack(search.store.states_at(found))) == orbit(search.symmetry, state)


@compiled
def fold(swaps: Swaps, words: UInt64, width: Any) -> None:
    for at in range(0, len(words), width):
        representative(swaps, words, at)


@tried_on(symmetric_models(), few=25, many=80)
def test_compiled_code_folds_as_python_does(model: Model) -> None:
    tables = Tables(without_properties(model))
    symmetry = Symmetry(tables)
    search = python.Search(tables, SearchOptions(2_000), None)
    search.run()
    symmetry.learn()
    layout = Layout.fitting(tables.numbers_in_use())
    states = list(search.parents)
    words = layout.pack(states)
    fold(swaps_of(symmetry, layout), words, layout.words)
    assert layout.unpack(words) == [symmetry.representative(state) for state in states]


def test_compiled_code_folds_states_of_several_words_too() -> None:
    tables = Tables(without_properties(Scenario("baseline+storage-worker", evaluations=3).model()))
    symmetry = Symmetry(tables)
    search = python.Search(tables)
    search.run(3_000)
    symmetry.learn()
    layout = Layout.fitting(tables.numbers_in_use())
    states = list(search.parents)
    words = layout.pack(states)
    fold(swaps_of(symmetry, layout), words, layout.words)
    assert layout.words > 1
    assert layout.unpack(words) == [symmetry.representative(state) for state in states]


def test_what_the_plain_loop_has_found_is_not_looked_for_again() -> None:
    properties = ("no-transient-orphan", "at-most-one-job")
    model = Scenario("baseline+storage-worker", evaluations=2, properties=properties).model()
    begun = python.Search(Tables(model))
    begun.run(10_000)
    assert set(begun.found) == {"no-transient-orphan"}
    found = kernel.go_on(begun, symmetry=True)
    assert found.counterexamples == begun.schedules()
    assert found.complete
    assert "symmetry" in found.reductions
