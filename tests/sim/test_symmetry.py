"""Symmetry: what is found up to an exchange of names is what is found of everything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, assume, given, settings

from deadheat.sim.confirm import confirm
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
            assert found.depth == whole.depth
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


class OfEveryOrbit(QuotientSearch):
    """The slow twin: the least of all states that permutations lead to stands for them, whatever that costs."""

    def representative(self, state: int) -> int:
        return min(orbit(self.symmetry, state))


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
    folded, least = QuotientSearch(tables, Limits(STATES_MAX), None), OfEveryOrbit(tables, Limits(STATES_MAX), None)
    folded.run()
    assume(not folded.stopped)
    learned = len(tables.lessons)
    least.run()
    whole = python.Search(tables, Limits(STATES_MAX), None)
    whole.run()
    assume(not whole.stopped)
    assert len(tables.lessons) == learned  # what the whole needs was verified
    symmetry = folded.symmetry
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
