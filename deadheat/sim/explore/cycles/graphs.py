"""Graphs of states: strongly connected components, in plain Python where they are small and by scipy where not.

For a small graph any library would take longer to import than the search for its components takes. Source: Robert
Tarjan, "Depth-first search and linear graph algorithms" (1972), without recursion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

__all__ = ["strong_components", "terminal_components"]

Node = TypeVar("Node")

SMALL = 50_000
"""Up to so many nodes, plain Python is done before scipy would have been imported."""


def strong_components(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """Return the strongly connected components; edges to nodes that are no key of `edges` are left out."""
    return _by_tarjan(edges) if len(edges) <= SMALL else _by_scipy(edges)


def terminal_components(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """Return the strongly connected components that no edge leaves; every node is a key of `edges`."""
    return [
        component
        for component in strong_components(edges)
        if all(after in component for node in component for after in edges[node])
    ]


def _by_tarjan(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    components: list[set[Node]] = []
    numbers: dict[Node, int] = {}
    lowest: dict[Node, int] = {}
    open_nodes: list[Node] = []
    done: set[Node] = set()
    for root in edges:
        if root in numbers:
            continue
        path: list[tuple[Node, Iterator[Node]]] = [(root, iter(edges[root]))]
        numbers[root] = lowest[root] = len(numbers)
        open_nodes.append(root)
        while path:
            node, following = path[-1]
            for after in following:
                if after not in numbers:
                    if after in edges:
                        numbers[after] = lowest[after] = len(numbers)
                        open_nodes.append(after)
                        path.append((after, iter(edges[after])))
                        break
                elif after not in done:
                    lowest[node] = min(lowest[node], numbers[after])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[node])
                if lowest[node] == numbers[node]:
                    components.append(_closed(open_nodes, node))
                    done |= components[-1]
    return components


def _closed(open_nodes: list[Node], first: Node) -> set[Node]:
    """Take the nodes from the first of a component on, and return them."""
    component: set[Node] = set()
    while first not in component:
        component.add(open_nodes.pop())
    return component


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
