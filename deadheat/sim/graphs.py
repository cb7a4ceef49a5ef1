"""Graphs of states, by networkx."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

__all__ = ["terminal_components"]

Node = TypeVar("Node")


def terminal_components(edges: Mapping[Node, Iterable[Node]]) -> list[set[Node]]:
    """Return the strongly connected components that no edge leaves; every node is a key of `edges`."""
    import networkx

    graph: networkx.DiGraph[Any] = networkx.DiGraph()
    graph.add_nodes_from(edges)
    graph.add_edges_from((node, after) for node, successors in edges.items() for after in successors)
    return [
        component
        for component in networkx.strongly_connected_components(graph)
        if all(after in component for node in component for after in edges[node])
    ]
