"""What stands in a node and at an edge, the same in every format."""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.reports.inert import inert
from deadheat.scenarios.folded import Folded, Node
from deadheat.sim.counting import counted

__all__ = ["edge_label", "node_lines", "title_of"]

NAMES_MAX = 3

STANDINGS = {"possible": "can still be violated", "by a fault": "can be violated by a fault", "out of reach": "holds"}


def node_lines(node: Node) -> list[str]:
    """Return the lines of a node: what the property looks at, how many states it is, and how the property stands."""
    standing = STANDINGS.get(node.standing, node.standing)
    of = f"{counted(node.states, 'state')}, {standing}" if node.states > 1 else standing
    return [*map(inert, node.content), f"start: {of}" if node.is_initial else of]


def edge_label(names: Sequence[str]) -> str:
    """Return what leads along an edge, the first few of it."""
    more = f" +{len(names) - NAMES_MAX}" if len(names) > NAMES_MAX else ""
    return inert(", ".join(names[:NAMES_MAX]) + more)


def title_of(folded: Folded) -> str:
    """Return what is drawn, and how it was folded."""
    way = ". Bold: the shortest violation" if folded.way else ""
    return inert(f"{folded.property}: {folded.remark}{way}")
