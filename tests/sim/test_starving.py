"""Lassos: what is never taken in a cycle although it could be is named, and nothing else."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from deadheat.sim.explain.starving import Starving, starving_in
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Request, any_of
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice, Schedule
from tests.breadth import tried_on
from tests.sim.classics import Variable
from tests.sim.random_models import Cell, models

DONE, SPIN = Variable("done", 0), Variable("spin", 0)
Role = Generator[Request, Any, None]


def _not_done(view: View) -> str | None:
    return None if view["done"] else "not done"


NEVER_DONE = Property("never-done", "", Kind.EVENTUALLY, ("done",), _not_done)


def relay() -> Role:
    yield any_of(SPIN.set(1), DONE.set(1))
    yield SPIN.set(0)


def _model(*processes: Process) -> Model:
    return Model({"done": DONE, "spin": SPIN}, processes, (NEVER_DONE,))


@pytest.mark.parametrize("explore", [python.explore, kernel.explore, reference.explore])
def test_the_alternative_on_which_a_lasso_rests_is_named(explore: Any) -> None:
    model = _model(Process("relay", relay, repeats=True))
    [starving] = starving_in(model, explore(model).counterexamples["never-done"])
    assert starving == Starving("relay", "done.set(1)", always=False)  # not where it sets back
    assert str(starving) == (
        "relay could take done.set(1) again and again in this cycle and never does: fairness is owed to processes, not "
        "to alternatives; give done.set(1) a process of its own if it is owed"
    )


def test_a_process_of_its_own_gets_its_turn() -> None:
    def spin() -> Role:
        yield SPIN.set(1)
        yield SPIN.set(0)

    def finish() -> Role:
        yield DONE.set(1)

    model = _model(Process("spin", spin, repeats=True), Process("finish", finish))
    assert "never-done" not in python.explore(model).counterexamples


def test_what_is_possible_all_the_time_is_so_called() -> None:
    def choose() -> Role:
        yield any_of(SPIN.set(0), DONE.set(1))

    model = _model(Process("relay", choose, repeats=True))
    [starving] = starving_in(model, python.explore(model).counterexamples["never-done"])
    assert starving.always
    assert "at any time" in str(starving)


def test_what_is_not_owed_or_not_possible_does_not_starve() -> None:
    def choose() -> Role:
        yield any_of(SPIN.set(0), Cell("never").wait_for(1))

    never = _model(Process("relay", choose, repeats=True))
    never = replace(never, components={**never.components, "never": Cell("never")})
    assert starving_in(never, python.explore(never).counterexamples["never-done"]) == ()
    free = _model(Process("relay", relay, repeats=True, owed=False))
    lasso = Schedule((Choice("relay", 0), Choice("relay")), cycle_from=0)
    assert starving_in(free, lasso) == ()
    assert starving_in(replace(free, processes=(Process("relay", relay, repeats=True),)), lasso)


def test_a_run_without_a_cycle_has_nothing_that_starves() -> None:
    model = _model(Process("relay", relay, repeats=True))
    assert starving_in(model, Schedule((Choice("relay"),))) == ()
    assert starving_in(model, Schedule((Choice("relay"),), cycle_from=1)) == ()


@tried_on(models(), few=50, many=150)
def test_what_is_said_to_starve_is_enabled_in_the_cycle_and_not_taken(model: Model) -> None:
    schedule = python.explore(model, SearchOptions(2_000)).counterexamples.get("eventually")
    if schedule is None:
        return
    assert schedule.cycle_from is not None
    named = {(each.process, each.alternative) for each in starving_in(model, schedule)}
    COUNTED.append(len(named))
    simulation = Simulation(model)
    enabled, taken = set(), set()
    for number, choice in enumerate(schedule.choices):
        if number >= schedule.cycle_from:
            enabled |= {(each.choice.process, str(each.operation)) for each in simulation.transitions()}
        fired = simulation.fire(choice)
        if number >= schedule.cycle_from:
            taken.add((choice.process, str(fired.operation)))
    assert named <= enabled - taken


COUNTED: list[int] = []
