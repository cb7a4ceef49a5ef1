"""The explored graph as a continuous-time Markov chain, where every law is exponential, Erlang, or takes no time.

A state of the chain is a state of the graph, with how many of its stages each Erlang clock has behind it, and which
clocks have turned out never to come. Where a clock takes no time, its step happens at once, in the order of the clocks.

What nobody has said is *chosen*: in which of several ways a step goes, and when a step comes of which no law is known.
A state then has several rows; to let an unknown step wait is one of them, and to let it come at once is another, which
is enough, since without memory nothing is learned by waiting but what changes the state. A fault of which no law is
known may also be met instead of the step that it befalls, when that is due. Where nothing else would happen, what is
not owed may never come: that is a row without a step, in which one stays for ever.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy
from scipy import sparse

from deadheat.sim.errors import TooLargeError, UsageError
from deadheat.sim.timed.endings import Endings
from deadheat.sim.timed.graph import Branch, Clock, Graph
from deadheat.sim.timed.laws import Law
from deadheat.sim.trace import Choice

__all__ = ["CHAIN_MAX", "Chain", "all_begun", "chain_of", "require_memoryless", "steps_from"]

CHAIN_MAX = 400_000
"""A larger chain is not made."""

NEVER = -1
"""The stage of a clock that never comes."""

MARK_BITS = 8

Stages = tuple[int, ...]
Place = tuple[int, Stages]
"""A state of the graph, and the stage of each clock that runs there."""


class Step(NamedTuple):
    """One way to go on from a place, with its rate, or, where no time passes, its probability.

    Without a `choice`, but a stage of a clock is over.
    """

    to: Place
    weight: float
    marks: int = 0
    calls: int = 0
    choice: Choice | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """The chain; its rows are those of the states, one each where nothing is chosen.

    `steps` are the probabilities of the embedded chain, a row of it for each row, a column for each state; `hold_s` is
    how long it stays, in seconds, 0 where no time passes. `step_marks` are, for each mark that steps have, the part of
    `steps` that has it; `calls` are expected. The chain ends where `is_over`. `initial` are the probabilities to begin
    in each state. `first_row` says where the rows of each state begin.
    """

    graph: Graph
    places: tuple[Place, ...]
    first_row: Any
    steps: Any
    hold_s: Any
    step_marks: tuple[Any, ...]
    calls: Any
    marks: Any
    is_over: Any
    initial: Any

    @property
    def has_choices(self) -> bool:
        """Whether something is chosen."""
        return len(self.hold_s) > len(self.places)

    def marked(self, mark: int) -> Any:
        """Return which states have a mark."""
        return (self.marks >> mark & 1).astype(bool)


def require_memoryless(graph: Graph) -> None:
    """Raise UsageError for a law that has a memory other than its stages."""
    for clock in graph.clocks:
        if clock.law is not None and not clock.law.is_exponential:
            raise UsageError(
                f"The latency {clock.name!r} is {clock.law.kind.name.lower()}, and without sampling only exponential "
                "and Erlang ones can be had; give it one of these, or take all as exponential.",
                about="memoryless",
            )


def chain_of(graph: Graph, endings: Endings, also: Iterable[int] = (), coming: Container[int] = ()) -> Chain:
    """Return the chain of a graph; raises UsageError where a law has a memory, or there are too many states.

    What is not owed, and of which nobody has said when it comes, may never do; but the clocks that are `coming` do in
    the end. The chain has also the states of the graph that are named, with all clocks just begun, and what follows
    from there: the latencies may never lead to them.
    """
    require_memoryless(graph)
    return _Making(graph, endings, coming).chain(also)


def all_begun(graph: Graph, state: int) -> Place:
    """Return the place in which every clock of a state has just begun."""
    return state, (0,) * len(graph.enabled[state])


def steps_from(chain: Chain, place: Place) -> list[Step]:
    """Return all ways to go on from a place of a chain; those that are chosen among, side by side."""
    rows = _Making(chain.graph, {}, ()).rows(place)
    return [step for _, steps in rows for step in steps]


class _Running(NamedTuple):
    """A clock that runs, its place among the stages, the ways of its step, and whether it comes in the end anyhow."""

    clock: Clock
    slot: int
    branches: tuple[Branch, ...]
    comes: bool


class _Making:
    def __init__(self, graph: Graph, endings: Endings, coming: Container[int]) -> None:
        self.graph = graph
        self.coming = coming
        self.endings = endings
        self.numbers: dict[Place, int] = {}
        self.places: list[Place] = []
        self.entries: tuple[list[int], list[int], list[float], list[int]] = ([], [], [], [])
        self.first_row, self.holds, self.calls = [0], list[float](), list[float]()

    def chain(self, also: Iterable[int]) -> Chain:
        initial = [(self._number(place), share) for place, share in self._entered(0, None, (), -1)]
        for state in also:
            self._number(all_begun(self.graph, state))
        for place in self.places:  # which grows
            if len(self.places) > CHAIN_MAX:
                raise TooLargeError(
                    f"The chain has more than {CHAIN_MAX:,} states; take fewer stages, or sample.", about="method"
                )
            for hold_ns, steps in [] if self._is_over(place) else self.rows(place):
                self._add(hold_ns, steps)
            if self.first_row[-1] == len(self.holds):
                self._add(0.0, [])
            self.first_row.append(len(self.holds))
        count = len(self.places)
        rows, columns, weights, marks = (numpy.array(each) for each in self.entries)
        shape = (len(self.holds), count)

        def matrix(chosen: Any) -> Any:
            return sparse.csr_matrix((weights[chosen], (rows[chosen], columns[chosen])), shape=shape)

        begin = numpy.zeros(count)
        for number, share in initial:
            begin[number] += share
        with_marks = marks.astype(numpy.int64)
        return Chain(
            self.graph,
            tuple(self.places),
            numpy.array(self.first_row),
            matrix(numpy.ones(len(weights), bool)),
            numpy.array(self.holds) / 1e9,
            tuple(matrix((with_marks >> mark & 1).astype(bool)) for mark in range(MARK_BITS)),
            numpy.array(self.calls),
            numpy.array([self.graph.marks[state] for state, _ in self.places], numpy.int64),
            numpy.array([self._is_over(place) for place in self.places], bool),
            begin,
        )

    def _number(self, place: Place) -> int:
        if place not in self.numbers:
            self.numbers[place] = len(self.places)
            self.places.append(place)
        return self.numbers[place]

    def _add(self, hold_ns: float, steps: list[Step]) -> None:
        total = sum(each.weight for each in steps)
        row = len(self.holds)
        for each in steps:
            rows, columns, weights, marks = self.entries
            rows.append(row)
            columns.append(self._number(each.to))
            weights.append(each.weight / total)
            marks.append(each.marks)
        self.holds.append(hold_ns)
        self.calls.append(sum(each.weight * each.calls for each in steps) / total if steps else 0.0)

    def _is_over(self, place: Place) -> bool:
        state, stages = place
        never = frozenset(
            clock for (clock, _), stage in zip(self.graph.enabled[state], stages, strict=True) if stage == NEVER
        )
        return self.endings[never][state]

    def _entered(self, state: int, old: int | None, stages: Stages, fired: int) -> Iterator[tuple[Place, float]]:
        """Yield the places in which one is after a step of a process, each with its share."""
        clocks = self.graph.clocks
        kept = {}
        if old is not None:
            kept = {
                clock: stage
                for (clock, _), stage in zip(self.graph.enabled[old], stages, strict=True)
                if clocks[clock].process != fired
            }
        options: list[tuple[tuple[int, float], ...]] = []
        for clock, _ in self.graph.enabled[state]:
            law = clocks[clock].law
            never = law.never if law is not None else 0.0
            if clock in kept:
                options.append(((kept[clock], 1.0),))
            else:
                options.append(((0, 1.0 - never), *(((NEVER, never),) if never else ())))
        for chosen in product(*options):
            share = 1.0
            for _, each in chosen:
                share *= each
            if share > 0:
                yield (state, tuple(stage for stage, _ in chosen)), share

    def rows(self, place: Place) -> Iterator[tuple[float, list[Step]]]:
        """Yield how long one stays, and how one goes on, for each way to choose what is to be chosen."""
        state, stages = place
        running = [
            _Running(self.graph.clocks[clock], slot, branches, clock in self.coming)
            for slot, (clock, branches) in enumerate(self.graph.enabled[state])
            if stages[slot] != NEVER
        ]
        unknown = [each for each in running if each.clock.law is None]
        for at_once in unknown:
            yield from self._chosen(place, [at_once], [], timed=False)
        known = [each for each in running if each.clock.law is not None]
        immediate = [each for each in known if each.clock.law is not None and each.clock.law.takes_no_time]
        if immediate:
            yield from self._chosen(place, immediate[:1], unknown, timed=False)
        elif known:
            yield from self._chosen(place, known, unknown, timed=True)
        elif unknown and not any(each.clock.owed or each.comes for each in unknown):
            yield math.inf, []

    def _chosen(
        self, place: Place, racing: list[_Running], unknown: list[_Running], *, timed: bool
    ) -> Iterator[tuple[float, list[Step]]]:
        ways = [[*_ways(each.branches), *_instead(each.clock, unknown)] for each in racing]
        for chosen in product(*ways):
            steps = [
                step
                for (clock, slot, *_), branches in zip(racing, chosen, strict=True)
                for step in self._steps(place, clock, slot, branches, timed=timed)
            ]
            total = sum(each.weight for each in steps)
            yield (1.0 / total if timed else 0.0), steps

    def _steps(
        self, place: Place, clock: Clock, slot: int, branches: tuple[tuple[Branch, float], ...], *, timed: bool
    ) -> Iterator[Step]:
        state, stages = place
        weight = 1.0
        if timed:
            law = clock.law
            assert isinstance(law, Law)
            weight = law.stages / law.first
            if stages[slot] + 1 < law.stages:
                yield Step((state, (*stages[:slot], stages[slot] + 1, *stages[slot + 1 :])), weight)
                return
        for branch, chance in branches:
            for after, share in self._entered(branch.target, state, stages, clock.process):
                if chance > 0:
                    yield Step(
                        after, weight * chance * share, branch.counted.marks, branch.counted.calls, branch.choice
                    )


def _ways(branches: tuple[Branch, ...]) -> list[tuple[tuple[Branch, float], ...]]:
    """Return the ways in which a step can be chosen to go: one, where their chances are given."""
    if all(each.chance is not None for each in branches):
        return [tuple((each, each.chance or 0.0) for each in branches)]
    return [((each, 1.0),) for each in branches]


def _instead(clock: Clock, unknown: Iterable[_Running]) -> Iterator[tuple[tuple[Branch, float], ...]]:
    """Yield the ways in which a fault of unknown law befalls the step of a clock, when that is due."""
    for each in unknown:
        if each.clock.fault is not None and (each.clock.process, each.clock.place) == (clock.process, clock.place):
            yield from _ways(each.branches)
