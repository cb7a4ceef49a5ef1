"""The oracle's own definitions, against definitions that are more naive still, on random graphs."""

from __future__ import annotations

from itertools import combinations
from random import Random

import pytest

from tests.oracle.definitions import closure, fair_states, members, owing, settled_violations
from tests.oracle.rules import Rules
from tests.oracle.search import Edge
from tests.oracle.semantics import Move, State

NOWHERE = State((), (), ())
SEEDS = range(150)


def graph(random: Random) -> list[list[Edge]]:
    """A graph of up to five states, with up to three edges from each, of two processes, some of them faults."""
    size = random.randint(1, 5)

    def edge(number: int) -> Edge:
        fault = random.choice((None, None, None, "fault"))
        owed = fault is None and random.random() < 0.8
        return Edge(random.randrange(size), Move(random.randrange(2), (number, 0), NOWHERE, owed, fault, None))

    return [[edge(number) for number in range(random.randint(0, 3))] for _ in range(size)]


def fair_by_brute_force(edges: list[list[Edge]], bad: set[int], *, faults: bool) -> set[int]:
    """Every state of some set of bad states and some set of edges among them on which a fair run goes round.

    All sets of edges are tried: those that a run takes again and again.
    """
    found = {state for state in bad if not owing(edges, state)}
    inside = [
        (source, edge)
        for source in bad
        for edge in edges[source]
        if edge.target in bad and (faults or edge.move.fault is None)
    ]
    for size in range(1, len(inside) + 1):
        for taken in combinations(inside, size):
            visited = {source for source, _ in taken}
            if is_round(taken, visited) and is_fair(edges, taken, visited):
                found |= visited
    return found


def is_round(taken: tuple[tuple[int, Edge], ...], visited: set[int]) -> bool:
    """Whether one walk can take all of these edges again and again."""
    if {edge.target for _, edge in taken} != visited:
        return False
    for start in visited:
        reached, waiting = {start}, [start]
        while waiting:
            here = waiting.pop()
            following = {edge.target for source, edge in taken if source == here} - reached
            reached |= following
            waiting += following
        if reached != visited:
            return False
    return True


def is_fair(edges: list[list[Edge]], taken: tuple[tuple[int, Edge], ...], visited: set[int]) -> bool:
    """Whether each process that owes a step in all of these states takes one of these edges."""
    movers = {edge.move.process for _, edge in taken}
    return all(process in movers or any(process not in owing(edges, each) for each in visited) for process in (0, 1))


@pytest.mark.parametrize("faults", [False, True])
def test_fair_states_are_those_that_all_sets_of_edges_show(faults: bool) -> None:
    for seed in SEEDS:
        random = Random(seed)
        edges = graph(random)
        while sum(map(len, edges)) > 9:
            edges = graph(random)
        bad = {state for state in range(len(edges)) if random.random() < 0.8}
        found = fair_states(edges, bad, Rules(), faults=faults)
        assert found == fair_by_brute_force(edges, bad, faults=faults), f"seed {seed}"


def test_a_state_is_settled_if_no_walk_leads_to_where_none_leads_back_from() -> None:
    for seed in SEEDS:
        random = Random(seed)
        edges = [[edge.target for edge in each] for each in graph(random)]
        bad = {state for state in range(len(edges)) if random.random() < 0.7}
        walks = {start: walked(edges, start) for start in range(len(edges))}
        expected = {
            start for start in walks if walks[start] <= bad and all(start in walks[other] for other in walks[start])
        }
        assert settled_violations(edges, bad, Rules()) == expected, f"seed {seed}"
        assert [set(members(each)) for each in closure(edges)] == [walks[start] for start in range(len(edges))]


def walked(edges: list[list[int]], start: int) -> set[int]:
    """Every state at the end of some walk."""
    ends = {start}
    for _ in edges:
        ends |= {target for end in ends for target in edges[end]}
    return ends
