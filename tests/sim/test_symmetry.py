"""Symmetry: what is found up to an exchange of names is what is found of everything."""

from __future__ import annotations

import runpy
from collections.abc import Iterable
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS, Scenario
from deadheat.sim.confirm import confirm
from deadheat.sim.errors import CheckpointError
from deadheat.sim.explore import kernel, python, quotient
from deadheat.sim.explore.compiled.arrays import UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.representative import Swaps, representative, swaps_of
from deadheat.sim.explore.quotient import QuotientSearch
from deadheat.sim.explore.results import Exploration, Limits
from deadheat.sim.explore.symmetry import Symmetry
from deadheat.sim.model import Model
from deadheat.sim.tables import Tables
from tests.sim.symmetric_models import symmetric_models
from tests.sim.test_agreement import coverage, verdicts

THOROUGH = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
STATES_MAX = 5_000
TWO_CORES = Limits(STATES_MAX, cores=2)
SAFETY = tuple(name for name in PROPERTIES if name not in ("eventually-cleaned", "cancel-answered", "nothing-stuck"))
EXAMPLE = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"


def searches(model: Model) -> Iterable[Exploration]:
    """What the searches up to symmetry find."""
    limits = Limits(STATES_MAX)
    return (
        quotient.explore(model, limits),
        kernel.explore(model, limits, symmetry=True),
        kernel.explore(model, TWO_CORES, symmetry=True),
    )


@THOROUGH
@given(symmetric_models())
def test_symmetry_changes_no_verdict_and_no_length(model: Model) -> None:
    whole = python.explore(model, Limits(STATES_MAX))
    assume(whole.complete)
    everything = len(whole.counterexamples) < len(model.properties)  # else a search stops where it likes
    for found in searches(model):
        assert verdicts(found) == verdicts(whole)
        assert not any("not made use of" in remark for remark in found.remarks)
        if everything:
            assert found.depth >= whole.depth  # a second state of an orbit may be met later than the first
            assert coverage(found) == coverage(whole)
            assert (found.states < whole.states) == ("symmetry" in found.reductions)


@THOROUGH
@given(symmetric_models())
def test_the_kernel_and_its_twin_see_the_same_quotient(model: Model) -> None:
    plain, one_core, two_cores = searches(model)
    assume(plain.complete)
    assert verdicts(plain) == verdicts(one_core) == verdicts(two_cores)
    if len(plain.counterexamples) < len(model.properties):
        facts = [(found.states, found.transitions, found.depth) for found in (plain, one_core, two_cores)]
        assert facts == [facts[0]] * 3


@THOROUGH
@given(symmetric_models())
def test_every_counterexample_up_to_symmetry_is_confirmed_through_simpy(model: Model) -> None:
    for found in searches(model):
        for name, schedule in found.counterexamples.items():
            assert confirm(model, name, schedule)[1]


@THOROUGH
@given(symmetric_models())
def test_so_it_is_without_merging(model: Model) -> None:
    whole = python.explore(model, Limits(STATES_MAX), merging=False)
    assume(whole.complete)
    for explore in (quotient.explore, partial(kernel.explore, symmetry=True)):
        found = explore(model, Limits(STATES_MAX), merging=False)
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


def quotient_by(kind: type[Symmetry], tables: Tables, limits: Limits = Limits(STATES_MAX)) -> QuotientSearch:
    search = QuotientSearch(tables, limits, None)
    search.symmetry = kind(tables)
    search.run()
    return search


@THOROUGH
@given(symmetric_models())
def test_whichever_state_stands_for_an_orbit_lengths_are_the_same(model: Model) -> None:
    whole = python.Search(Tables(model), Limits(STATES_MAX), None)
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


@THOROUGH
@given(symmetric_models())
def test_at_least_one_state_of_every_orbit_is_seen_and_none_of_another(model: Model) -> None:
    tables = Tables(without_properties(model))
    folded = quotient_by(Symmetry, tables)
    assume(not folded.stopped)
    learned = len(tables.lessons)
    least = quotient_by(Least, tables)
    whole = python.Search(tables, Limits(STATES_MAX), None)
    whole.run()
    assume(not whole.stopped)
    assert len(tables.lessons) == learned  # what the whole needs was verified
    symmetry = folded.symmetry
    assert all(symmetry.orbit(state) == orbit(symmetry, state) for state in least.parents)
    assert {min(orbit(symmetry, state)) for state in whole.parents} == set(least.parents)
    assert {min(orbit(symmetry, state)) for state in folded.parents} == set(least.parents)
    assert set(folded.parents) <= set(whole.parents)
    assert len(folded.parents) <= len(whole.parents)


@compiled
def fold(swaps: Swaps, words: UInt64, width: Any) -> None:
    for at in range(0, len(words), width):
        representative(swaps, words, at)


@THOROUGH
@given(symmetric_models())
def test_compiled_code_folds_as_python_does(model: Model) -> None:
    tables = Tables(without_properties(model))
    symmetry = Symmetry(tables)
    search = python.Search(tables, Limits(2_000), None)
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
    search = python.Search(tables, Limits(), None)
    search.run(3_000)
    symmetry.learn()
    layout = Layout.fitting(tables.numbers_in_use())
    states = list(search.parents)
    words = layout.pack(states)
    fold(swaps_of(symmetry, layout), words, layout.words)
    assert layout.words > 1
    assert layout.unpack(words) == [symmetry.representative(state) for state in states]


# Known answers: copies that share nothing, with s states each, have one orbit for each multiset of states.


@pytest.mark.parametrize("copies", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_evaluations_of_the_baseline_have_as_many_states_as_there_are_multisets_of_those_of_one(copies: int) -> None:
    alone = python.explore(without_properties(Scenario("baseline").model())).states
    found = kernel.explore(without_properties(Scenario("baseline", evaluations=copies).model()), symmetry=True)
    assert alone == 209
    assert found.states == comb(alone + copies - 1, copies)
    assert found.reductions == ("merging", "symmetry")


@pytest.mark.parametrize(("managers", "states"), [(3, 80), (4, 166), (5, 314), (7, 920)])
def test_two_phase_commit_has_one_state_an_orbit(managers: int, states: int) -> None:
    example = runpy.run_path(str(EXAMPLE))
    found = example["explore_with"](managers, symmetry=True)
    assert found.complete
    assert found.states == states
    assert not found.counterexamples
    if managers < 5:
        least = quotient_by(Least, Tables(example["two_phase_commit"](managers)))
        assert len(least.parents) == states


ASYMMETRIC = {f"baseline+{each.name}" for each in ADDITIONS if each.name.startswith("orphan-cleanup")}


def judged_alike(scenario: Scenario) -> Exploration:
    """Return what is found up to symmetry, which is also what is found without."""
    model = scenario.model()
    whole = kernel.explore(model, Limits(cores=2))
    found = kernel.explore(model, Limits(cores=2), symmetry=True)
    assert whole.complete
    assert found.complete
    assert verdicts(found) == verdicts(whole)
    assert coverage(found) == coverage(whole)
    assert found.depth == whole.depth
    for name, schedule in found.counterexamples.items():
        assert confirm(model, name, schedule)[1]
    symmetric = scenario.protocol not in ASYMMETRIC
    assert ("symmetry" in found.reductions) == symmetric
    assert (found.states < whole.states) == symmetric
    return found


def test_a_process_that_listens_to_all_evaluations_is_mapped_onto_itself() -> None:
    assert judged_alike(Scenario("baseline+storage-worker", 2, properties=SAFETY)).states == 152_685


def test_a_sweep_in_the_order_of_names_is_not_symmetric() -> None:
    found = judged_alike(Scenario("baseline+orphan-cleanup", 2, properties=SAFETY))
    assert any("'orphan-cleanup' would ask for status/e2.get(e2)" in remark for remark in found.remarks)


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_protocol_is_judged_alike_up_to_symmetry(name: str) -> None:
    judged_alike(Scenario(name, 2, properties=SAFETY))


@pytest.mark.parametrize("name", ["state-machine", PROTOCOLS[0].name])
def test_with_faults_too(name: str) -> None:
    judged_alike(Scenario(name, 2, (("worker-crash", 1),), SAFETY))


# On disk


def test_a_search_up_to_symmetry_goes_on_from_where_it_was_stopped(tmp_path: Path) -> None:
    file = tmp_path / "search"
    model = Scenario("baseline", 2, properties=SAFETY).model()
    for states_max in (1_000, 5_000, 10_000):
        stopped = kernel.explore(model, Limits(states_max), symmetry=True, checkpoint=file)
        assert stopped.stopped
        assert "symmetry" in stopped.reductions
    with pytest.raises(CheckpointError, match="is of a search with symmetry; allow it, or name another file"):
        kernel.explore(model, checkpoint=file)
    finished = kernel.explore(model, symmetry=True, checkpoint=file)
    assert not file.exists()
    unbroken = kernel.explore(model, symmetry=True)
    assert (finished.states, finished.transitions, verdicts(finished)) == (
        unbroken.states,
        unbroken.transitions,
        verdicts(unbroken),
    )
    assert finished.reductions == unbroken.reductions


def test_a_search_begun_without_symmetry_goes_on_without(tmp_path: Path) -> None:
    file = tmp_path / "search"
    model = Scenario("baseline", 2, properties=SAFETY).model()
    assert kernel.explore(model, Limits(5_000), checkpoint=file).stopped
    finished = kernel.explore(model, symmetry=True, checkpoint=file)
    assert finished.states == kernel.explore(model).states
    assert finished.reductions == ("merging",)
