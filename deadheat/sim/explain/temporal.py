"""Simple temporal networks: time points, and bounds on the time between two of them.

After Dechter, Meiri and Pearl, "Temporal constraint networks" (Artificial Intelligence 49, 1991). A bound is an edge
of a graph, and the network can be satisfied exactly where no cycle has a negative length. Every cycle is therefore a
condition: what goes forward in it must be able to take at least as long as what goes backward. Shortest paths and
cycles are networkx's. All times are whole numbers of one unit, so nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from deadheat.sim.explain.cuts import START

if TYPE_CHECKING:  # imported where it is used: --help must not wait for it
    import networkx

__all__ = ["Condition", "Constraint", "Network"]

CYCLES_MAX = 5_000


@dataclass(frozen=True, slots=True)
class Constraint:
    """`lower <= time of later - time of earlier <= upper`.

    A *measured* one is a duration that somebody could measure and speak of; any other is a mere order. `upper` is
    None where nothing bounds the time from above, and infinite where something does that nobody has put a number to.
    """

    earlier: int
    later: int
    lower: int = 0
    upper: float | None = None
    measured: bool = False
    reason: str = ""

    @property
    def points(self) -> tuple[int, int]:
        """The two time points."""
        return self.earlier, self.later

    @property
    def longest(self) -> float:
        """The longest that it may last."""
        return math.inf if self.upper is None else self.upper


@dataclass(frozen=True, slots=True)
class Condition:
    """A cycle of the network: all of `forward` must together last at least as long as all of `backward`.

    `forward` and `backward` are in the order of the cycle; `orders` are the pairs of points (earlier, later) that the
    cycle passes backward without a measure. `points` are all points on it.
    """

    forward: tuple[Constraint, ...]
    backward: tuple[Constraint, ...]
    orders: tuple[tuple[int, int], ...]
    points: tuple[int, ...]

    @property
    def slack(self) -> float:
        """By how much it is met at best: forward as slow, backward as fast as the bounds allow. Negative: never."""
        return sum(each.longest for each in self.forward) - self._least(self.backward)

    @property
    def worst_slack(self) -> float:
        """By how much it is met at worst: forward as fast, backward as slow as the bounds allow."""
        return self._least(self.forward) - sum(each.longest for each in self.backward)

    def implies(self, other: Condition) -> bool:
        """Return whether the other is met wherever this one is: it goes forward in more, and backward in less."""
        return {each.points for each in self.forward} <= {each.points for each in other.forward} and {
            each.points for each in other.backward
        } <= {each.points for each in self.backward}

    @staticmethod
    def _least(constraints: Iterable[Constraint]) -> int:
        return sum(each.lower for each in constraints)


class Network:
    """A simple temporal network, in whose constraints no point comes, over others, before itself.

    Each point is bounded from below, if need be over other points, by `START`, before which nothing happens.
    """

    def __init__(self, constraints: Iterable[Constraint]) -> None:
        self.constraints = tuple(constraints)
        self._backward: dict[tuple[int, int], Constraint] = {}
        self._forward: dict[tuple[int, int], Constraint] = {}
        for each in sorted(self.constraints, key=lambda constraint: not constraint.measured):
            known = self._backward.setdefault(each.points, each)
            if each.lower > known.lower:
                self._backward[each.points] = each
            if each.upper is not None:
                bounded = self._forward.setdefault(each.points, each)
                if each.upper < bounded.longest:
                    self._forward[each.points] = each
        self._graph = self._make_graph(finite=True)

    def earliest(self) -> dict[int, int] | None:
        """Return the earliest time of each point, which together satisfy every constraint; None if nothing does."""
        import networkx

        try:
            lengths = networkx.single_source_bellman_ford_path_length(self._graph.reverse(copy=False), START)
        except networkx.NetworkXUnbounded:
            return None
        return {point: -int(length) for point, length in sorted(lengths.items())}

    def longest(self, earlier: int, later: int) -> float:
        """Return the longest possible time between two points of a network that can be satisfied; maybe infinite."""
        import networkx

        try:
            return networkx.bellman_ford_path_length(self._graph, earlier, later)
        except networkx.NetworkXNoPath:
            return math.inf

    def tightest(self) -> Condition | None:
        """Return a condition with the smallest slack; if the network cannot be satisfied, one that is not met.

        It may be one that says nothing new, such as that a lower bound is below its upper bound. Returns None where
        there is no upper bound at all.
        """
        import networkx

        if (cycle := self._negative_cycle()) is not None:
            return self._condition(cycle)
        best: Condition | None = None
        for (earlier, later), bound in self._forward.items():
            if bound.longest == math.inf:
                continue
            found = self._condition([earlier, *networkx.bellman_ford_path(self._graph, later, earlier)])
            if best is None or found.slack < best.slack:
                best = found
        return best

    def conditions(self) -> tuple[list[Condition], bool]:
        """Return the conditions on the measured durations, the tightest first, and whether these are all.

        None of them implies another, and none is met by any durations whatever. Where they are all, the network can
        be satisfied, with given durations, if and only if these meet each of them. Where a network has too many
        cycles, only those whose bounds have numbers are looked for, and then perhaps not all of these.
        """
        for finite in (False, True):
            found = (each for each in self._cycles(finite=finite) if not _is_trivial(each))
            cycles = list(islice(found, CYCLES_MAX + 1))
            if len(cycles) <= CYCLES_MAX:
                return _minimal(cycles), not finite
        tightest = self.tightest()
        return _minimal([*cycles, *([tightest] if tightest and not _is_trivial(tightest) else [])]), False

    def room(self, moved: Set[int]) -> float:
        """Return by how much the `moved` points can be made later together, at most, and all else left where it is.

        The network, with some durations within the bounds, can be satisfied before and after. Maybe infinite. No
        measured constraint may have one point among those moved and one not.
        """
        most = sum(each.lower + (0 if each.longest == math.inf else each.longest) for each in self.constraints) + 1
        if self._shifted(moved, int(most)).earliest() is not None:
            return math.inf
        least = 0
        while most - least > 1:
            middle = int(least + most) // 2
            if self._shifted(moved, middle).earliest() is None:
                most = middle
            else:
                least = middle
        return least

    def least_room(self, moved: Set[int]) -> float:
        """Return a room for the `moved` points, as above, that there is whatever the durations are; maybe infinite.

        It is 0 where some durations within the bounds are impossible, or where there are too many cycles to look at.
        """
        least: float = math.inf
        for number, condition in enumerate(self._cycles(finite=False)):
            points = condition.points
            entries = sum(
                one not in moved and other in moved for one, other in zip(points, (*points[1:], points[0]), strict=True)
            )
            if number == CYCLES_MAX or (condition.worst_slack < 0 and not _is_trivial(condition)):
                return 0
            if entries:
                least = min(least, condition.worst_slack // entries)
        return least

    def _shifted(self, moved: Set[int], by: int) -> Network:
        """Return the network of the timings that satisfy this one, and still do with the moved points so much later."""
        return Network([_shifted(each, moved, by) for each in self.constraints])

    def _cycles(self, *, finite: bool) -> Iterator[Condition]:
        import networkx

        for cycle in networkx.simple_cycles(self._make_graph(finite=finite)):
            yield self._condition([*cycle, cycle[0]])

    def _negative_cycle(self) -> list[int] | None:
        """Return a cycle that is not met, as points of which the last is the first, or None.

        networkx's `find_negative_cycle` follows predecessors of equal distance too, and may come back another way.
        """
        edges: list[tuple[int, int, float]] = list(self._graph.edges(data="weight"))
        lengths: dict[int, float] = dict.fromkeys(self._graph, 0)
        came: dict[int, int] = {}
        for _ in range(len(lengths) + 1):
            changed = -1
            for one, other, length in edges:
                if lengths[one] + length < lengths[other]:
                    lengths[other], came[other], changed = lengths[one] + length, one, other
            if changed == -1:
                return None
        for _ in lengths:
            changed = came[changed]  # so far back that it is on the cycle
        cycle = [changed]
        while len(cycle) == 1 or cycle[-1] != changed:
            cycle.append(came[cycle[-1]])
        return cycle[::-1]

    def _condition(self, cycle: list[int]) -> Condition:
        """Return the condition of a cycle, given as points of which the last is the first.

        It is turned so that it begins where a forward run begins, so that no run is cut in two.
        """
        steps = list(pairwise(cycle))
        starts = [n for n, each in enumerate(steps) if each in self._forward and steps[n - 1] not in self._forward]
        turned = steps[starts[0] :] + steps[: starts[0]]
        forward = tuple(self._forward[each] for each in turned if each in self._forward)
        passed = [self._backward[other, one] for one, other in turned if (one, other) not in self._forward]
        return Condition(
            forward=forward,
            backward=tuple(each for each in passed if each.measured or each.lower),
            orders=tuple(each.points for each in passed if not each.measured),
            points=tuple(one for one, _ in turned),
        )

    def _make_graph(self, *, finite: bool) -> networkx.DiGraph[Any]:
        import networkx

        graph: networkx.DiGraph[Any] = networkx.DiGraph()
        graph.add_node(START)
        for (earlier, later), bound in self._backward.items():
            graph.add_edge(later, earlier, weight=-bound.lower)
        for (earlier, later), bound in self._forward.items():
            if bound.longest < math.inf or not finite:
                graph.add_edge(earlier, later, weight=bound.longest)
        return graph


def _shifted(constraint: Constraint, moved: Set[int], by: int) -> Constraint:
    into, out_of = (constraint.later in moved, constraint.earlier in moved)
    if into and not out_of and constraint.upper is not None:
        return replace(constraint, upper=constraint.upper - by)
    if out_of and not into:
        return replace(constraint, lower=constraint.lower + by)
    return constraint


def _is_trivial(condition: Condition) -> bool:
    """Return whether it is met whatever the durations: nothing goes backward, or the same as goes forward."""
    backward = {each.points for each in condition.backward}
    return backward <= {each.points for each in condition.forward} and condition.slack >= 0


def _minimal(conditions: Iterable[Condition]) -> list[Condition]:
    kept: list[Condition] = []
    for each in sorted(conditions, key=lambda found: (found.slack, len(found.points), found.points)):
        if not any(other.implies(each) for other in kept):
            kept = [other for other in kept if not each.implies(other)] + [each]
    return kept
