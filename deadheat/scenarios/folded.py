"""A state graph folded until it can be drawn: states that say the same are one node.

By steps: a node stands for states from which the same named steps and faults can follow in the same order, whatever
steps without a name lie between, and in which the property stands alike: the coarsest such classes, found by rounds of
refinement. By property: a node stands for what the property looks at, and how it stands. By standing: one node each for
violated, lost, possible, by a fault, and out of reach. Before any of these, states that differ only by an exchange of
interchangeable names are one, where that is sound and was verified.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from deadheat.scenarios.standing import Judged, Standing, judged
from deadheat.scenarios.state_graph import VALUES_MAX, Move, MoveKey, StateGraph, state_graph, too_large
from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError
from deadheat.sim.explore.reductions.symmetry import AsymmetricError, Symmetry
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.model import Kind, Model
from deadheat.sim.run.describing import described
from deadheat.sim.trace import Schedule

__all__ = ["NODES_MAX", "Fold", "Folded", "Node", "fold"]

NODES_MAX = 120
"""What has more nodes is a hairball, whoever draws it."""

STATES_MAX = 100_000

ROUNDS_MAX = 1_000


class Fold(StrEnum):
    """What makes states one node: nothing, what follows, what the property reads, or how it stands."""

    STATES = "states"
    STEPS = "steps"
    PROPERTY = "property"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class Node:
    """States that were made one: what is the same in all of them, how many they are, and how the property stands."""

    content: tuple[str, ...]
    states: int
    standing: str
    is_initial: bool
    on_the_way: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """Nodes, the initial one first, and edges between them by what leads there.

    `way` are the edges of the shortest violation. `remark` says how it was folded and why not otherwise.
    """

    nodes: tuple[Node, ...]
    edges: Mapping[tuple[int, int], tuple[str, ...]]
    way: frozenset[tuple[int, int]]
    property: str
    remark: str


def fold(
    model: Model,
    name: str,
    schedule: Schedule | None,
    how: Fold | None = None,
    states_max: int = STATES_MAX,
    values_max: int = VALUES_MAX,
) -> Folded:
    """Return a model's graph, folded as asked for, or as little as can be drawn.

    `schedule` is the run to be highlighted. Raises UsageError where there are too many states to fold.
    """
    model = replace(model, properties=tuple(each for each in model.properties if each.name == name))
    allowed = min(states_max, STATES_MAX)
    graph = state_graph(model, allowed, values_max=values_max)
    if isinstance(graph, Stop) and graph.limit is Limit.STATES and allowed < STATES_MAX:
        raise UsageError(
            f"There are more than {counted(allowed, 'state')}, and a part of a graph is not drawn; ask for more.",
            about="states_max",
        )
    if isinstance(graph, Stop):
        raise too_large(graph, allowed, "to fold into a picture", "ask for fewer evaluations or faults")
    [watch] = graph.tables.watches
    folding = _Folding(graph, judged(graph, watch))
    remarks = [f"{counted(len(graph.states), 'state')}"]
    if folding.symmetric:
        remarks.append("those that differ by an exchange of names are one")
    classes: Sequence[int] = ()
    for each in (how,) if how is not None else tuple(Fold)[1:]:
        classes = folding.classes(each)
        nodes = len(set(classes))
        if nodes <= NODES_MAX or each is Fold.STANDING or how is not None:
            remarks.append("not folded" if each is Fold.STATES else f"folded by {each} into {counted(nodes, 'node')}")
            break
        remarks.append(f"summarised, since folding by {each} leaves {nodes:,} nodes, of {NODES_MAX} that can be read")
    numbers = [] if schedule is None else graph.along(schedule.choices)
    return folding.folded(classes, numbers, "; ".join(remarks))


class _Folding:
    def __init__(self, graph: StateGraph, found: Judged) -> None:
        self._graph = graph
        self._standings = found.standings
        self._same = self._representatives()
        self.symmetric = self._same != list(range(len(graph.states)))
        self._labels: dict[MoveKey, str] = {}

    def _representatives(self) -> list[int]:
        """Return for each state the one that stands for it, if names can be exchanged."""
        graph, plain = self._graph, list(range(len(self._graph.states)))
        [prop] = graph.model.properties
        if len(graph.model.interchangeable) < 2 or prop.kind is Kind.EVENTUALLY:
            return plain
        try:
            symmetry = Symmetry(graph.tables)
        except AsymmetricError:
            return plain
        numbers = {state: number for number, state in enumerate(graph.states)}
        return [numbers[symmetry.representative(state)] for state in graph.states]

    def label(self, move: Move) -> str:
        """Return what a move is called, if it has a name: its label, or its fault."""
        if move.key not in self._labels:
            event = self._graph.event(move.key)
            self._labels[move.key] = " ".join(filter(None, [event.label, f"!{event.fault}" if event.fault else None]))
        return self._labels[move.key]

    def classes(self, how: Fold) -> list[int]:
        """Return the number of each state's class."""
        if how is Fold.STATES:
            return _numbered(self._same)
        if how is Fold.STEPS:
            return self._by_steps()
        keys: list[Hashable] = [self._standing(number) for number in self._same]
        if how is Fold.PROPERTY:
            keys = [(key, self._read(number)) for key, number in zip(keys, self._same, strict=True)]
        return _numbered(keys)

    def _standing(self, number: int) -> str:
        standing = self._standings[number]
        for each, word in WORDS.items():
            if standing & each:
                return word
        return "out of reach"

    def _read(self, number: int) -> tuple[str, ...]:
        """Return what the property looks at in a state, in words."""
        graph = self._graph
        [prop] = graph.model.properties
        view = graph.tables.view(graph.states[number], prop.reads)
        return tuple(f"{name}: {described(graph.model.component(name), view[name])}" for name in prop.reads)

    def _by_steps(self) -> list[int]:
        """Return the coarsest classes in which the same named steps follow, through steps without a name in the class.

        A step without a name that stays in its class is not seen; one that leaves it is, as "".
        """
        moves = [[(self.label(move), self._same[move.target]) for move in out] for out in self._graph.moves]
        classes = _numbered([self._standing(number) for number in self._same])
        for _ in range(ROUNDS_MAX):
            ahead = [self._ahead(number, moves, classes) for number in range(len(moves))]
            keys: list[Hashable] = [(classes[n], ahead[n]) for n in self._same]
            finer = _numbered(keys)
            if len(set(finer)) == len(set(classes)):
                break
            classes = finer
        return classes

    @staticmethod
    def _ahead(
        number: int, moves: Sequence[Sequence[tuple[str, int]]], classes: Sequence[int]
    ) -> frozenset[tuple[str, int]]:
        found: set[tuple[str, int]] = set()
        seen, waiting = {number}, [number]
        while waiting:
            for label, target in moves[waiting.pop()]:
                if label or classes[target] != classes[number]:
                    found.add((label, classes[target]))
                elif target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return frozenset(found)

    def folded(self, classes: Sequence[int], way: Sequence[int], remark: str) -> Folded:
        """Return the classes as nodes."""
        members: dict[int, list[int]] = {}
        for number, each in enumerate(classes):
            members.setdefault(each, []).append(number)
        on_the_way = [classes[number] for number in way]
        nodes = tuple(
            Node(
                self._common(numbers), len(numbers), self._standing(numbers[0]), each == classes[0], each in on_the_way
            )
            for each, numbers in members.items()
        )
        edges: dict[tuple[int, int], dict[str, None]] = {}
        for number, out in enumerate(self._graph.moves):
            for move in out:
                source, target = classes[number], classes[move.target]
                if source != target or self.label(move):
                    edges.setdefault((source, target), {}).update(dict.fromkeys([self._told(move)]))
        pairs = frozenset((source, target) for source, target in pairwise(on_the_way) if source != target)
        [prop] = self._graph.model.properties
        return Folded(nodes, {pair: tuple(names) for pair, names in edges.items()}, pairs, prop.name, remark)

    def _told(self, move: Move) -> str:
        return self.label(move) or self._graph.event(move.key).operation.replace("_", " ")

    def _common(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return what the property looks at, as far as it is the same in all these states."""
        contents = list(dict.fromkeys(map(self._read, numbers)))
        return tuple(
            first if all(each[place] == first for each in contents) else f"{first.partition(':')[0]}: ..."
            for place, first in enumerate(contents[0])
        )


WORDS = {
    Standing.VIOLATED: "violated",
    Standing.LOST: "lost",
    Standing.REACHABLE: "possible",
    Standing.BY_FAULT: "by a fault",
}
"""How a property stands, the worst first."""


def _numbered(keys: Sequence[Hashable]) -> list[int]:
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]
