"""Graphs of states: strongly connected components, by networkx where they are small and by scipy where they are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["strong_components", "terminal_components"]

Node = TypeVar("Node")

SMALL = 2_000
"""Up to so many nodes, networkx is done before scipy would have been imported."""


def strong_components(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """Return the strongly connected components; edges to nodes that are no key of `edges` are left out."""
    return _by_networkx(edges) if len(edges) <= SMALL else _by_scipy(edges)


def terminal_components(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """Return the strongly connected components that no edge leaves; every node is a key of `edges`."""
    return [
        component
        for component in strong_components(edges)
        if all(after in component for node in component for after in edges[node])
    ]


def _by_networkx(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    graph.add_nodes_from(edges)
    graph.add_edges_from((node, after) for node, successors in edges.items() for after in successors if after in edges)
    return list(networkx.strongly_connected_components(graph))


def _by_scipy(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    import numpy
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    numbers = {node: number for number, node in enumerate(edges)}
    pairs = [(number, numbers[after]) for node, number in numbers.items() for after in edges[node] if after in numbers]
    sources, targets = numpy.array(pairs, dtype=numpy.int64).reshape(-1, 2).T
    shape = (len(numbers), len(numbers))
    graph = csr_array((numpy.ones(len(pairs), dtype=numpy.int8), (sources, targets)), shape=shape)
    count, component_of = connected_components(graph, directed=True, connection="strong")
    components: list[set[Node]] = [set() for _ in range(count)]
    for node, number in numbers.items():
        components[component_of[number]].add(node)
    return components
