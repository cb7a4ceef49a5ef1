"""Schedules are drawn, shrunk and made again by hypothesis, in users' own tests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, example, find, given, settings
from hypothesis.database import InMemoryExampleDatabase

import deadheat
from deadheat import DrawnRun

QUIETLY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def test_a_violation_is_found_and_shrunk() -> None:
    run = find(deadheat.schedules("baseline"), lambda run: "terminal-is-final" in run.violations, settings=QUIETLY)
    assert "went from cancelled" in run.violations["terminal-is-final"]
    assert len(run.trace.events) == len(run.picks) < 60


def test_what_is_shown_of_a_run_makes_it_again() -> None:
    drawn = deadheat.schedules("baseline", faults={"worker-crash": 1})
    run = find(drawn, lambda run: bool(run.violations), settings=QUIETLY)
    again = eval(repr(run), {"DrawnRun": DrawnRun})
    assert again == run


def test_an_example_and_the_database_are_run_first() -> None:
    database, seen = InMemoryExampleDatabase(), list[DrawnRun]()

    @settings(QUIETLY, database=database, derandomize=False, phases=(Phase.reuse, Phase.generate, Phase.shrink))
    @given(deadheat.schedules("baseline"))
    def fails(run: DrawnRun) -> None:
        seen.append(run)
        assert "terminal-is-final" not in run.violations

    with pytest.raises(AssertionError):
        fails()
    smallest = seen[-1]
    seen.clear()
    with pytest.raises(AssertionError):
        fails()
    assert "terminal-is-final" in seen[0].violations, "what is in the database comes first"
    assert smallest.violations

    @settings(QUIETLY, phases=(Phase.explicit,))
    @example(smallest)
    @given(deadheat.schedules("baseline"))
    def explicit(run: DrawnRun) -> None:
        assert "terminal-is-final" not in run.violations

    with pytest.raises(AssertionError):
        explicit()


def test_runs_of_what_holds_violate_nothing() -> None:
    @QUIETLY
    @given(deadheat.schedules("name-tombstone"))
    def holds(run: DrawnRun) -> None:
        assert "no-permanent-orphan" not in run.violations

    holds()


def test_an_unknown_fault_is_refused_at_once() -> None:
    with pytest.raises(deadheat.UsageError, match="worker-crash"):
        deadheat.schedules("baseline", faults={"worker-crsh": 1})
