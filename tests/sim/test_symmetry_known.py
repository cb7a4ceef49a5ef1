"""Symmetry where the answer is known: multisets, two-phase commit, every protocol; and on disk."""

from __future__ import annotations

import runpy
from math import comb
from pathlib import Path

import pytest

from deadheat.models.protocols import ADDITIONS, PROTOCOLS
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn.tables import Tables
from tests.protocols import EACH
from tests.sim.test_agreement import coverage, verdicts
from tests.sim.test_symmetry import Least, quotient_by, without_properties

SAFETY = tuple(name for name in PROPERTIES if name not in ("eventually-cleaned", "cancel-answered", "nothing-stuck"))
EXAMPLE = Path(__file__).parents[2] / "examples" / "two_phase_commit.py"

# Known answers: copies that share nothing, with s states each, have one orbit for each multiset of states.


@pytest.mark.parametrize("copies", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_evaluations_of_the_baseline_have_as_many_states_as_there_are_multisets_of_those_of_one(copies: int) -> None:
    alone = python.explore(without_properties(Scenario("baseline").model())).states
    several = without_properties(Scenario("baseline", evaluations=copies).model())
    found = kernel.explore(several, SearchOptions(symmetry=True))
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
    whole = kernel.explore(model, SearchOptions(cores=2, symmetry=False))
    found = kernel.explore(model, SearchOptions(cores=2, symmetry=True))
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


@pytest.mark.parametrize("name", EACH)
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
        stopped = kernel.explore(model, SearchOptions(states_max, symmetry=True, checkpoint=file))
        assert stopped.stopped
        assert "symmetry" in stopped.reductions
    with pytest.raises(CheckpointError, match="is of a search with symmetry; allow it, or name another file"):
        kernel.explore(model, SearchOptions(symmetry=False, checkpoint=file))
    finished = kernel.explore(model, SearchOptions(symmetry=True, checkpoint=file))
    assert not file.exists()
    unbroken = kernel.explore(model, SearchOptions(symmetry=True))
    assert (finished.states, finished.transitions, verdicts(finished)) == (
        unbroken.states,
        unbroken.transitions,
        verdicts(unbroken),
    )
    assert finished.reductions == unbroken.reductions


def test_a_search_begun_without_symmetry_goes_on_without(tmp_path: Path) -> None:
    file = tmp_path / "search"
    model = Scenario("baseline", 2, properties=SAFETY).model()
    assert kernel.explore(model, SearchOptions(5_000, symmetry=False, checkpoint=file)).stopped
    finished = kernel.explore(model, SearchOptions(symmetry=True, checkpoint=file))
    assert finished.states == kernel.explore(model, SearchOptions(symmetry=False)).states
    assert finished.reductions == ("merging",)
