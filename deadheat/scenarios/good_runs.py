"""Runs in which nothing goes wrong, to be looked at where everything holds: a typical one, and extreme ones.

They are looked for in the whole state graph. A run is *good* if no step and no state of it violates anything, and it
ends settled, with nothing violated there: nothing is left to happen but faults, and what a user need not do. Each is
executed through simpy before it is shown, and nothing is violated in that, or it is a defect of deadheat.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.standing import Standing, judged
from deadheat.scenarios.state_graph import VALUES_MAX, Move, StateGraph, state_graph, too_large
from deadheat.sim.counting import counted
from deadheat.sim.errors import InternalError
from deadheat.sim.explore.cycles.graphs import strong_components, terminal_components
from deadheat.sim.explore.stop import Stop
from deadheat.sim.model import Kind
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Choice, Schedule, Trace

__all__ = ["DRAWN", "STATES_MAX", "GoodRun", "good_runs"]

STATES_MAX = 50_000

DRAWN = 101
"""So many runs are drawn at random, and the one of the median length is the typical one."""

STEPS_MAX = 10_000
"""A run drawn at random that has not ended by then is given up: it goes in circles."""


@dataclass(frozen=True, slots=True)
class GoodRun:
    """A run in which nothing goes wrong: what it is an example of, and why it is one, in a sentence each."""

    kind: str
    why: str
    trace: Trace


class _Edge(NamedTuple):
    """A good move; one that is `free` is neither owed nor a fault, so a user may make it, and need not."""

    number: int
    target: int
    choice: Choice
    free: bool
    fault: str | None


def good_runs(
    scenario: Scenario, count: int, states_max: int = STATES_MAX, values_max: int = VALUES_MAX
) -> list[GoodRun]:
    """Return up to so many good runs, no two alike; none where there is none.

    Raises TooLargeError where there are too many states (see `state_graph`), for then none is known to be extreme.
    """
    model = scenario.model()
    graph = state_graph(model, states_max, values_max=values_max)
    if isinstance(graph, Stop):
        what_for = "to tell a typical run from an extreme one"
        raise too_large(graph, states_max, what_for, "ask for fewer evaluations or faults")
    good = _Good(graph)
    found: list[GoodRun] = []
    seen: set[tuple[Choice, ...]] = set()
    for kind, why, choices in _candidates(good, scenario):
        if choices not in seen and len(found) < count:
            seen.add(choices)
            found.append(GoodRun(kind, why, _executed(graph, choices)))
    return found


def _candidates(good: _Good, scenario: Scenario) -> Iterator[tuple[str, str, tuple[Choice, ...]]]:
    """Yield runs with what they are examples of, the most telling ones first."""
    drawn = sorted(good.drawn(), key=len)
    if not drawn:
        return
    yield "typical", f"of {len(drawn)} that were drawn at random, half are no longer", drawn[len(drawn) // 2]
    if any(budget for _, budget in scenario.faults):
        kinds, way = good.through_faults()
        allowed = {kind for kind, budget in scenario.faults if budget}
        if kinds:
            what = "every kind of fault that is allowed" if kinds == allowed else ", ".join(sorted(kinds))
            yield "through faults", f"it meets {what}, and no good run meets more kinds", way
    longest = good.longest()
    no_longer = (
        "no good run has more"
        if good.ends_always
        else "runs may go in circles, and none comes through more parts of the state graph that it never comes back to"
    )
    if good.ends_always or len(longest) >= len(drawn[len(drawn) // 2]):
        yield "longest", f"{counted(len(longest), 'step')}; {no_longer}", longest
    latest = good.latest()
    if latest is not None:
        at, way = latest
        yield "latest request", f"what a user may ask for comes as late as it can, as step {at}", way
    shortest = good.shortest()
    yield "shortest", f"{counted(len(shortest), 'step')}; no good run has fewer", shortest
    yield from (("drawn", "drawn at random", each) for each in drawn)


def _executed(graph: StateGraph, choices: tuple[Choice, ...]) -> Trace:
    """Run a schedule through simpy; raises InternalError where something is violated that should not be."""
    simulation = Simulation(graph.model)
    events = []
    for choice in choices:
        before = dict(simulation.values)
        events.append(simulation.record(choice))
        for prop in graph.model.properties:
            views = (before, simulation.values) if prop.kind is Kind.STEP else (simulation.values,)
            if prop.kind in (Kind.ALWAYS, Kind.STEP) and prop.violated(*views) is not None:
                raise InternalError(
                    f"A run in which nothing goes wrong was found in the tables, but the run through simpy violates "
                    f"{prop.name}. This is a defect of deadheat: please report it with the command that you ran."
                )
    return Trace(Schedule(choices), tuple(events))


def _any(_: _Edge) -> bool:
    return True


class _Good:
    """The good moves of a state graph, and runs of them."""

    def __init__(self, graph: StateGraph) -> None:
        standings = {each.property.name: judged(graph, each).standings for each in graph.tables.watches}
        steps = [each for each in graph.tables.watches if each.property.kind is Kind.STEP]
        always = [each.property.name for each in graph.tables.watches if each.property.kind is Kind.ALWAYS]

        def is_bad(number: int) -> bool:
            return any(standings[name][number] & Standing.VIOLATED for name in always)

        def violates(number: int, move: Move) -> bool:
            return any(each.violated_by(graph.states[number], graph.states[move.target]) for each in steps)

        self._edges: list[list[_Edge]] = [
            []
            if is_bad(number)
            else [
                _Edge(number, each.target, each.successor.choice, *_nature(graph, each))
                for each in moves
                if not is_bad(each.target) and not violates(number, each)
            ]
            for number, moves in enumerate(graph.moves)
        ]
        self._ends = {
            number
            for number in _settled(graph)
            if not any(found[number] & Standing.VIOLATED for found in standings.values()) and not is_bad(number)
        }
        self._leading = self._leading_to(self._ends)
        self._edges = [[each for each in edges if each.target in self._leading] for edges in self._edges]
        self._start_is_good = 0 in self._leading

    def drawn(self) -> list[tuple[Choice, ...]]:
        """Return runs that were drawn at random: at each step, each good move is as likely as any other.

        Where a user may ask for more at every end, to ask for nothing more is as likely as each of these moves.
        """
        quiet = {number for number in self._ends if not any(each.free for each in self._edges[number])}
        drawn = [self._drawn(seed, quiet or self._ends) for seed in range(DRAWN if self._start_is_good else 0)]
        return [each for each in drawn if each is not None]

    def _drawn(self, seed: int, ends: set[int]) -> tuple[Choice, ...] | None:
        """Return a run that was drawn; None if it has not come to an end, or to none of these."""
        generator = random.Random(seed)
        number = 0
        way: list[Choice] = []
        while len(way) < STEPS_MAX:
            moves: list[_Edge | None] = [*self._edges[number]]
            if number in ends and not any(each.free for each in self._edges[number]):
                return tuple(way)
            if not moves:
                return None
            edge = generator.choice([*moves, None] if number in ends else moves)
            if edge is None:
                return tuple(way)
            way.append(edge.choice)
            number = edge.target
        return None

    def shortest(self) -> tuple[Choice, ...]:
        """Return a shortest run to where everything is settled."""
        return self._way(0, lambda number: number in self._ends) or ()

    def longest(self) -> tuple[Choice, ...]:
        """Return a run that comes through as many components of the graph as any: a longest, if there is no circle."""
        return self._through(lambda number: number in self._ends) or ()

    def latest(self) -> tuple[int, tuple[Choice, ...]] | None:
        """Return the number of the first free step, with a run in which that comes as late as in any; None without."""
        asking = {each.number for edges in self._edges for each in edges if each.free}
        way = self._through(lambda number: number in asking, lambda each: not each.free)
        if way is None:
            return None
        number = self._after(0, way)
        free = next(each for each in self._edges[number] if each.free)
        rest = self._way_to_quiet(free.target) or self._way(free.target, lambda each: each in self._ends)
        if rest is None:
            raise InternalError("A good run has no end in a state graph; please report it.")
        return len(way) + 1, (*way, free.choice, *rest)

    def through_faults(self) -> tuple[set[str], tuple[Choice, ...]]:
        """Return a shortest run that meets as many kinds of fault as any, and which it meets."""
        start: tuple[int, frozenset[str]] = (0, frozenset())
        came_by: dict[tuple[int, frozenset[str]], tuple[tuple[int, frozenset[str]], Choice] | None] = {start: None}
        waiting = deque([start])
        best = None
        while waiting:
            here = waiting.popleft()
            number, kinds = here
            if number in self._ends and (best is None or len(kinds) > len(best[1])):
                best = here
            for each in self._edges[number]:
                after = (each.target, kinds | {each.fault} if each.fault else kinds)
                if after not in came_by:
                    came_by[after] = (here, each.choice)
                    waiting.append(after)
        way: list[Choice] = []
        here = best or start
        while (came := came_by[here]) is not None:
            here, choice = came
            way.append(choice)
        return set((best or start)[1]), tuple(reversed(way))

    @cached_property
    def ends_always(self) -> bool:
        """Whether there is no circle."""
        return all(len(each) == 1 for each in self._components(_any)) and not any(
            each.target == each.number for edges in self._edges for each in edges
        )

    # How they are found

    def _components(self, along: Callable[[_Edge], bool]) -> list[set[int]]:
        """Return the components of the graph of these edges, each behind those that can be come to from it."""
        return strong_components(
            {number: [each.target for each in edges if along(each)] for number, edges in enumerate(self._edges)}
        )

    def _through(
        self, wanted: Callable[[int], bool], along: Callable[[_Edge], bool] = _any
    ) -> tuple[Choice, ...] | None:
        """Return a way from the start to a wanted state that comes through as many components as any; None if none."""
        components = self._components(along)
        component_of = {number: index for index, each in enumerate(components) for number in each}
        lengths: dict[int, int] = {}
        leaving: dict[int, _Edge | None] = {}
        for index, component in enumerate(components):  # what can be come to stands before
            if any(wanted(number) for number in component):
                lengths[index], leaving[index] = 0, None
            for edge in (each for number in sorted(component) for each in self._edges[number] if along(each)):
                after = component_of[edge.target]
                if after != index and after in lengths and lengths[after] + 1 > lengths.get(index, -1):
                    lengths[index], leaving[index] = lengths[after] + 1, edge
        if component_of[0] not in leaving:
            return None
        number = 0
        way: list[Choice] = []
        while (edge_out := leaving[component_of[number]]) is not None:
            way += [*(self._way(number, edge_out.number.__eq__, along) or ()), edge_out.choice]
            number = edge_out.target
        return (*way, *(self._way(number, wanted, along) or ()))

    def _way_to_quiet(self, start: int) -> tuple[Choice, ...] | None:
        """Return a shortest way to an end in which nothing more may be asked for; None if there is no such way."""
        return self._way(start, lambda each: each in self._ends and not any(e.free for e in self._edges[each]))

    def _way(
        self, start: int, wanted: Callable[[int], bool], along: Callable[[_Edge], bool] = _any
    ) -> tuple[Choice, ...] | None:
        """Return a shortest way from a state to a wanted one; None if there is none."""
        came_by: dict[int, _Edge | None] = {start: None}
        waiting = deque([start])
        while waiting:
            number = waiting.popleft()
            if wanted(number):
                way: list[Choice] = []
                while (edge := came_by[number]) is not None:
                    way.append(edge.choice)
                    number = edge.number
                return tuple(reversed(way))
            for each in self._edges[number]:
                if along(each) and each.target not in came_by:
                    came_by[each.target] = each
                    waiting.append(each.target)
        return None

    def _after(self, start: int, way: tuple[Choice, ...]) -> int:
        for choice in way:
            start = next(each.target for each in self._edges[start] if each.choice == choice)
        return start

    def _leading_to(self, goals: set[int]) -> set[int]:
        before: dict[int, list[int]] = {}
        for edges in self._edges:
            for each in edges:
                before.setdefault(each.target, []).append(each.number)
        found, waiting = set(goals), list(goals)
        while waiting:
            for number in before.get(waiting.pop(), ()):
                if number not in found:
                    found.add(number)
                    waiting.append(number)
        return found


def _nature(graph: StateGraph, move: Move) -> tuple[bool, str | None]:
    """Return whether a move is free, and which fault it is."""
    fault = graph.event(move.key).fault if move.successor.budget else None
    return not move.successor.owed and not move.successor.budget, fault


def _settled(graph: StateGraph) -> set[int]:
    """Return the states to which the owed steps, faults aside, can always come back."""
    owed = {number: [each.target for each in moves if each.successor.owed] for number, moves in enumerate(graph.moves)}
    return set().union(*terminal_components(owed))
