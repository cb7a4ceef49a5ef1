"""No green that is empty: what holds for want of what never happens is vacuous, wherever verdicts are given."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from deadheat.models.faults import FAULTS
from deadheat.models.roles import Steps
from deadheat.models.steps import LABELS, T5
from deadheat.models.system import System, Task
from deadheat.reports.frontier import print_frontiers
from deadheat.reports.machine import check_to_json, frontier_to_json
from deadheat.reports.matrix import print_matrix
from deadheat.scenarios import subjects
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS, find_protocol
from deadheat.scenarios.check import CheckResult, Options, Verdict, check, check_all
from deadheat.scenarios.frontier import Frontier, frontiers
from deadheat.scenarios.incidents import INCIDENTS, find_incident
from deadheat.scenarios.incidents.judge import Judgement, judge
from deadheat.scenarios.mutate import hunt_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.forgotten import note_used
from tests.protocols import NEVER_MATCHES, added, changed

HELD = "no-permanent-orphan"


def nothing(system: System, task: Task) -> Steps:
    yield system.queue.deliver(task.evaluation, task.worker)


@pytest.fixture(autouse=True)
def protocols() -> Iterator[None]:
    with added(NEVER_MATCHES, changed("idle", worker=nothing)):
        yield


def result_of(name: str, options: Options = Options(), **scenario: Any) -> CheckResult:
    return check(Scenario(name, properties=(HELD,), **scenario), options)


def verdict_of(*arguments: Any, **scenario: Any) -> Verdict:
    return result_of(*arguments, **scenario).outcome(HELD).verdict


# Steps that are never reached


@pytest.mark.parametrize("explorer", ["auto", "python", "kernel", "reference"])
def test_what_holds_because_a_comparison_never_matches_is_vacuous(explorer: str) -> None:
    result = result_of("never-matches", Options(SearchOptions(explorer=explorer)))
    assert result.outcome(HELD).verdict is Verdict.VACUOUS
    assert result.labels_not_reached == result.missed == ("T1", "T2", "T7", "T8")
    assert result.is_vacuous


def test_a_protocol_that_names_no_step_at_all_is_not_excused_by_that() -> None:
    result = result_of("idle")
    assert "T0" in result.missed
    assert result.outcome(HELD).verdict is Verdict.VACUOUS


def test_what_is_violated_is_so_whatever_was_not_reached() -> None:
    result = check(Scenario("never-matches", properties=(HELD, "nothing-stuck")))
    assert [each.verdict for each in result.outcomes] == [Verdict.VACUOUS, Verdict.VIOLATED]


def test_a_search_cut_short_is_inconclusive_before_it_is_vacuous() -> None:
    assert verdict_of("never-matches", Options(SearchOptions(states_max=3))) is Verdict.INCONCLUSIVE


def test_only_the_whole_of_what_is_missing_allows_a_verdict_to_count() -> None:
    some, all_of_them = frozenset({"T1", "T2"}), frozenset({"T1", "T2", "T7", "T8"})
    result = result_of("never-matches", Options(allow_unreached=some))
    assert (result.missed, result.outcome(HELD).verdict) == (("T7", "T8"), Verdict.VACUOUS)
    assert verdict_of("never-matches", Options(allow_unreached=all_of_them)) is Verdict.HOLDS


def test_a_step_that_a_protocol_does_without_by_design_is_not_missing() -> None:
    lacking = changed("no-kill", cancel=_without_the_kill)
    with added(lacking, replace(lacking, name="no-kill-by-design", lacks=(T5,))):
        assert result_of("no-kill").labels_not_reached == ("T5",)
        assert result_of("no-kill-by-design").labels_not_reached == ()
        assert result_of("no-kill-by-design+orphan-cleanup").labels_not_reached == ()


def _without_the_kill(system: System, request: Any) -> Steps:
    role = find_protocol("baseline").cancel(system, request)
    asked = next(role)
    while True:
        note_used(asked)  # what is left out here is not what a role forgot
        try:
            asked = role.send(None if getattr(asked, "label", None) == "T5" else (yield asked))
        except StopIteration:
            return


@pytest.mark.parametrize("name", [*DEFAULT_PROTOCOLS, *(each.name for item in INCIDENTS for each in item.protocols)])
def test_nothing_built_in_holds_vacuously(name: str) -> None:
    """Neither does a protocol claim to lack a step that some run of it makes."""
    result = check(Scenario(name))
    lacks = {label.name for label in find_protocol(name).lacks}
    assert not result.is_vacuous
    assert result.exploration.labels_reached == {label.name for label in LABELS} - lacks
    assert lacks == ({"T5"} if "prefect" in name else set())


# Faults that never happen


def test_a_fault_that_never_happens_makes_a_verdict_vacuous_only_where_it_was_asked_for() -> None:
    faults = (("watch-loss", 1),)
    asked_for = Options(faults_must_fire=True)
    assert result_of("state-machine", faults=faults).faults_not_fired == ("watch-loss",)
    assert verdict_of("state-machine", faults=faults) is Verdict.HOLDS
    assert verdict_of("state-machine", asked_for, faults=faults) is Verdict.VACUOUS
    assert verdict_of("state-machine", asked_for, faults=(("watch-loss", 0),)) is Verdict.HOLDS
    assert verdict_of("state-machine", asked_for, faults=(("worker-loss", 1),)) is Verdict.HOLDS
    allowed = Options(faults_must_fire=True, allow_unreached=frozenset({"watch-loss"}))
    assert verdict_of("state-machine", allowed, faults=faults) is Verdict.HOLDS


# Reports


def test_the_table_has_a_mark_of_its_own_and_says_what_to_do() -> None:
    text = printed(result_of("never-matches"), result_of("state-machine"))
    rows = {line.split()[0]: line.split()[1] for line in text.splitlines() if line.startswith(("never-", "state-m"))}
    assert (rows["never-matches"], rows["state-machine"]) == ("∅", "✓")
    assert "∅ holds vacuously" in text
    assert "never-matches: no run reached T1, T2, T7, T8." in text
    assert "--allow-unreached T1 --allow-unreached T2 --allow-unreached T7 --allow-unreached T8." in text
    assert "∅" not in printed(result_of("state-machine"))


def test_a_search_that_ended_with_its_last_violation_claims_nothing_of_what_it_did_not_reach() -> None:
    result = check(Scenario("two-phase", properties=("terminal-is-final",)))
    assert not result.is_whole
    assert result.labels_not_reached == ("T8",)
    assert "two-phase: not all runs were seen, and none of them reached T8." in printed(result)


def test_the_json_says_what_was_missing() -> None:
    [entry] = json.loads(check_to_json([result_of("never-matches", faults=(("watch-loss", 1),))]))["results"]
    assert entry["verdict"] == "vacuous"
    assert entry["labels_not_reached"] == ["T1", "T2", "T7", "T8"]
    assert entry["faults_not_fired"] == ["watch-loss"]
    assert entry["not_reached"][-1] == "watch-loss"


def printed(*results: CheckResult) -> str:
    console = Console(file=io.StringIO(), width=200)
    print_matrix(results, console)
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


# The frontier


def frontier_of(
    monkeypatch: pytest.MonkeyPatch, name: str, *kinds: str, up_to: int = 1, options: Options = Options()
) -> Frontier:
    monkeypatch.setattr(
        subjects.OfEvaluations, "of_the_world", {kind: each for kind, each in FAULTS.items() if kind in kinds}
    )
    [found] = frontiers([Scenario(name, properties=(HELD,))], up_to, options)
    return found


def test_a_kind_of_fault_that_cannot_happen_is_not_survived(monkeypatch: pytest.MonkeyPatch) -> None:
    found = frontier_of(monkeypatch, "name-tombstone", "watch-loss", "worker-loss", "lease-expiry")
    assert found.not_applicable == ("watch-loss", "lease-expiry")
    assert (found.breaking, found.is_vacuous()) == ([], False)
    console = Console(file=io.StringIO(), width=200)
    print_frontiers([found], console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "✓ survives every combination of up to 1 fault of the kinds that can happen" in text
    assert "Not applicable to name-tombstone, where they never happen: watch-loss, lease-expiry." in text
    assert "is broken by" not in text  # no table where there is nothing to be in it
    [entry] = json.loads(frontier_to_json([found]))["results"]
    assert entry["not_applicable"] == ["watch-loss", "lease-expiry"]


def test_where_everything_is_broken_before_nothing_is_said_of_what_can_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    found = frontier_of(monkeypatch, "baseline", "watch-loss")
    assert (found.breaking, found.not_applicable) == ([()], ())


def test_a_search_cut_short_does_not_tell_what_cannot_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    options = Options(SearchOptions(states_max=20))
    found = frontier_of(monkeypatch, "state-machine", "watch-loss", options=options)
    assert (found.undecided, found.not_applicable) == ([(), (("watch-loss", 1),)], ())
    assert "20 states" in str(found.stopped)


def test_nothing_is_survived_vacuously(monkeypatch: pytest.MonkeyPatch) -> None:
    found = frontier_of(monkeypatch, "never-matches", "worker-loss")
    assert found.vacuous == [(), (("worker-loss", 1),)]
    assert found.is_vacuous()
    console = Console(file=io.StringIO(), width=200)
    print_frontiers([found], console)
    assert "∅ holds vacuously" in console.file.getvalue()  # type: ignore[attr-defined]


# What builds on verdicts


def test_what_the_original_holds_vacuously_notices_no_mutant() -> None:
    scenario = Scenario("never-matches", faults=(("worker-loss", 1),))
    hunt = hunt_of(scenario)
    [original] = hunt.originals
    assert {each.verdict for each in original.outcomes} <= {Verdict.VACUOUS, Verdict.VIOLATED}
    assert all(trial.scenario.properties == () for trial in hunt.trials_of(1)) or not hunt.guards.mutations


def test_a_fix_mends_nothing_that_was_not_violated_and_nothing_vacuously() -> None:
    incident = find_incident("kueue-12820")
    was, fixed = (Scenario(each.name) for each in incident.protocols)
    defect, fix = check(was), check(fixed)
    assert Judgement(incident, defect, fix).fix_holds
    assert not Judgement(incident, fix, fix).fix_holds
    vacuous = tuple(replace(each, verdict=Verdict.VACUOUS) for each in fix.outcomes if each.verdict is Verdict.HOLDS)
    assert not Judgement(incident, defect, replace(fix, outcomes=vacuous)).fix_holds


def test_a_fault_that_never_happens_does_not_leave_a_fix_unbroken() -> None:
    [judgement] = judge([find_incident("kueue-12820")])
    assert "watch-loss" in judgement.with_one_more.not_applicable
    assert "worker-loss" not in judgement.with_one_more.not_applicable


def test_several_worker_processes_find_the_same() -> None:
    scenarios = [Scenario(name, properties=(HELD,)) for name in ("state-machine", "creation-lock")]
    options = Options(faults_must_fire=True, allow_unreached=frozenset({"T5"}))
    found = [result.outcome(HELD).verdict for result in check_all(scenarios, options, jobs=2)]
    assert found == [Verdict.HOLDS, Verdict.HOLDS]
