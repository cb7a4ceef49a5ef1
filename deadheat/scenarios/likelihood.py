"""Along a counterexample: how likely its violation still is after each step, in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.timing import Clocks
from deadheat.sim.errors import UsageError
from deadheat.sim.model import Kind, Process, Property
from deadheat.sim.run.simulation import Transition
from deadheat.sim.timed.endings import endings_of
from deadheat.sim.timed.graph import Counted, Graph, Measures, graph_of
from deadheat.sim.timed.laws import Law
from deadheat.sim.timed.solving import Bounds

__all__ = ["along"]


def along(counterexample: Counterexample, laws: Mapping[str, Law]) -> tuple[Bounds, ...]:
    """Return how likely it is that the property is violated: at the start, and after each step of the counterexample.

    The laws are exponential, Erlang, or take no time. Raises UsageError for others, and for a property of runs that
    never end.
    """
    from deadheat.sim.timed.likelihood import likelihood_along

    model = counterexample.scenario.model()
    prop = next(each for each in model.properties if each.name == counterexample.property)
    if prop.kind is Kind.EVENTUALLY:
        raise UsageError(
            f"{prop.name} is violated by a run that never ends, which no step makes more likely; take the "
            "counterexample of another property."
        )
    graph = graph_of(model, Clocks(model, laws), _measures_of(prop))
    if prop.kind is Kind.SETTLED:
        graph = _where_it_settles(graph)
    marks = {"step_mark": 0} if prop.kind is Kind.STEP else {"state_mark": 0}
    return likelihood_along(graph, endings_of(graph), counterexample.trace.schedule.choices, **marks)


def _measures_of(prop: Property) -> Measures:
    def of_state(view: Mapping[str, Any]) -> int:
        return int(prop.kind is not Kind.STEP and prop.violated(view) is not None)

    def of_step(_: Process, __: Transition, before: Mapping[str, Any], after: Mapping[str, Any]) -> Counted:
        return Counted(int(prop.kind is Kind.STEP and prop.violated(before, after) is not None))

    return Measures(of_state, of_step)


def _where_it_settles(graph: Graph) -> Graph:
    """Return the graph marked only where what is violated is so for ever: in states that are never left for another."""
    import networkx

    ways: networkx.DiGraph[int] = networkx.DiGraph()
    ways.add_nodes_from(range(len(graph.enabled)))
    for state, enabled in enumerate(graph.enabled):
        ways.add_edges_from((state, branch.target) for _, branches in enabled for branch in branches)
    settled: set[int] = set()
    for component in networkx.attracting_components(ways):
        if all(graph.marks[state] for state in component):
            settled |= component
    return replace(graph, marks=tuple(int(state in settled) for state in range(len(graph.marks))))
