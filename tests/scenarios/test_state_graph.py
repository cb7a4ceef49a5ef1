"""The whole graph of states says what the searches say, and what simpy does."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from deadheat.models.components.kubernetes import Answer
from deadheat.models.protocols import baseline
from deadheat.models.system import DispatchRequest, Steps, System
from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.explorable import explorable
from deadheat.scenarios.given import reference_to
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.standing import Standing, judged
from deadheat.scenarios.state_graph import StateGraph, graph_around, state_graph
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.explain.turning_point import can_be_avoided, turning_point
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.model import Model, Process
from deadheat.sim.run.describing import described
from deadheat.sim.run.simulation import Simulation, replay
from deadheat.sim.trace import Schedule

SCENARIOS = [
    Scenario("baseline"),
    Scenario("event-sourcing"),
    Scenario("baseline+orphan-cleanup", faults=(("cleanup-loss", 1),)),
    Scenario("creation-lock", faults=(("lease-expiry", 1), ("http-timeout", 1))),
    Scenario("incident:dagster-3323", faults=(("watch-loss", -1),)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.protocol)
def test_what_can_still_happen_at_the_beginning_is_what_a_check_finds(scenario: Scenario) -> None:
    result = check(scenario)
    graph = state_graph(scenario.model(), 20_000)
    assert isinstance(graph, StateGraph)
    assert len(graph.states) == result.exploration.states or not result.is_whole
    for watch in graph.tables.watches:
        found, outcome = judged(graph, watch), result.outcome(watch.property.name)
        assert bool(found.standings[0] & Standing.BY_FAULT) is (outcome.verdict is Verdict.VIOLATED)
        if outcome.counterexample is None:
            continue
        schedule = outcome.counterexample.trace.schedule
        along = [found.standings[number] for number in graph.along(schedule.choices)]
        lost = [place for place, standing in enumerate(along) if standing & Standing.LOST]
        turning = turning_point(scenario.model(), watch.property.name, schedule)
        assert turning in (None, next(iter(lost), len(schedule.choices)))
        if watch.property.kind.value in ("always", "settled"):
            assert along[-1] & Standing.VIOLATED


@pytest.mark.parametrize("scenario", SCENARIOS[:3], ids=lambda each: each.protocol)
def test_a_run_through_the_graph_is_one_through_simpy(scenario: Scenario) -> None:
    graph = state_graph(scenario.model(), 20_000)
    assert isinstance(graph, StateGraph)
    for seed in range(25):
        generator = random.Random(seed)
        simulation, number = Simulation(graph.model), 0
        for _ in range(60):  # a cleanup never ends
            if not (here := graph.moves[number]):
                break
            assert [each.choice for each in simulation.transitions()] == [each.successor.choice for each in here]
            assert [each.owed for each in simulation.transitions()] == [each.successor.owed for each in here]
            move = generator.choice(here)
            assert simulation.record(move.successor.choice) == graph.event(move.key)
            number = move.target
            view = graph.tables.view(graph.states[number], graph.model.components)
            for name, component in graph.model.components.items():
                assert described(component, view[name]) == described(component, simulation.values[name])


def test_the_nearest_run_that_holds_goes_along_until_the_race_is_lost_and_ends_well() -> None:
    found = explorable(check(Scenario("baseline")))
    assert {run.counterexample.property for run in found.runs} >= {"no-permanent-orphan", "terminal-is-final"}
    for run in found.runs:
        schedule, name = run.counterexample.trace.schedule, run.counterexample.property
        assert run.nearest is not None
        assert run.lost_at is not None
        shared = run.lost_at - 1
        assert run.nearest[:shared] == schedule.choices[:shared]
        assert run.nearest[shared] != schedule.choices[shared]
        simulation, _ = replay(found.graph.model, Schedule(run.nearest))
        assert not [each for each in simulation.transitions() if each.owed]
        assert can_be_avoided(run.counterexample.scenario.model(), name, Schedule(run.nearest))


def test_one_fault_can_be_injected_where_none_is_allowed_and_no_second_one() -> None:
    found = explorable(check(Scenario("creation-lock", properties=("no-permanent-orphan",))))
    assert "lease-expiry" in found.injected
    assert "worker-crash" in found.left_out
    start = found.judged["no-permanent-orphan"].standings[0]
    assert start & Standing.BY_FAULT
    assert not start & Standing.REACHABLE
    whole = found.graph.tables.budget_fields(found.graph.model.budgets)
    unused = found.graph.states[0] & whole
    after_one = [number for number, state in enumerate(found.graph.states) if state & whole != unused]
    assert after_one
    assert not any(move.successor.budget for number in after_one for move in found.graph.moves[number])


def test_of_what_is_too_large_there_are_the_runs_and_what_else_could_have_happened_on_them() -> None:
    scenario = Scenario("baseline", properties=("no-permanent-orphan", "at-most-one-job"))
    result = check(scenario)
    found = explorable(result, states_max=50)
    assert not found.graph.whole
    assert not found.judged
    [run] = found.runs
    along = found.graph.along(run.counterexample.trace.schedule.choices)
    whole = state_graph(scenario.model(), 1_000)
    assert isinstance(whole, StateGraph)
    assert [len(found.graph.moves[each]) for each in along] == [
        len(whole.moves[each]) for each in whole.along(run.counterexample.trace.schedule.choices)
    ]
    assert run.nearest is None
    assert run.lost_at == 7


def test_of_a_graph_with_more_states_than_the_limit_it_is_said_that_it_was_reached() -> None:
    model = replace(Scenario("baseline"), properties=("no-permanent-orphan",)).model()
    assert state_graph(model, 208) == Stop(Limit.STATES, "it reached 208 states")
    assert isinstance(state_graph(model, 209), StateGraph)
    assert len(graph_around(model, []).states) > 1


def fails_when_it_is_cut_off(system: System, request: DispatchRequest) -> Steps:
    answer = yield from baseline.dispatch(system, request)
    if answer is Answer.TOO_MANY_REQUESTS:
        raise ValueError("nobody has thought of this")
    return answer


def test_a_role_that_fails_under_a_fault_which_nobody_allowed_leaves_that_fault_out() -> None:
    ours = replace(baseline.BASELINE, name="fails", dispatch=fails_when_it_is_cut_off)
    found = explorable(check(Scenario(reference_to(ours), properties=("no-transient-orphan",))))
    assert found.graph.whole
    assert found.breaking == ("k8s-refusal",)
    assert "http-timeout" in found.injected


class Log(Component):
    """A log that grows for ever."""

    initial = ()

    @operation
    def add(self, lines: tuple[str, ...]) -> tuple[Step, ...]:
        """Add a line."""
        return (Step(None, (*lines, "a line")),)


def keeper(log: Log) -> Steps:
    while True:
        yield log.add()


def test_what_grows_for_ever_is_named_before_it_fills_the_graph() -> None:
    log = Log("log")
    model = Model({"log": log}, (Process("keeper", keeper, (log,)),), ())
    found = state_graph(model, 20_000)
    assert isinstance(found, Stop)
    assert found.limit is Limit.VALUES
    assert found.reason.startswith("the component 'log' took on 251 values, and seems to have no bound")
    assert state_graph(model, 300, values_max=0) == Stop(
        Limit.STATES, "it reached 300 states", "the component 'log' took on 251 values"
    )
