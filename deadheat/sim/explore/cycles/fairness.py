"""Fair cycles: where an infinite run can stay for ever although every process that must get its turn does.

Weak fairness: a process that from some point on always has an owed step moves again and again. In a finite graph a fair
run can stay for ever exactly in the strongly connected components in which every process either moves inside the
component, or has no owed step in some state of it. A process whose step meets a fault has moved: a list that is always
stale does not mean that the cleanup never runs. A smaller component inside an unfair one is as unfair, since the
process that always could move and never does is there too; so maximal components are enough. A single state without a
loop counts as a component; it is fair when no process has an owed step there: the run ends in it.

Source: E. Allen Emerson and Chin-Laung Lei, "Modalities for model checking: branching time logic strikes back" (1987).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.trace import Choice

__all__ = ["Edge", "FairGraph"]

Node = TypeVar("Node")


class Edge(NamedTuple, Generic[Node]):
    """A transition: where it leads, the choice that it is, and whether it is owed, or a fault."""

    target: Node
    choice: Choice
    owed: bool
    fault: bool = False

    @property
    def gives(self) -> set[str]:
        """The process that gets its turn by this transition: it moves, be it to meet a fault, but is not killed."""
        return set() if self.choice.is_crash else {self.choice.process}


class FairGraph(Generic[Node]):
    """States with all their transitions; edges may lead to nodes that are no key of `edges`: out of the graph.

    Without `faults`, runs are looked for that stay in the graph although no fault happens any more.
    """

    def __init__(self, edges: Mapping[Node, Sequence[Edge[Node]]], *, faults: bool) -> None:
        self.edges = edges
        self._faults = faults

    def components(self) -> list[set[Node]]:
        """Return the components in which a fair run can stay for ever."""
        inside = {node: [edge.target for edge in edges if self._usable(edge)] for node, edges in self.edges.items()}
        return [each for each in strong_components(inside) if not self._neglected(each)]

    def tour(self, component: Collection[Node], start: Node) -> list[Choice]:
        """Return a closed walk from `start` through a fair component, on which every process gets its turn.

        The walk is empty where the run ends in `start`.
        """
        walk: list[tuple[Node, Edge[Node]]] = []
        waiting = self.owing(start)
        here = start
        while waiting:
            part = self._nearest(component, here, partial(self._serves, waiting))
            walk.extend(part)
            for node, edge in part:
                waiting = waiting & self.owing(node) - edge.gives
            here = part[-1][1].target
            waiting &= self.owing(here)
        if here != start:
            walk.extend(self._nearest(component, here, lambda edge: edge.target == start))
        return [edge.choice for _, edge in walk]

    def owing(self, node: Node) -> set[str]:
        """Return the processes that have an owed step in this state."""
        return {edge.choice.process for edge in self.edges[node] if edge.owed}

    def _neglected(self, component: Collection[Node]) -> set[str]:
        """Return the processes that owe a step everywhere in the component and take none within it."""
        neglected = set.intersection(*(self.owing(node) for node in component))
        for node in component:
            for edge in self.edges[node]:
                if self._usable(edge) and edge.target in component:
                    neglected -= edge.gives
        return neglected

    def _serves(self, waiting: set[str], edge: Edge[Node]) -> bool:
        """Return whether taking this edge gives a waiting process its turn, or shows one that has no owed step."""
        return bool(waiting & edge.gives) or bool(waiting - self.owing(edge.target))

    def _nearest(
        self, component: Collection[Node], start: Node, wanted: Callable[[Edge[Node]], bool]
    ) -> list[tuple[Node, Edge[Node]]]:
        """Return a shortest walk from `start` inside the component whose last edge is wanted."""
        came_by: dict[Node, tuple[Node, Edge[Node]]] = {}
        queue = deque([start])
        while queue:
            node = queue.popleft()
            for edge in self.edges[node]:
                if not self._usable(edge) or edge.target not in component:
                    continue
                if wanted(edge):
                    walk = [(node, edge)]
                    while walk[0][0] != start:
                        walk.insert(0, came_by[walk[0][0]])
                    return walk
                if edge.target != start and edge.target not in came_by:
                    came_by[edge.target] = (node, edge)
                    queue.append(edge.target)
        raise AssertionError("a component that is not strongly connected, or not fair")

    def _usable(self, edge: Edge[Node]) -> bool:
        return self._faults or not edge.fault
