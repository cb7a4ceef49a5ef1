"""What a reader can walk through: a check's whole state graph, if it is small enough, with how each property stands.

Where a check allows no faults, the graph has some all the same, to be injected: one a run, of as many kinds as fit into
so many states, the kinds with the fewest states first, and none that would take more than a quarter of the room.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from deadheat.scenarios import interruption
from deadheat.scenarios.check import CheckResult, Counterexample
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.standing import Judged, judged, nearest_that_holds
from deadheat.scenarios.state_graph import VALUES_MAX, StateGraph, graph_around, state_graph
from deadheat.sim.errors import ModelError
from deadheat.sim.explain.turning_point import turning_point
from deadheat.sim.explore.stop import Stop
from deadheat.sim.trace import Choice

__all__ = ["STATES_MAX", "Explorable", "Run", "explorable"]

STATES_MAX = 4_000
"""So many states a page walks through at once, and a reader on a phone does not notice."""


@dataclass(frozen=True, slots=True)
class Run:
    """A counterexample with the number of the step by which it is lost, and the nearest run that holds, if known."""

    counterexample: Counterexample
    lost_at: int | None
    nearest: tuple[Choice, ...] | None


@dataclass(frozen=True, slots=True)
class Explorable:
    """A check, the graph of its states, and its runs; `judged` has each property's standing, if the graph is whole.

    `injected` are the kinds of fault of which one can be injected although the check allows none, `left_out` those for
    which there was no room, or no time, and `breaking` those under which a rule of the engine is broken.
    """

    result: CheckResult
    graph: StateGraph
    judged: Mapping[str, Judged]
    runs: tuple[Run, ...]
    injected: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    breaking: tuple[str, ...] = ()


def explorable(result: CheckResult, states_max: int = STATES_MAX, values_max: int = VALUES_MAX) -> Explorable:
    """Return what a reader can walk through of a check."""
    scenario = result.scenario
    found = tuple(each.counterexample for each in result.outcomes if each.counterexample)
    schedules = [each.trace.schedule for each in found]
    plain = _graph(scenario, states_max, values_max=values_max)
    if plain is None:
        around = graph_around(scenario.model(), schedules)
        return Explorable(result, around, {}, tuple(Run(each, _lost_at(each), None) for each in found))
    kinds, left_out, breaking = (
        ((), (), ()) if scenario.faults else _kinds(scenario, len(plain.states), states_max, values_max)
    )
    graph = plain
    if kinds:
        with_faults = replace(scenario, faults=tuple((kind, 1) for kind in kinds))
        graph = _graph(with_faults, states_max, one_fault=True, values_max=values_max) or plain
    if graph is plain:
        kinds, left_out = (), (*kinds, *left_out)
    standing = {each.property.name: judged(graph, each) for each in graph.tables.watches}
    runs = tuple(
        Run(each, _lost_at(each), nearest_that_holds(graph, standing[each.property], each.trace.schedule.choices))
        for each in found
    )
    return Explorable(result, graph, standing, runs, kinds, left_out, breaking)


def _graph(scenario: Scenario, states_max: int, *, one_fault: bool = False, values_max: int) -> StateGraph | None:
    """Return a graph; None if it is too large, or a rule is broken in it: under a fault that nobody asked for, say."""
    try:
        found = state_graph(scenario.model(), states_max, one_fault=one_fault, values_max=values_max)
    except ModelError:
        return None
    return None if isinstance(found, Stop) else found


def _kinds(
    scenario: Scenario, states: int, states_max: int, values_max: int
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the kinds of fault of which one can be injected within so many states, and the others that can happen.

    Those under which a rule of the engine is broken are the last.
    """
    sizes: dict[str, int] = {}
    breaking: list[str] = []
    room = states_max - states
    share = room // 4
    for kind in scenario.subject.faults:
        if interruption.asked():
            sizes[kind] = room + 1
            continue
        try:
            model = replace(scenario, faults=((kind, 1),)).model()
            graph = state_graph(model, states + share, one_fault=True, values_max=values_max)
        except ModelError:
            breaking.append(kind)
            continue
        sizes[kind] = room + 1 if isinstance(graph, Stop) else len(graph.states) - states
    taken: list[str] = []
    for kind in sorted((each for each in sizes if sizes[each]), key=lambda each: sizes[each]):
        if sizes[kind] > room:
            break
        room -= sizes[kind]
        taken.append(kind)
    left_out = tuple(each for each in sizes if sizes[each] and each not in taken)
    return tuple(each for each in sizes if each in taken), left_out, tuple(breaking)


def _lost_at(counterexample: Counterexample) -> int | None:
    schedule = counterexample.trace.schedule
    return turning_point(counterexample.scenario.model(), counterexample.property, schedule)
