"""What the very run that a log tells of violates, as far as the log tells.

Several runs of the model may do what a log says: where events overlap, and where steps are not told of. So a property
is violated in all of them, in some and not in others, or in none. A run goes on after the last event for as long as
steps are owed of which the log would not tell; it ends where the log would have to go on.

- **always, step**: what no such run avoids is violated in all.
- **settled**: asked where runs end, if they have settled there: whatever is owed, told of or not, comes back.
- **eventually**: so too; what holds in all of the states that a run has settled in holds for ever. Where it holds in
  some of them alone, or the run has not settled, nothing can be said of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from deadheat.live.logs.likeness import in_words_of
from deadheat.live.logs.matching import Matching, Point, Taken
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind, Property

__all__ = ["InRun", "JudgedProperty", "judge"]

POINTS_MAX = 100_000
"""So many points are looked at for one evaluation at most."""

SETTLED_MAX = 5_000
"""So many states are looked at to see where the end of a run settles."""


class InRun(StrEnum):
    """What can be said of a property in the run that a log tells of."""

    VIOLATED = "violated"
    IN_SOME = "violated-in-some"
    """In some of the runs that do what the log says, and not in others."""
    UNDECIDED = "undecided"
    """The log ends before it can be said."""
    HOLDS = "holds"


@dataclass(frozen=True, slots=True)
class JudgedProperty:
    """A property in the run of one evaluation; where it is violated, how, and after the event of which line."""

    evaluation: str
    property: str
    meaning: str
    verdict: InRun
    violation: str | None = None
    line: int | None = None


@dataclass(slots=True)
class _Graph:
    """The points of all runs that do all that the log says, and how they go on, in the order of their distance."""

    matching: Matching
    steps: dict[Point, list[Taken]] = field(default_factory=dict)
    parents: dict[Point, tuple[Point, Taken]] = field(default_factory=dict)

    def is_complete(self, point: Point) -> bool:
        return point.matched == self.matching.everything

    def line(self, point: Point, last: tuple[int, ...] = ()) -> int | None:
        """Return the line of the last event on a shortest way to a point; `last` are those of a step after it."""
        while not last and point in self.parents:
            point, taken = self.parents[point]
            last = taken.events
        return max((self.matching.events[each].line for each in last), default=None)


def judge(matching: Matching) -> tuple[JudgedProperty, ...] | None:
    """Return what can be said of each property of the model; None if too many runs do what the log says."""
    graph = _explored(matching)
    if graph is None:
        return None
    ends = _ends(graph)
    settled = {state: _settled(matching.tables, state) for state in {each.state for each in ends}}
    return tuple(_judged(graph, ends, settled, watch) for watch in matching.tables.watches)


def _explored(matching: Matching) -> _Graph | None:
    graph, layer, seen = _Graph(matching), [matching.start()], {matching.start()}
    while layer:
        following = []
        for point in layer:
            graph.steps[point] = list(_steps(matching, point))
            for taken in graph.steps[point]:
                if taken.point not in seen:
                    seen.add(taken.point)
                    graph.parents[taken.point] = (point, taken)
                    following.append(taken.point)
        if len(seen) > POINTS_MAX:
            return None
        layer = following
    _prune(graph)
    return graph


def _steps(matching: Matching, point: Point) -> Iterator[Taken]:
    """Yield how a run goes on; once all events have happened, by what is owed alone."""
    is_complete = point.matched == matching.everything
    for taken in matching.steps(point):
        if not is_complete or (taken.successor.owed and not matching.told(point.state, taken.successor)):
            yield taken


def _prune(graph: _Graph) -> None:
    """Leave out the points from which no run does the rest of what the log says."""
    before: dict[Point, list[Point]] = {}
    for point, steps in graph.steps.items():
        for taken in steps:
            before.setdefault(taken.point, []).append(point)
    useful = {point for point in graph.steps if graph.is_complete(point)}
    waiting = list(useful)
    while waiting:
        for point in before.get(waiting.pop(), ()):
            if point not in useful:
                useful.add(point)
                waiting.append(point)
    graph.steps = {
        point: [taken for taken in steps if taken.point in useful]
        for point, steps in graph.steps.items()
        if point in useful
    }


def _ends(graph: _Graph) -> list[Point]:
    """Return where the runs end: all events have happened, and what is owed but not told always comes back."""
    edges = {
        point: [taken.point for taken in steps] for point, steps in graph.steps.items() if graph.is_complete(point)
    }
    ends = set().union(*terminal_components(edges))
    return [point for point in edges if point in ends]


def _settled(tables: Tables, start: int) -> frozenset[int] | None:
    """Return the states that a run can be in for ever, if it has settled in this one; None if it has not.

    None also where they are too many.
    """
    edges: dict[int, list[int]] = {}
    waiting = [start]
    while waiting:
        state = waiting.pop()
        if state in edges:
            continue
        if len(edges) >= SETTLED_MAX:
            return None
        edges[state] = [after for successor, after in tables.choices(state) if successor.owed]
        waiting.extend(edges[state])
    return frozenset(edges) if terminal_components(edges) == [set(edges)] else None


def _judged(
    graph: _Graph, ends: Collection[Point], settled: Mapping[int, frozenset[int] | None], watch: Watch
) -> JudgedProperty:
    if watch.property.kind in (Kind.ALWAYS, Kind.STEP):
        return _along_the_way(graph, set(ends), watch)
    return _at_the_end(graph, ends, settled, watch)


def _along_the_way(graph: _Graph, ends: Collection[Point], watch: Watch) -> JudgedProperty:
    """Judge a property of states or of steps: is there a run that violates it, and one that does not."""
    kind, start = watch.property.kind, graph.matching.start()
    found: tuple[Point, Taken | None] | None = None
    if kind is Kind.ALWAYS and watch.violated(start.state):
        found = (start, None)
    clean = {start} if found is None else set()
    for point, steps in graph.steps.items():  # nearest first
        for taken in steps:
            if watch.violated_by(point.state, taken.point.state):
                found = found or (point, taken)
    waiting = list(clean)
    while waiting:
        point = waiting.pop()
        for taken in graph.steps[point]:
            if taken.point not in clean and not watch.violated_by(point.state, taken.point.state):
                clean.add(taken.point)
                waiting.append(taken.point)
    if found is None:
        return _result(graph, watch.property, InRun.HOLDS)
    point, step = found
    views = [point.state] if step is None else [point.state, step.point.state]
    states = views if kind is Kind.STEP else views[-1:]
    line = graph.line(point, step.events if step else ())
    verdict = InRun.IN_SOME if clean & set(ends) else InRun.VIOLATED
    return _result(graph, watch.property, verdict, states, line)


def _at_the_end(
    graph: _Graph, ends: Collection[Point], settled: Mapping[int, frozenset[int] | None], watch: Watch
) -> JudgedProperty:
    """Judge a property of where the run settles, or of all the time from then on."""
    violating: list[Point] = []
    others: set[InRun] = set()
    for point in ends:
        states = settled[point.state]
        violated = [watch.violated(state) for state in states or ()]
        if violated and all(violated):
            violating.append(point)
        elif states is None or (any(violated) and watch.property.kind is Kind.EVENTUALLY):
            others.add(InRun.UNDECIDED)
        else:
            others.add(InRun.HOLDS)
    if violating:
        verdict = InRun.IN_SOME if others else InRun.VIOLATED
        return _result(graph, watch.property, verdict, [violating[0].state], graph.line(violating[0]))
    return _result(graph, watch.property, InRun.UNDECIDED if InRun.UNDECIDED in others else InRun.HOLDS)


def _result(
    graph: _Graph, prop: Property, verdict: InRun, states: list[int] | None = None, line: int | None = None
) -> JudgedProperty:
    evaluation, violation = graph.matching.evaluation, None
    if states is not None:
        tables = graph.matching.tables
        violation = in_words_of(evaluation, prop.violated(*(tables.view(each, prop.reads) for each in states)))
    return JudgedProperty(evaluation, prop.name, prop.meaning, verdict, violation, line)
