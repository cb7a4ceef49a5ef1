"""Breadth-first search over explicit states, each known by a text that says all of it.

A process is told by where it stands ("merged"), or by all that it was answered since it last began, which is what a
search without merging does. By either, it counts whether it has begun.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.oracle import language as la
from tests.oracle.rules import Rules
from tests.oracle.semantics import Move, Semantics, Standing, State


@dataclass(frozen=True, slots=True)
class Edge:
    """A move between states that are known by number."""

    target: int
    move: Move


@dataclass(slots=True)
class Space:
    """All states, in the order of their distance, which `depth` has, with the edges from each."""

    system: la.System
    semantics: Semantics
    states: list[State] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    edges: list[list[Edge]] = field(default_factory=list)


class TooLargeError(Exception):
    """There are more states than were asked for."""


def explore(system: la.System, rules: Rules, states_max: int, *, merged: bool = True) -> Space:
    """Return all reachable states; raises TooLargeError."""
    semantics = Semantics(system, rules)
    space = Space(system, semantics)
    numbers: dict[Any, int] = {}

    def number_of(state: State, depth: int) -> int:
        key = _key(state, rules, merged)
        known = numbers.setdefault(key, len(numbers))
        if known == len(space.states):
            if known >= states_max:
                raise TooLargeError
            space.states.append(state)
            space.depth.append(depth)
        return known

    number_of(semantics.initial(), 0)
    for number, state in enumerate(space.states):  # which grows
        moves = semantics.moves(state)
        space.edges.append([Edge(number_of(each.after, space.depth[number] + 1), each) for each in moves])
    return space


def _key(state: State, rules: Rules, merged: bool) -> Any:
    standings = tuple(_standing(each, rules, merged) for each in state.processes)
    key = (standings, state.values, state.budgets)
    return repr(key) if rules.what_compares_equal_may_differ else key


def _standing(standing: Standing, rules: Rules, merged: bool) -> Any:
    if standing.position is None:
        return "gone"
    if not merged:
        return standing.history
    begun = bool(standing.history)
    position = standing.position
    blurred = {
        "iterator": not rules.where_an_iterator_is_matters,
        "counter": not rules.what_a_closure_keeps_matters,
        "switch": not rules.what_a_closure_keeps_matters,
        "memory": not rules.what_a_closure_keeps_matters,
    }
    heap = tuple(each[:-1] if blurred.get(each[0]) else each for each in position.heap)
    return (begun, position._replace(heap=heap))
