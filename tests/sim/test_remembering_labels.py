"""What a search for all sets of faults has learned is kept between runs, and changes no answer."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from deadheat.scenarios.check import Options
from deadheat.scenarios.frontier import frontiers
from deadheat.scenarios.scenario import Scenario
from deadheat.sim import kept
from deadheat.sim.explore.labels import breaking
from deadheat.sim.explore.labels.breaking import Question, breaking_sets
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn import remembering
from deadheat.sim.learn.recalled import Recalled
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED, Kind, Model, Process, Property
from deadheat.sim.operations import Request
from tests.breadth import tried_on
from tests.scenarios.obvious_frontier import Obvious, said_of
from tests.sim.label_models import helpers, holes, question
from tests.sim.random_models import Cell, models
from tests.sim.test_breaking_sets import question_of, said_by
from tests.sim.test_remembering import cache, keep_although_tests_run, steps_taken

__all__ = ["cache", "steps_taken"]  # the fixtures


def said(protocol: str, up_to: int = 1) -> Obvious:
    return said_of(frontiers([Scenario(protocol)], up_to))


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[type[Tables]]:
    """The tables that searches were begun with: whether they learn or recall."""
    made: list[type[Tables]] = []

    def noted(*arguments: Any, **named: Any) -> Tables:
        tables = remembering_as(*arguments, **named)
        made.append(type(tables))
        return tables

    remembering_as = remembering.remembering_as
    monkeypatch.setattr("deadheat.sim.explore.labels.tables.remembering_as", noted)
    return made


@pytest.mark.parametrize("protocol", ["baseline", "name-tombstone"])
def test_a_second_frontier_learns_nothing_and_says_the_same(
    protocol: str, cache: Path, monkeypatch: pytest.MonkeyPatch, begun: list[type[Tables]], steps_taken: list[Any]
) -> None:
    monkeypatch.setenv(kept.VARIABLE, "off")
    without = said(protocol)
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    assert said(protocol) == without
    assert steps_taken
    begun.clear()
    steps_taken.clear()
    assert said(protocol) == without
    assert begun
    assert all(issubclass(each, Recalled) for each in begun)
    assert steps_taken == []


def test_a_frontier_of_more_faults_learns_more_and_says_what_it_said_without(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept.VARIABLE, "off")
    without = said("baseline", 0), said("baseline", 1)
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    assert [said("baseline", up_to) for up_to in (0, 1, 0, 1)] == [*without, *without]


def test_only_those_searches_begin_anew_that_recall_too_little(
    cache: Path, monkeypatch: pytest.MonkeyPatch, begun: list[type[Tables]]
) -> None:
    monkeypatch.setenv(kept.VARIABLE, "off")
    without = said("baseline")
    searches = len(begun)
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    cut_short = frontiers([Scenario("baseline")], 1, Options(SearchOptions(states_max=250)))
    assert cut_short[0].stopped is not None
    assert list(cache.iterdir())
    begun.clear()
    assert said("baseline") == without
    recalling = sum(issubclass(each, Recalled) for each in begun)
    assert 2 <= recalling == searches  # each was asked first for what it recalls,
    assert 1 < len(begun) - recalling < searches  # and some of them wanted more


def test_what_is_decided_stays_decided_where_a_search_that_begins_anew_is_interrupted(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(kept.VARIABLE, "off")
    whole = {each.property: each for each in frontiers([Scenario("baseline")], 1)}
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    frontiers([Scenario("baseline")], 1, Options(SearchOptions(states_max=250)))
    begin_anew, begun = breaking._Search._begin_anew, []

    def interrupted(search: Any, number: int) -> None:
        begun.append(number)
        begin_anew(search, number)

    monkeypatch.setattr(breaking._Search, "_begin_anew", interrupted)
    found = frontiers([Scenario("baseline")], 1, Options(SearchOptions(asked=lambda: bool(begun))))
    assert begun
    for each in found:
        assert set(each.vacuous) <= set(whole[each.property].vacuous)
        assert set(each.not_applicable) <= set(whole[each.property].not_applicable)
    assert not all(each.is_complete() for each in found)


@pytest.mark.parametrize("first", [0, 1])
def test_what_was_learned_of_faults_that_are_counted_is_not_taken_for_faults_that_are_not(
    first: int, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenarios = [Scenario("creation-lock", faults=faults) for faults in ((), (("http-timeout", UNLIMITED),))]

    def asked(scenario: Scenario) -> Obvious:
        return said_of(frontiers([scenario], 1, only=("http-timeout",)))

    monkeypatch.setenv(kept.VARIABLE, "off")
    without = [asked(each) for each in scenarios]
    assert without[0] != without[1]
    monkeypatch.setenv(kept.VARIABLE, str(cache.parent))
    for number in (first, 1 - first):
        assert asked(scenarios[number]) == without[number]


class Ranged(Cell):
    """A cell whose first value cannot be written down."""

    initial = range(0)  # type: ignore[assignment]


def test_a_second_run_over_values_that_cannot_be_written_down_says_what_the_first_one_said(cache: Path) -> None:
    cell = Ranged("cell")

    def setting() -> Generator[Request, Any, None]:
        yield cell.set(1)

    holds = Property("holds", "", Kind.ALWAYS, ("cell",), lambda view: None)
    model = Model({"cell": cell}, (Process("setting", setting, ()),), (holds,))
    for _ in range(2):
        found = breaking_sets(Question((), 0, {(): model}))
        assert list(found.coverage(()).values_under(())) == ["cell"]
    assert list(cache.iterdir())


@tried_on(models(), few=8, many=25)
def test_random_models_are_broken_alike_with_and_without(
    tmp_path_factory: pytest.TempPathFactory, model: Model
) -> None:
    asked = question_of(model)
    without = said_by(breaking_sets(asked))
    with pytest.MonkeyPatch.context() as patch:
        keep_although_tests_run(patch)
        patch.setenv(kept.VARIABLE, str(tmp_path_factory.mktemp("cache")))
        for _ in range(3):
            assert said_by(breaking_sets(asked)) == without


@pytest.mark.parametrize("values_max", [1, 2, 100])
def test_a_limit_of_values_is_met_as_if_all_was_learned_anew(
    values_max: int, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = question(helpers((0, 0, 1)), 2, options=SearchOptions(values_max=values_max))
    breaking_sets(question(helpers((0, 0, 1)), 2))
    assert list(cache.iterdir())
    with_it = breaking_sets(asked)
    monkeypatch.setenv(kept.VARIABLE, "off")
    assert with_it.stopped == breaking_sets(asked).stopped


def test_a_mutant_that_takes_any_models_lessons_for_those_of_another_is_noticed(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_by() -> list[list[Any]]:
        return [list(breaking_sets(question(holes(((kind,),)), 1)).broken["always"]) for kind in (0, 1)]

    assert broken_by() == [[(0,)], [(1,)]]
    assert broken_by() == [[(0,)], [(1,)]]
    monkeypatch.setattr(remembering, "key_of", lambda model, *, merging: "the same for all")
    assert broken_by() == [[(0,)], [(0,)]]
