"""Small models with clocks, of which the answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.model import Model, Process
from deadheat.sim.run.simulation import Transition
from deadheat.sim.timed.endings import Endings, endings_of
from deadheat.sim.timed.graph import Counted, Graph, Measures, Timing, Timings, graph_of
from deadheat.sim.timed.laws import Law


class Prize(Component):
    """Who comes first has it."""

    initial = ""

    @operation
    def take(self, value: str, who: str) -> Steps:
        return BLOCKED if value else (Step(None, who),)


class Line(Component):
    """How many wait, and are served."""

    initial = 0

    def __init__(self, name: str, room: int) -> None:
        super().__init__(name)
        self.room = room

    @operation
    def arrive(self, value: int) -> Steps:
        return BLOCKED if value == self.room else (Step(None, value + 1),)

    @operation
    def leave(self, value: int) -> Steps:
        return (Step(None, value - 1),) if value else BLOCKED


class Trail(Component):
    """The end is one step away, or two by a detour; who gives up never comes to it."""

    initial = 0

    @operation
    def straight(self, value: int) -> Steps:
        return BLOCKED if value else (Step(None, 2),)

    @operation
    def aside(self, value: int) -> Steps:
        return BLOCKED if value else (Step(None, 1),)

    @operation
    def onward(self, value: int) -> Steps:
        return (Step(None, 2),) if value == 1 else BLOCKED

    @operation
    def give_up(self, value: int) -> Steps:
        return (Step(None, 3),) if value < 2 else BLOCKED


class Fork(Component):
    """A step that may go in two ways, of which nobody says how likely they are."""

    initial = 0

    @operation
    def go(self, value: int) -> Steps:
        return () if value else (Step("left", 1), Step("right", 2))


def takes(prize: Prize, who: str) -> Any:
    yield prize.take(who)


def arrives(line: Line) -> Any:
    yield line.arrive()


def leaves(line: Line) -> Any:
    yield line.leave()


def walks(trail: Trail, how: str) -> Any:
    yield getattr(trail, how)()


def goes(fork: Fork) -> Any:
    yield fork.go()


def by_process(laws: Mapping[str, Law]) -> Timings:
    """Return timings that name a step by its process."""

    def timing(process: Process, transition: Transition, begins: bool) -> Timing:
        return Timing(process.name, laws.get(process.name))

    return timing


def no_step(*_: Any) -> Counted:
    return Counted()


def race(laws: Mapping[str, Law]) -> tuple[Graph, Timings, Measures, Endings]:
    """Several processes after one prize; a mark for each of them as its winner, and the last where nobody has it."""
    prize = Prize("prize")
    model = Model({"prize": prize}, tuple(Process(each, takes, (prize, each)) for each in laws))
    names = list(laws)

    def won(view: Mapping[str, Any]) -> int:
        return 1 << (names.index(view["prize"]) if view["prize"] else len(names))

    measures = Measures(won, no_step)
    timings = by_process(laws)
    graph = graph_of(model, timings, measures)
    over_in = tuple(not enabled for enabled in graph.enabled)
    clocks = range(len(graph.clocks))
    subsets = [frozenset(each) for size in range(len(laws) + 1) for each in combinations(clocks, size)]
    return graph, timings, measures, dict.fromkeys(subsets, over_in)


def line(room: int, arrival: Law, service: Law) -> tuple[Graph, Endings]:
    """Return a queue with one server; what a state is marked with is how many are there."""
    queue = Line("line", room)
    processes = (
        Process("arrivals", arrives, (queue,), repeats=True),
        Process("server", leaves, (queue,), repeats=True),
    )
    measures = Measures(lambda view: int(view["line"]), no_step)
    graph = graph_of(Model({"line": queue}, processes), by_process({"arrivals": arrival, "server": service}), measures)
    return graph, {frozenset(): (False,) * len(graph.enabled)}


def fork() -> tuple[Graph, Endings]:
    """Return a step that nobody has timed, and that goes left, which is marked, or right."""
    component = Fork("fork")
    model = Model({"fork": component}, (Process("goer", goes, (component,)),))
    measures = Measures(lambda view: int(view["fork"] == 1), no_step)
    graph = graph_of(model, by_process({}), measures)
    return graph, endings_of(graph)


def trail(**laws: Law) -> tuple[Graph, Endings]:
    """Return the trail on which each step has a law; its end is marked."""
    component = Trail("trail")
    model = Model({"trail": component}, tuple(Process(each, walks, (component, each)) for each in laws))
    measures = Measures(lambda view: int(view["trail"] == 2), no_step)
    graph = graph_of(model, by_process(laws), measures)
    return graph, endings_of(graph)
