"""Schedules are drawn, shrunk and made again by hypothesis, in users' own tests."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, find, given, reproduce_failure, settings
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


def test_what_hypothesis_prints_makes_the_failure_again() -> None:
    seen = list[DrawnRun]()

    def fails(run: DrawnRun) -> None:
        seen.append(run)
        assert "terminal-is-final" not in run.violations

    with pytest.raises(AssertionError) as raised:
        settings(QUIETLY, print_blob=True)(given(deadheat.schedules("baseline"))(fails))()
    smallest = seen[-1]
    [printed] = (note for note in raised.value.__notes__ if "reproduce_failure" in note)
    found = re.search(r"@reproduce_failure\('(.+?)', (b'.+?')\)", printed)
    assert found is not None
    again = reproduce_failure(found[1], ast.literal_eval(found[2]))
    seen.clear()
    with pytest.raises(AssertionError):
        settings(QUIETLY)(again(given(deadheat.schedules("baseline"))(fails)))()
    assert seen[0] == smallest


def test_runs_of_what_holds_violate_nothing() -> None:
    @QUIETLY
    @given(deadheat.schedules("name-tombstone"))
    def holds(run: DrawnRun) -> None:
        assert "no-permanent-orphan" not in run.violations

    holds()


def test_an_unknown_fault_is_refused_at_once() -> None:
    with pytest.raises(deadheat.UsageError, match="worker-crash"):
        deadheat.schedules("baseline", faults={"worker-crsh": 1})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"steps_max": 0}, "steps_max of schedules(...) is 0, and no run would have a step"),
        ({"steps_max": "x"}, "steps_max of schedules(...) is 'x'; give it a whole number"),
        ({"evaluations": "2"}, "evaluations of schedules(...) is '2'; give it a whole number"),
        ({"evaluations": 0}, "0"),
        ({"faults": {"worker-crash": -1}}, "'worker-crash' cannot have the budget -1; give it a number, or '*'."),
        ({"faults": {"worker-crash": 1.5}}, "cannot have the budget 1.5"),
        ({"faults": {"worker-crash": "lots"}}, "cannot have the budget 'lots'"),
        ({"faults": ["worker-crash"]}, "faults of schedules(...) says how often each kind may happen"),
    ],
)
def test_what_no_run_can_be_made_of_is_refused_at_once(given: Any, told: str) -> None:
    with pytest.raises(deadheat.UsageError) as error:
        deadheat.schedules("baseline", **given)
    assert told in str(error.value)


@pytest.mark.parametrize("given", [42, None, deadheat])
def test_what_is_no_protocol_is_refused_at_once(given: Any) -> None:
    with pytest.raises(deadheat.UsageError, match=r"schedules\(\.\.\.\) was given \w+( \w+)?; give it a Protocol"):
        deadheat.schedules(given)
