"""How each property stands in each state of a whole graph: violated there, lost, still possible, or out of reach.

What is said of a single state is what `check` means by a violation: of kind ALWAYS, the state violates it; SETTLED, it
is in a settled component that violates one part throughout; EVENTUALLY, a fair run can stay in such states for ever. A
STEP violates by the move that is made, and no state does.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

from deadheat.scenarios.state_graph import StateGraph
from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind
from deadheat.sim.trace import Choice

__all__ = ["Judged", "Standing", "for_ever", "judged", "nearest_that_holds"]


class Standing(IntFlag):
    """What is true of a property in a state.

    REACHABLE: some run from here violates it, without a further fault. BY_FAULT: some run with faults does. LOST: no
    owed steps can avoid that any more, faults aside. VIOLATED: it is violated here. AVOIDABLE ones have none of these.
    """

    REACHABLE = 1
    BY_FAULT = 2
    LOST = 4
    VIOLATED = 8


@dataclass(frozen=True, slots=True)
class Judged:
    """How one property stands in each state, and the states in which a run can end well, all owed steps made."""

    standings: tuple[Standing, ...]
    safe: frozenset[int]


def judged(graph: StateGraph, watch: Watch) -> Judged:
    """Return how one property stands in each state of a graph."""
    judging = _Judging(graph, watch)
    found = [Standing(0)] * len(graph.states)
    safe, saved = judging.saved()
    for standing, numbers in (
        (Standing.REACHABLE, judging.leading(faults=False)),
        (Standing.BY_FAULT, judging.leading(faults=True)),
        (Standing.LOST, set(range(len(found))) - saved),
        (Standing.VIOLATED, judging.violated),
    ):
        for number in numbers:
            found[number] |= standing
    return Judged(tuple(found), frozenset(safe))


def for_ever(graph: StateGraph, watch: Watch, number: int) -> list[Choice] | None:
    """Return a cycle from a state on which a property of runs without end is violated for ever; None if none is."""
    return _Judging(graph, watch).for_ever(number)


def nearest_that_holds(graph: StateGraph, found: Judged, choices: tuple[Choice, ...]) -> tuple[Choice, ...] | None:
    """Return the run that goes longest with this one and then, by the fewest owed steps, to where the property holds.

    None where nothing could ever have avoided the violation.
    """
    lost_or_bad = Standing.LOST | Standing.VIOLATED
    numbers = graph.along(choices)
    places = reversed(range(len(choices)))
    shared = next((place for place in places if not found.standings[numbers[place]] & lost_or_bad), None)
    if shared is None:
        return None
    start = numbers[shared]
    came_by: dict[int, tuple[int, Choice]] = {}
    waiting = deque([start])
    while waiting:
        number = waiting.popleft()
        if number in found.safe:
            way: list[Choice] = []
            while number != start:
                number, choice = came_by[number]
                way.append(choice)
            return (*choices[:shared], *reversed(way))
        for move in graph.moves[number]:
            taken = move.successor.choice == choices[shared] and number == start
            if not move.successor.owed or taken or found.standings[move.target] & lost_or_bad:
                continue
            if move.target != start and move.target not in came_by:
                came_by[move.target] = (number, move.successor.choice)
                waiting.append(move.target)
    return None


class _Step(NamedTuple):
    target: int
    owed: bool
    fault: bool
    violates: bool


class _Judging:
    def __init__(self, graph: StateGraph, watch: Watch) -> None:
        self._graph = graph
        self._kind = watch.property.kind
        self._moves = {
            number: [
                (
                    move.target,
                    move.successor.owed,
                    bool(move.successor.budget),
                    self._violates(watch, number, move.target),
                )
                for move in moves
            ]
            for number, moves in enumerate(graph.moves)
        }
        self._at_present = [self._kind is not Kind.STEP and watch.violated(state) for state in graph.states]
        self._throughout = (
            [[part.violated(state) for state in graph.states] for part in watch.parts]
            if self._kind
            in (
                Kind.SETTLED,
                Kind.EVENTUALLY,
            )
            else []
        )
        self.violated = self._violated()

    def _violates(self, watch: Watch, number: int, target: int) -> bool:
        states = self._graph.states
        return self._kind is Kind.STEP and watch.violated_by(states[number], states[target])

    def _violated(self) -> set[int]:
        if self._kind is Kind.SETTLED:
            owed = {number: [target for target, owed, _, _ in moves if owed] for number, moves in self._moves.items()}
            return set().union(*(each for each in terminal_components(owed) if self._is_violated_throughout(each)))
        if self._kind is Kind.EVENTUALLY:
            return set().union(*(self._lasting(part) for part in self._throughout))
        return {number for number, violated in enumerate(self._at_present) if violated}

    def _is_violated_throughout(self, component: Iterable[int]) -> bool:
        component = list(component)
        return any(all(part[number] for number in component) for part in self._throughout)

    def _lasting(self, part: Sequence[bool]) -> set[int]:
        """Return the states in which a fair run can stay for ever, this part of the property violated throughout."""
        return set().union(*(component for graph in self._fair_graphs(part) for component in graph.components()))

    def for_ever(self, number: int) -> list[Choice] | None:
        """Return a fair cycle from a state, the property violated throughout; None if there is none."""
        for part in self._throughout:
            for graph in self._fair_graphs(part):
                for component in graph.components():
                    if number in component:
                        return graph.tour(component, number)
        return None

    def _fair_graphs(self, part: Sequence[bool]) -> list[FairGraph[int]]:
        """Return the graphs of the states in which a part is violated: without faults, and, unless they end, with."""
        edges = {
            number: [
                Edge(move.target, move.successor.choice, move.successor.owed, fault=bool(move.successor.budget))
                for move in moves
            ]
            for number, moves in enumerate(self._graph.moves)
            if part[number]
        }
        quiet = self._graph.model.quiet
        return [FairGraph(edges, faults=faults) for faults in ((False,) if quiet else (False, True))]

    def leading(self, *, faults: bool) -> set[int]:
        """Return the states from which some run violates the property."""
        before: dict[int, list[int]] = {}
        found = set(self.violated)
        for number, moves in self._moves.items():
            for target, _, fault, violates in moves:
                if fault and not faults:
                    continue
                before.setdefault(target, []).append(number)
                if violates:
                    found.add(number)
        return _closed(found, before)

    def saved(self) -> tuple[set[int], set[int]]:
        """Return the states in which the property holds for good, and those from which owed steps can lead there.

        As `turning_point` has it: settled, and nothing violated in them or on the way.
        """
        is_lasting = self._kind in (Kind.SETTLED, Kind.EVENTUALLY)
        bad_states = self.violated if self._kind is Kind.ALWAYS else set()
        edges: dict[int, list[int]] = {number: [] for number in self._moves}
        doomed: set[int] = set()
        for number, moves in self._moves.items():
            for target, owed, _, violates in moves:
                if owed and (violates or target in bad_states):
                    doomed.add(number)
                elif owed:
                    edges[number].append(target)
        safe: set[int] = set()
        for component in terminal_components(edges):
            if not component & doomed and not (is_lasting and self._is_violated_throughout(component)):
                safe |= component
        before: dict[int, list[int]] = {}
        for number, targets in edges.items():
            for target in targets:
                before.setdefault(target, []).append(number)
        return safe, _closed(set(safe), before)


def _closed(found: set[int], before: dict[int, list[int]]) -> set[int]:
    """Return these states with all from which they can be come to."""
    waiting = list(found)
    while waiting:
        for number in before.get(waiting.pop(), ()):
            if number not in found:
                found.add(number)
                waiting.append(number)
    return found
