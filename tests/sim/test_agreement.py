"""The searches against each other: the fast ones must say what the obvious one says."""

from __future__ import annotations

from typing import Any

from hypothesis import assume

from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration
from deadheat.sim.model import Model
from deadheat.sim.run.simulation import run_randomly
from tests.breadth import tried_on
from tests.sim.random_models import models

SMALL = SearchOptions(400)


def verdicts(found: Exploration) -> dict[str, int]:
    """The violated properties, with the length of each counterexample, or of its stem."""
    return {
        name: len(schedule.choices[: schedule.cycle_from]) for name, schedule in sorted(found.counterexamples.items())
    }


def counts(found: Exploration) -> dict[str, Any]:
    return {"states": found.states, "transitions": found.transitions, "depth": found.depth}


def coverage(found: Exploration) -> tuple[Any, ...]:
    return found.reached, found.labels_reached, found.faults_fired


@tried_on(models(), few=40, many=150)
def test_the_tables_find_what_the_reference_finds(model: Model) -> None:
    slow = reference.explore(model, SMALL)
    assume(slow.complete)
    fast = python.explore(model, SearchOptions(merging=False))
    assert verdicts(fast) == verdicts(slow)
    if len(slow.counterexamples) < len(model.properties):  # else each search stops where it likes
        assert counts(fast) == counts(slow)
        assert coverage(fast) == coverage(slow)


@tried_on(models(), few=40, many=150)
def test_merging_changes_no_verdict(model: Model) -> None:
    separate = python.explore(model, SearchOptions(20_000, merging=False))
    assume(separate.complete)
    merged = python.explore(model)
    assert verdicts(merged).keys() == verdicts(separate).keys()
    for name, length in verdicts(merged).items():
        if name in ("always", "step"):
            assert length == verdicts(separate)[name]
        else:  # a state that is never left again may be reached sooner, where its first history is that of its return
            assert length <= verdicts(separate)[name]
    assert merged.states <= separate.states
    if len(merged.counterexamples) < len(model.properties):
        assert coverage(merged) == coverage(separate)


@tried_on(models(), few=40, many=150)
def test_the_reference_merges_as_the_tables_do(model: Model) -> None:
    slow = reference.explore(model, SearchOptions(400, merging=True))
    assume(slow.complete)
    fast = python.explore(model)
    assert verdicts(fast) == verdicts(slow)
    if len(slow.counterexamples) < len(model.properties):
        assert counts(fast) == counts(slow)


@tried_on(models(), few=40, many=150)
def test_what_is_found_simpy_confirms_and_what_a_random_run_violates_is_found(model: Model) -> None:
    found = python.explore(model, SearchOptions(20_000))
    for name, schedule in found.counterexamples.items():
        assert confirm(model, name, schedule)[1]
    assume(found.complete)
    always = model.properties[0]
    for seed in range(3):
        simulation, _ = run_randomly(model, seed, steps_max=20)
        if always.violation(simulation.values) is not None:
            assert always.name in found.counterexamples
