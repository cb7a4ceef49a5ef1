"""The frontier: minimal sets of faults, found without running what is already known."""

from __future__ import annotations

from itertools import combinations_with_replacement
from pathlib import Path
from typing import Any

import pytest

from deadheat.models.faults import FAULTS
from deadheat.scenarios import frontier, minimal_sets, subjects
from deadheat.scenarios.check import Options, Verdict, check
from deadheat.scenarios.frontier import Failed, Frontier, frontiers
from deadheat.scenarios.minimal_sets import MinimalSets
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import CheckpointError, InternalError, ModelError, UndecidedError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Model
from tests.breadth import campaign

FEW = ("http-retry", "http-timeout", "k8s-refusal", "lease-expiry")


@pytest.fixture
def few_faults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects.OfEvaluations, "of_the_world", {kind: FAULTS[kind] for kind in FEW})


def breaking(found: list[Frontier]) -> dict[str, list[dict[str, int]]]:
    return {each.property: [dict(faults) for faults in each.breaking] for each in found}


@pytest.mark.usefixtures("few_faults")
def test_what_breaks_by_itself_needs_the_empty_set_and_no_other() -> None:
    found = frontiers([Scenario("baseline", properties=("no-permanent-orphan",))], up_to=2)
    assert breaking(found) == {"no-permanent-orphan": [{}]}


@pytest.mark.usefixtures("few_faults")
def test_only_minimal_sets_are_kept_and_all_of_them() -> None:
    """Compared with every set of up to two faults, each run for every property, with nothing left out."""
    scenario = Scenario("creation-lock")
    sets = [kinds for size in range(3) for kinds in combinations_with_replacement(FEW, size)]
    violated: dict[str, list[dict[str, int]]] = {name: [] for name in scenario.properties}
    for kinds in sets:
        faults = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
        for outcome in check(Scenario("creation-lock", faults=tuple(faults.items()))).outcomes:
            if outcome.verdict is Verdict.VIOLATED:
                violated[outcome.property].append(faults)
    minimal = {
        name: [each for each in sets if not any(contains(each, other) for other in sets)]
        for name, sets in violated.items()
    }
    assert breaking(frontiers([scenario], up_to=2)) == minimal


def contains(faults: dict[str, int], smaller: dict[str, int]) -> bool:
    return faults != smaller and all(faults.get(kind, 0) >= budget for kind, budget in smaller.items())


LARGE = (("two-phase", "worker-loss"), ("two-phase", "dispatcher-loss"))
"""Three workers with two calls each have millions of states; dispatchers that are lost, hundreds of thousands."""
SMALL = [
    (name, kind)
    for name in ("baseline+orphan-cleanup", "state-machine", "two-phase")
    for kind in ("worker-loss", "cancel-loss", "dispatcher-loss")
    if (name, kind) not in LARGE
]
WHERE_IT_MIGHT = [
    *campaign("larger budgets", SMALL, 3),
    *(pytest.param(each, marks=pytest.mark.slow) for each in LARGE),
]


@pytest.mark.parametrize("where", WHERE_IT_MIGHT, ids="-".join)
def test_a_larger_budget_never_makes_a_violation_go_away(where: tuple[str, str]) -> None:
    """What the search for minimal sets rests on; tried where another process might have come to the rescue."""
    name, kind = where
    broken = violated(name, {kind: 1})
    for other in ("celery-redelivery", "resubmission", "repeated-cancel", "completion", "overlapping-sweeps"):
        assert broken <= violated(name, {kind: 1, other: 1}), other


def violated(name: str, faults: dict[str, int]) -> set[str]:
    result = check(Scenario(name, faults=tuple(faults.items())))
    return {each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED}


@pytest.mark.usefixtures("few_faults")
def test_a_check_cut_short_leaves_a_set_undecided() -> None:
    scenario = Scenario("state-machine", properties=("terminal-is-final",))
    found = frontiers([scenario], 1, Options(SearchOptions(states_max=100)))
    assert [each.breaking for each in found] == [[]]
    assert () in found[0].undecided


OF_FEW_STATES = ("worker-loss", "http-retry", "k8s-refusal")
"""Alone they have up to two thousand states of the baseline; two lost workers, or one and a retry, many more."""


def test_a_set_with_too_many_states_leaves_the_others_decided() -> None:
    options = Options(SearchOptions(states_max=5_000))
    whole, cut = (frontiers([Scenario("baseline")], 2, each, only=OF_FEW_STATES) for each in (Options(), options))
    assert all(each.is_complete() for each in whole)
    large = {(("worker-loss", 2),), (("worker-loss", 1), ("http-retry", 1)), (("http-retry", 2),)}
    assert {faults for each in cut for faults in each.undecided} == large
    for one, other in zip(whole, cut, strict=True):
        assert other.stopped is not None
        assert other.lengths.items() <= one.lengths.items()
        assert one.lengths.keys() - other.lengths.keys() <= set(other.undecided)


def test_what_contains_a_set_with_too_many_states_is_undecided_too() -> None:
    options = Options(SearchOptions(states_max=1_500))
    found = {each.property: each for each in frontiers([Scenario("baseline")], 2, options, only=OF_FEW_STATES)}
    undecided = found["wanted-job-survives"].undecided
    assert (("worker-loss", 1),) in undecided
    assert (("worker-loss", 1), ("k8s-refusal", 1)) in undecided
    assert (("k8s-refusal", 2),) not in undecided


FAILING = {
    "a defect": (IndexError("list index out of range"), IndexError),
    "two runtimes that disagree": (InternalError("they disagree"), InternalError),
    "a rule that is broken": (ModelError("it is not pure"), ModelError),
}


@pytest.mark.usefixtures("few_faults")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("why", FAILING)
def test_a_search_that_fails_takes_nothing_from_the_others(
    why: str, jobs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    error, kind = FAILING[why]
    scenarios = [Scenario("creation-lock"), Scenario("baseline"), Scenario("state-machine")]
    failing_at(scenarios[1], error, monkeypatch)
    failed: list[Failed] = []
    found = frontiers(scenarios, 0, jobs=jobs, failed=failed)
    assert breaking(found) == breaking(frontiers([scenarios[0], scenarios[2]], 0))
    assert [(each.scenario, type(each.error)) for each in failed] == [(scenarios[1], kind)]
    with pytest.raises(kind, match=str(error)):
        frontiers(scenarios, 0, jobs=jobs)


def failing_at(scenario: Scenario, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(asked: Scenario, *arguments: Any) -> MinimalSets:
        if asked == scenario:
            raise error
        return minimal_sets.minimal_sets(asked, *arguments)

    monkeypatch.setattr(frontier, "minimal_sets", searched)


def test_a_disk_that_is_full_is_no_failure_of_one_search(monkeypatch: pytest.MonkeyPatch) -> None:
    failing_at(scenario := Scenario("baseline"), CheckpointError("It cannot be written."), monkeypatch)
    failed: list[Failed] = []
    with pytest.raises(CheckpointError):
        frontiers([scenario], 0, failed=failed)
    assert failed == []


@pytest.mark.usefixtures("few_faults")
def test_several_processes_find_what_one_does() -> None:
    scenarios = [Scenario("creation-lock"), Scenario("state-machine")]
    alone, together = frontiers(scenarios, 1), frontiers(scenarios, 1, jobs=2)
    assert [(each.breaking, each.states) for each in alone] == [(each.breaking, each.states) for each in together]


def test_name_tombstone_has_no_orphan_under_any_single_fault() -> None:
    """The README says so."""
    [found] = frontiers([Scenario("name-tombstone", properties=("no-transient-orphan",))], 1)
    assert found.breaking == found.undecided == []


def test_where_nothing_is_left_to_try_there_is_an_answer_all_the_same() -> None:
    [found] = frontiers([Scenario("baseline", properties=("no-permanent-orphan",))], 1, jobs=2)
    assert found.breaking == [()]


def test_what_cannot_be_confirmed_is_undecided_and_all_else_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where somebody presses Ctrl-C while a counterexample is executed again."""

    def interrupted(model: Model, name: str, *_: object) -> None:
        if name == "no-permanent-orphan":
            raise UndecidedError("it was interrupted")

    monkeypatch.setattr(minimal_sets, "confirm", interrupted)
    scenario = Scenario("baseline", properties=("no-permanent-orphan", "no-transient-orphan"))
    permanent, transient = frontiers([scenario], 1)
    assert (permanent.breaking, permanent.undecided) == ([], [()])
    assert (transient.breaking, transient.undecided) == ([()], [])


ONE_AFTER_THE_OTHER = """
from deadheat import Component, Kind, Model, Process, Property, Step, operation

class Cell(Component):
    initial = 0

    @operation
    def go(self, value):
        return (Step(None, value), *((Step(None, value + 1, fault=("first", "then")[value]),) if value < 2 else ()))

def role(cell):
    yield cell.go()
    yield cell.go()

cell = Cell("cell")
both = Property("both", "", Kind.ALWAYS, ("cell",), lambda view: view["cell"] == 2)
one = Property("one", "", Kind.ALWAYS, ("cell",), lambda view: view["cell"] > 0)
MODEL = Model({"cell": cell}, (Process("role", role, (cell,)),), (both, one), {"first": 0, "then": 0, "never": 0})
"""


@pytest.mark.parametrize("properties", [("both", "one"), ("one", "both")])
def test_which_faults_never_happen_is_said_of_all_properties_however_many_are_asked_at_once(
    properties: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`then` happens only after `first`, which breaks one of the two properties alone."""
    (tmp_path / "ours.py").write_text(ONE_AFTER_THE_OTHER)
    scenario = Scenario(f"{tmp_path / 'ours.py'}:MODEL", properties=properties)
    for at_once in (2, 1):
        monkeypatch.setattr(minimal_sets, "PROPERTIES_MAX", at_once)
        found = frontiers([scenario], up_to=2)
        assert breaking(found) == {"both": [{"first": 1, "then": 1}], "one": [{"first": 1}]}
        assert {each.not_applicable for each in found} == {("never",)}
