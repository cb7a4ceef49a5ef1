"""Checks: verdicts, their scope, and what happens when a search is cut short or wrong."""

from __future__ import annotations

import multiprocessing
import re
import threading

import pytest

from deadheat.scenarios import check as check_module
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, Verdict, check, check_all
from deadheat.scenarios.narrate import closing_sentence
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import InternalError, UsageError
from deadheat.sim.explore import python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Progress
from deadheat.sim.model import Model
from deadheat.sim.trace import Choice, Schedule


def test_a_check_cut_short_never_says_that_a_property_holds() -> None:
    result = check(Scenario("baseline"), Options(SearchOptions(states_max=50)))
    assert not result.exploration.complete
    assert {each.verdict for each in result.outcomes} <= {Verdict.INCONCLUSIVE, Verdict.VIOLATED}
    assert result.outcome("no-permanent-orphan").verdict is Verdict.INCONCLUSIVE


def test_a_violation_found_before_the_limit_stands() -> None:
    result = check(Scenario("baseline"), Options(SearchOptions(states_max=150)))
    assert result.outcome("terminal-is-final").verdict is Verdict.VIOLATED


def test_a_verdict_says_what_it_covers() -> None:
    exploration = check(Scenario("creation-lock")).exploration
    assert exploration.complete
    assert (exploration.explorer, exploration.reductions, exploration.storage) == ("python", ("merging",), "exact")
    assert check(Scenario("creation-lock"), Options(SearchOptions(merging=False))).exploration.reductions == ()


# It tries again and again while a Job is being deleted, so its histories have no end unless they are merged.
ENDLESS = "name-tombstone"


@pytest.mark.parametrize("name", [each for each in DEFAULT_PROTOCOLS if each != ENDLESS])
def test_merging_changes_no_verdict(name: str) -> None:
    scenario = Scenario(name)
    merged, separate = check(scenario), check(scenario, Options(SearchOptions(merging=False)))
    assert [each.verdict for each in merged.outcomes] == [each.verdict for each in separate.outcomes]
    assert merged.exploration.states <= separate.exploration.states


def test_a_protocol_that_tries_again_and_again_is_finite_only_when_merged() -> None:
    assert check(Scenario(ENDLESS)).exploration.complete
    assert not check(Scenario(ENDLESS), Options(SearchOptions(merging=False, states_max=5_000))).exploration.complete


def test_only_the_properties_asked_for_are_checked() -> None:
    result = check(Scenario("baseline", properties=("at-most-one-job",)))
    assert [each.property for each in result.outcomes] == ["at-most-one-job"]


def test_several_processes_find_what_one_does() -> None:
    scenarios = [Scenario(name) for name in DEFAULT_PROTOCOLS[:3]]
    alone = list(check_all(scenarios, Options()))
    together = list(check_all(scenarios, Options(), jobs=2))
    assert [each.outcomes for each in alone] == [each.outcomes for each in together]
    assert [each.exploration for each in alone] == [each.exploration for each in together]


@pytest.mark.parametrize("taken", [1, 3])
def test_whoever_takes_no_more_results_leaves_no_thread_and_no_process(taken: int) -> None:
    # A thread of a pool that is still there when Python ends is woken then, and complains if it goes at that moment.
    before = {*threading.enumerate(), *multiprocessing.active_children()}
    results = check_all([Scenario(name) for name in DEFAULT_PROTOCOLS[:3]], Options(), jobs=2)
    for _ in range(taken):
        next(results)
    results.close()  # type: ignore[attr-defined]
    assert {*threading.enumerate(), *multiprocessing.active_children()} == before


def test_an_unknown_explorer_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no explorer 'pyton'; did you mean python"):
        check(Scenario("baseline"), Options(SearchOptions(explorer="pyton")))


def test_a_counterexample_that_simpy_does_not_confirm_is_never_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    def lying(model: Model, options: SearchOptions, report: object) -> Exploration:
        found = python.explore(model, options)
        return replace(found, counterexamples={"at-most-one-job": Schedule((Choice("worker/e1"),))})

    monkeypatch.setattr(check_module, "explore", lying)
    with pytest.raises(InternalError, match="defect of deadheat"):
        check(Scenario("baseline"))


def test_progress_is_reported_along_the_way() -> None:
    seen: list[Progress] = []
    result = check(Scenario("baseline"), report=seen.append)
    assert [each.states for each in seen] == sorted(each.states for each in seen)
    assert seen[-1].states == result.exploration.states


@pytest.mark.parametrize("name", ["baseline", "two-phase", "creation-lock"])
@pytest.mark.parametrize("fault", ["http-retry", "lease-expiry", "worker-crash"])
def test_every_violation_is_told_in_one_sentence(name: str, fault: str) -> None:
    for outcome in check(Scenario(name, faults=((fault, 1),))).outcomes:
        if outcome.counterexample is not None:
            sentence = closing_sentence(outcome.counterexample)
            assert sentence.endswith(".")
            assert "e1" in sentence
            assert ". " not in sentence


def test_the_sentence_for_the_seeds_race_names_the_lost_kill() -> None:
    counterexample = check(Scenario("baseline")).outcome("no-permanent-orphan").counterexample
    assert counterexample is not None
    sentence = closing_sentence(counterexample)
    assert "was answered 404 Not Found" in sentence
    assert "only later did the dispatcher create the Job (T8" in sentence


def test_the_meaning_of_every_property_is_one_line() -> None:
    assert all(meaning and "\n" not in meaning for meaning in PROPERTIES.values())


def test_a_sentence_tells_what_happened_to_the_evaluation_that_it_speaks_of() -> None:
    for outcome in check(Scenario("baseline", 2)).outcomes:
        if outcome.counterexample is None:
            continue
        sentence = closing_sentence(outcome.counterexample)
        spoken_of = set(re.findall(r"\be[0-9]\b", sentence))
        for step in re.findall(r"step (\d+)", sentence):
            process = outcome.counterexample.trace.events[int(step) - 1].process
            assert spoken_of & set(process.split("/")), (sentence, process)
