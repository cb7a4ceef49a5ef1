"""Runs through simpy: the schedule alone determines them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import ReplayDivergedError
from deadheat.sim.model import Crash, Model, Process
from deadheat.sim.operations import any_of, atomically
from deadheat.sim.run.simulation import Simulation, replay, run_randomly
from deadheat.sim.trace import Choice, Schedule
from tests.sim.classics import Section, Variable, lost_update, philosophers

Role = Generator[Any, Any, Any]


def test_any_schedule_can_be_run_and_run_again() -> None:
    schedule = Schedule(tuple(Choice(name) for name in ("p1", "p2", "p2", "p1")))
    (first, one), (second, other) = replay(lost_update(), schedule), replay(lost_update(), schedule)
    assert first.values == second.values == {"counter": 1}
    assert one == other
    assert [event.operation for event in one.events] == ["get", "get", "set", "set"]


def test_a_step_that_is_not_enabled_is_refused_with_its_number() -> None:
    with pytest.raises(ReplayDivergedError, match="Step 2 of 2 cannot be replayed: The process 'philosopher 1'"):
        replay(philosophers(2, ordered=True), Schedule((Choice("philosopher 0"), Choice("philosopher 1"))))
    with pytest.raises(ReplayDivergedError, match="no process 'nobody'"):
        replay(lost_update(), Schedule((Choice("nobody"),)))


def test_the_same_seed_is_the_same_run_ten_times_over() -> None:
    runs = {repr(run_randomly(philosophers(3, ordered=False), seed=7)[1]) for _ in range(10)}
    assert len(runs) == 1
    assert len({repr(run_randomly(philosophers(3, ordered=False), seed)[1]) for seed in range(20)}) > 1


def test_a_run_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from deadheat.scenarios.scenario import Scenario\n"
        "from deadheat.sim.run.simulation import run_randomly\n"
        "from deadheat.scenarios.check import check\n"
        "scenario = Scenario('request-token+orphan-cleanup', faults=(('http-retry', 1),))\n"
        "print(run_randomly(scenario.model(), 3, 60)[1])\n"
        "print([outcome.counterexample for outcome in check(scenario).outcomes])\n"
    )
    outputs = set()
    for seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert " at 0x" not in outputs.pop()


def test_a_crash_restarts_the_role_and_takes_its_consequences() -> None:
    counter, other = Variable("counter", 0), Variable("other", 0)

    def role(counter: Variable) -> Role:
        try:
            yield counter.set(1)
            yield counter.set(2)
        finally:
            yield counter.set(99)  # a killed process cleans nothing up

    crash = Crash("crash", consequences=atomically(other.set(5)))
    model = Model(
        {"counter": counter, "other": other}, (Process("p", role, (counter,), crashes=(crash,)),), (), {"crash": 1}
    )
    simulation = Simulation(model)
    assert [each.choice for each in simulation.transitions()] == [Choice("p")]  # nothing to crash before it began
    simulation.fire(Choice("p"))
    simulation.fire(Choice("p", -1))
    assert simulation.values == {"counter": 1, "other": 5}
    assert simulation.budgets == {"crash": 0}
    [transition] = simulation.transitions()
    assert str(transition.operation) == "counter.set(1)"


def test_a_crash_without_restart_is_the_end() -> None:
    counter = Variable("counter", 0)

    def role(counter: Variable) -> Role:
        yield counter.set(1)
        yield counter.set(2)

    crash = Crash("crash", restarts=False)
    model = Model({"counter": counter}, (Process("p", role, (counter,), crashes=(crash,)),), (), {"crash": 2})
    simulation, _ = replay(model, Schedule((Choice("p"), Choice("p", -1))))
    assert simulation.transitions() == []


def test_whichever_of_several_operations_is_fired_the_others_never_happen() -> None:
    first, second = Variable("first", 0), Variable("second", 0)

    def role(first: Variable, second: Variable) -> Role:
        chosen = yield any_of(first.set(1), second.set(1))
        yield first.set(chosen.which + 10)

    model = Model({"first": first, "second": second}, (Process("p", role, (first, second)),))
    simulation, _ = replay(model, Schedule((Choice("p", 1), Choice("p"))))
    assert simulation.values == {"first": 11, "second": 1}


def test_atomic_operations_happen_all_or_none() -> None:
    class Gate(Component):
        initial = False

        @operation
        def pass_through(self, value: bool) -> Steps:
            return (Step("passed", value),) if value else ()

        @operation
        def open(self, value: bool) -> Steps:
            return (Step(None, True),)

    gate, section = Gate("gate"), Section("section")

    def walker(gate: Gate, section: Section) -> Role:
        yield atomically(section.enter(1), gate.pass_through())

    def opener(gate: Gate) -> Role:
        yield gate.open()

    processes = (Process("walker", walker, (gate, section)), Process("opener", opener, (gate,)))
    simulation = Simulation(Model({"gate": gate, "section": section}, processes))
    assert [each.choice.process for each in simulation.transitions()] == ["opener"]
    simulation.fire(Choice("opener"))
    transition = simulation.fire(Choice("walker"))
    assert transition.step.outcome == (None, "passed")
    assert simulation.values == {"gate": True, "section": (1,)}
