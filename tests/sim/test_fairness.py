"""Fair cycles: hand-made graphs with known lassos, and random graphs against a brute-force search."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import combinations
from typing import Any

import networkx
import pytest
from hypothesis import given, settings, strategies as st

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import kernel, python, reference
from deadheat.sim.explore.cycles import graphs
from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Explorer
from deadheat.sim.model import UNLIMITED, Crash, Kind, Model, Process, Property, View
from deadheat.sim.trace import Choice
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]
Edges = dict[int, list[Edge[int]]]
EXPLORERS = pytest.mark.parametrize(
    "explore", [python.explore, reference.explore, kernel.explore], ids=["python", "reference", "kernel"]
)


def edge(target: int, process: str, *, owed: bool = True, fault: bool = False) -> Edge[int]:
    return Edge(target, Choice(process, branch=target), owed, fault)


def components(edges: Edges, *, faults: bool = True) -> list[set[int]]:
    return sorted(FairGraph(edges, faults=faults).components(), key=min)


def test_a_loop_that_starves_an_enabled_process_is_not_fair() -> None:
    assert components({0: [edge(0, "poller"), edge(1, "writer")], 1: [edge(1, "poller")]}) == [{1}]


def test_a_loop_on_which_a_process_is_disabled_now_and_then_is_fair() -> None:
    # The writer could leave from 0 only, and is never enabled for good: weak fairness owes it nothing.
    edges = {0: [edge(1, "poller"), edge(9, "writer")], 1: [edge(0, "poller")]}
    assert components(edges) == [{0, 1}]
    assert [choice.process for choice in FairGraph(edges, faults=True).tour({0, 1}, 0)] == ["poller", "poller"]


def test_a_state_in_which_nothing_is_owed_is_fair_by_itself() -> None:
    edges = {0: [edge(1, "user", owed=False)], 1: [edge(9, "worker")]}
    assert components(edges) == [{0}]
    assert FairGraph(edges, faults=True).tour({0}, 0) == []


def test_a_cycle_that_needs_faults_is_one_only_while_faults_go_on() -> None:
    edges = {0: [edge(1, "worker"), edge(0, "server", owed=False, fault=True)], 1: [edge(0, "crash", fault=True)]}
    assert components(edges) == [{0, 1}]
    assert components(edges, faults=False) == []


def test_the_tour_gives_every_process_its_turn() -> None:
    edges = {
        0: [edge(1, "a"), edge(0, "b")],
        1: [edge(0, "b"), edge(2, "a")],
        2: [edge(0, "a"), edge(2, "b"), edge(2, "c")],
    }
    [component] = components(edges)
    walk = FairGraph(edges, faults=True).tour(component, 0)
    assert {"a", "b"} <= {choice.process for choice in walk}  # c owes a step in 2 only
    assert ends_where_it_starts(edges, 0, walk)


def ends_where_it_starts(edges: Edges, start: int, walk: list[Choice]) -> bool:
    here = start
    for choice in walk:
        here = next(each.target for each in edges[here] if each.choice == choice)
    return here == start


nodes = st.integers(0, 4)
random_edges = st.builds(
    lambda target, process, kind: edge(target, process, owed=kind == "owed", fault=kind == "fault"),
    nodes,
    st.sampled_from("abc"),
    st.sampled_from(["owed", "owed", "owed", "free", "fault"]),
)
random_graphs = st.lists(
    st.lists(random_edges, max_size=4, unique_by=lambda each: each.choice), min_size=1, max_size=5
).map(lambda lists: dict(enumerate(lists)))


def brute_force(edges: Edges, *, faults: bool) -> set[int]:
    """Every node in some set of nodes that is strongly connected by its own edges, and fair: all sets are tried."""
    return {
        node
        for size in range(1, len(edges) + 1)
        for chosen in combinations(edges, size)
        for node in chosen
        if is_fair_set(edges, set(chosen), faults=faults)
    }


def is_fair_set(edges: Edges, chosen: set[int], *, faults: bool) -> bool:
    inside = {
        node: [each for each in edges[node] if each.target in chosen and (faults or not each.fault)] for node in chosen
    }
    if any(reach(inside, node) | {node} != chosen for node in chosen):
        return False
    for process in "abc":
        owed = [any(each.owed and each.choice.process == process for each in edges[node]) for node in chosen]
        moves = any(each.choice.process == process for node in chosen for each in inside[node])
        if all(owed) and not moves:
            return False
    return True


def reach(inside: Edges, start: int) -> set[int]:
    found: set[int] = set()
    waiting = [start]
    while waiting:
        for each in inside[waiting.pop()]:
            if each.target not in found:
                found.add(each.target)
                waiting.append(each.target)
    return found


def fair_turns(edges: Edges, start: int, walk: list[Choice]) -> Iterator[str]:
    """Yield the processes that the walk neither gives a turn nor shows without an owed step."""
    graph = FairGraph(edges, faults=True)
    owing, moved, here = [graph.owing(start)], set(), start
    for choice in walk:
        taken = next(each for each in edges[here] if each.choice == choice)
        moved.add(choice.process)
        here = taken.target
        owing.append(graph.owing(here))
    yield from set.intersection(*owing) - moved


@settings(max_examples=400, deadline=None)
@given(random_graphs, st.booleans())
def test_fair_components_are_those_that_a_brute_force_search_finds(edges: Edges, faults: bool) -> None:
    graph = FairGraph(edges, faults=faults)
    found = graph.components()
    assert set().union(*found) == brute_force(edges, faults=faults)
    for component in found:
        for start in component:
            walk = graph.tour(component, start)
            assert ends_where_it_starts(edges, start, walk)
            assert list(fair_turns(edges, start, walk)) == []


PLAIN_GRAPHS = st.integers(1, 12).flatmap(
    lambda size: st.fixed_dictionaries({node: st.lists(st.integers(0, size + 1), max_size=4) for node in range(size)})
)


@settings(max_examples=400, deadline=None)
@given(PLAIN_GRAPHS)
def test_plain_python_scipy_and_networkx_find_the_same_components(plain: dict[int, list[int]]) -> None:
    graph: networkx.DiGraph[int] = networkx.DiGraph()
    graph.add_nodes_from(plain)
    graph.add_edges_from((node, after) for node, every in plain.items() for after in every if after in plain)
    expected = sorted(map(sorted, networkx.strongly_connected_components(graph)))
    assert sorted(map(sorted, graphs._by_tarjan(plain))) == expected
    assert sorted(map(sorted, graphs._by_scipy(plain))) == expected


def test_the_components_of_a_path_far_longer_than_the_stack_of_python_are_found() -> None:
    path = {node: [node + 1] for node in range(20_000)}
    assert len(graphs._by_tarjan(path)) == 20_000
    assert len(graphs._by_tarjan({**path, 20_000: [0]})) == 1


def model_of(*processes: Process, light: Variable, budgets: dict[str, int] | None = None, quiet: bool = False) -> Model:
    def dark(view: View) -> str | None:
        return "it is dark" if view["light"] == 0 else None

    lit = Property("lit", "", Kind.EVENTUALLY, ("light",), dark)
    return Model({"light": light}, processes, (lit,), budgets or {}, quiet)


def switch_on(light: Variable) -> Role:
    yield light.set(1)


def switch_off(light: Variable) -> Role:
    yield light.set(0)


def poll(light: Variable) -> Role:
    yield light.get()


@EXPLORERS
def test_what_an_owed_step_will_do_is_done_eventually(explore: Explorer) -> None:
    light = Variable("light", 0)
    model = model_of(Process("p", switch_on, (light,)), Process("q", poll, (light,), repeats=True), light=light)
    assert not explore(model).counterexamples


@EXPLORERS
def test_what_nobody_owes_may_never_be_done(explore: Explorer) -> None:
    light = Variable("light", 0)
    model = model_of(
        Process("p", switch_on, (light,), owed=False), Process("q", poll, (light,), repeats=True), light=light
    )
    schedule = explore(model).counterexamples["lit"]
    assert schedule.cycle_from == 0
    assert [choice.process for choice in schedule.choices] == ["q"]
    assert confirm(model, "lit", schedule)[1] == "it is dark"


@EXPLORERS
def test_what_blinks_for_ever_is_never_dark_for_good(explore: Explorer) -> None:
    light = Variable("light", 0)
    switches = [Process(name, role, (light,), repeats=True) for name, role in (("on", switch_on), ("off", switch_off))]
    assert not explore(model_of(*switches, light=light)).counterexamples


@EXPLORERS
@pytest.mark.parametrize(("quiet", "violated"), [(False, True), (True, False)])
def test_a_process_that_is_killed_again_and_again_heals_only_when_that_stops(
    explore: Explorer, quiet: bool, violated: bool
) -> None:
    def look_and_switch_on(light: Variable) -> Role:
        yield light.get()
        yield light.set(1)

    light = Variable("light", 0)
    process = Process("p", look_and_switch_on, (light,), crashes=(Crash("crash"),))
    model = model_of(process, light=light, budgets={"crash": UNLIMITED}, quiet=quiet)
    found = explore(model, SearchOptions(merging=True))
    assert ("lit" in found.counterexamples) is violated
    if violated:
        trace, _ = confirm(model, "lit", found.counterexamples["lit"])
        assert [event.fault for event in trace.events] == [None, "crash"]


class Flaky(Component):
    """A light whose switch may jam."""

    initial = 0

    @operation
    def press(self, value: int) -> Steps:
        return (Step(None, 1), Step(None, value, fault="jam"))


@EXPLORERS
@pytest.mark.parametrize(("quiet", "violated"), [(False, True), (True, False)])
def test_a_process_whose_every_step_meets_a_fault_has_had_its_turn(
    explore: Explorer, quiet: bool, violated: bool
) -> None:
    def press_until_it_is_lit(light: Flaky) -> Role:
        while True:
            yield light.press()

    light = Flaky("light")
    dark = Property("lit", "", Kind.EVENTUALLY, ("light",), lambda view: None if view["light"] else "it is dark")
    model = Model(
        {"light": light}, (Process("p", press_until_it_is_lit, (light,)),), (dark,), {"jam": UNLIMITED}, quiet
    )
    found = explore(model, SearchOptions(merging=True))
    assert ("lit" in found.counterexamples) is violated
    if violated:
        trace, _ = confirm(model, "lit", found.counterexamples["lit"])
        assert {event.fault for event in trace.events} == {"jam"}


def test_a_crash_gives_no_turn() -> None:
    # In both states p owes a step, and all that it does is to be killed.
    killed = Edge(0, Choice.of_crash("p", 0), owed=False, fault=True)
    assert components({0: [edge(1, "q"), edge(9, "p")], 1: [killed, edge(9, "p")]}) == []
