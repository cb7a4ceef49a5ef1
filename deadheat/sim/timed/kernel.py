"""Many runs of a timed model by the compiled kernel, on several cores."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy

from deadheat.sim.errors import InternalError
from deadheat.sim.explore.compiled.timed_laws import Laws
from deadheat.sim.explore.compiled.timed_runs import MARKS_MAX, Results, Roads, Scratch, run_many
from deadheat.sim.random_words import mixed
from deadheat.sim.timed.clockwork import STEPS_MAX, Happened, Run
from deadheat.sim.timed.endings import Endings
from deadheat.sim.timed.graph import Graph
from deadheat.sim.timed.laws import Law, way_stream

__all__ = ["Kernel", "Runs"]

PIECE = 20_000
"""So many runs are handed to a core at a time."""

STEP_BITS = 32
"""What steps are marked with stands so many bits above the marks of states."""


@dataclass(frozen=True, slots=True)
class Runs:
    """What each of many runs came to; see `Run`. `spent_ns` has a column for each mark."""

    spent_ns: Any
    met: Any
    met_by_steps: Any
    calls: Any


class Kernel:
    """The arrays of one graph, ready to be run."""

    def __init__(self, graph: Graph, endings: Endings, policy: Mapping[int, int] | None = None) -> None:
        self.graph = graph
        self._laws = _laws_of(graph)
        maybe = sorted(frozenset().union(*endings))
        self._overs = 1 << len(maybe)
        self.roads = _roads_of(graph, endings, maybe, policy or {})

    def runs(self, seed: int, first: int, last: int, cores: int = 1) -> Runs:
        """Return what the runs of these numbers came to."""
        count = last - first
        spent = numpy.zeros(count * MARKS_MAX, numpy.int64)
        met, calls = numpy.zeros(count, numpy.int64), numpy.zeros(count, numpy.int64)
        none = numpy.zeros(0, numpy.int64)

        def run(begin: int) -> None:
            end = min(begin + PIECE, last)
            part = slice(begin - first, end - first)
            results = Results(spent[(begin - first) * MARKS_MAX : (end - first) * MARKS_MAX], met[part], calls[part])
            self._run(results, seed, begin, end, none)

        begins = range(first, last, PIECE)
        if cores == 1 or len(begins) == 1:
            for each in begins:
                run(each)
        else:
            with ThreadPoolExecutor(cores) as pool:
                list(pool.map(run, begins))
        return Runs(spent.reshape(count, MARKS_MAX), met & ((1 << STEP_BITS) - 1), met >> STEP_BITS, calls)

    def run(self, seed: int, number: int, steps_max: int = 10_000) -> Run:
        """Return one run, with its trace."""
        trace = numpy.zeros(2 * steps_max + 2, numpy.int64)
        results = Results(numpy.zeros(MARKS_MAX, numpy.int64), numpy.zeros(1, numpy.int64), numpy.zeros(1, numpy.int64))
        self._run(results, seed, number, number + 1, trace)
        ways = [branch for enabled in self.graph.enabled for _, branches in enabled for branch in branches]
        steps = trace[: int(numpy.argmax(trace[::2] == -1)) * 2].reshape(-1, 2)
        happened = tuple(Happened(int(at_ns), ways[int(way)].choice) for at_ns, way in steps)
        met = int(results.met[0])
        spent = tuple(int(each) for each in results.spent)
        return Run(spent, met & ((1 << STEP_BITS) - 1), met >> STEP_BITS, int(results.calls[0]), happened)

    def _run(self, results: Results, seed: int, first: int, last: int, trace: Any) -> None:
        clocks = len(self.graph.clocks)
        due, until, begun = (numpy.zeros(clocks, numpy.int64) for _ in range(3))
        scratch = Scratch(due, until, begun, numpy.zeros(1, numpy.uint64))
        seeded = numpy.uint64(mixed(seed))
        made = run_many(self.roads, self._laws, scratch, results, seeded, self._overs, first, last, STEPS_MAX, trace)
        if made != last - first:
            raise InternalError(f"The run {first + made} of the seed {seed} has no end.")


def _laws_of(graph: Graph) -> Laws:
    laws = [each.law or Law.constant(0) for each in graph.clocks]
    shares = [share for law in laws for share in law.shares]
    quantiles = [quantile for law in laws for quantile in law.quantiles]
    ends = numpy.cumsum([len(law.shares) for law in laws])
    return Laws(
        kind=numpy.array([int(law.kind) for law in laws], numpy.int64),
        first=numpy.array([law.first for law in laws], numpy.float64),
        second=numpy.array([law.second for law in laws], numpy.float64),
        never=numpy.array([law.never for law in laws], numpy.float64),
        table_first=numpy.array([end - len(law.shares) for end, law in zip(ends, laws, strict=True)], numpy.int64),
        table_last=numpy.array(ends, numpy.int64),
        shares=numpy.array(shares, numpy.float64),
        quantiles=numpy.array(quantiles, numpy.float64),
        stream=numpy.array([each.stream for each in graph.clocks], numpy.uint64),
    )


def _roads_of(graph: Graph, endings: Endings, maybe: list[int], policy: Mapping[int, int]) -> Roads:
    slots = [each for enabled in graph.enabled for each in enabled]
    ways = [branch for _, branches in slots for branch in branches]
    over = numpy.zeros(len(graph.enabled) << len(maybe), numpy.uint8)
    for never, states in endings.items():
        bits = sum(1 << maybe.index(clock) for clock in never)
        over[bits :: 1 << len(maybe)] = states
    numbers = {clock: place for place, clock in enumerate(maybe)}
    counts = numpy.array([0, *(len(enabled) for enabled in graph.enabled)], numpy.int64)
    way_counts = numpy.array([0, *(len(branches) for _, branches in slots)], numpy.int64)
    return Roads(
        first=numpy.cumsum(counts),
        clock=numpy.array([clock for clock, _ in slots], numpy.int64),
        way_first=numpy.cumsum(way_counts),
        target=numpy.array([each.target for each in ways], numpy.int64),
        way_marks=numpy.array([each.counted.marks << STEP_BITS for each in ways], numpy.int64),
        way_calls=numpy.array([each.counted.calls for each in ways], numpy.int64),
        chance=numpy.array([-1.0 if each.chance is None else each.chance for each in ways], numpy.float64),
        marks=numpy.array(graph.marks, numpy.int64),
        over=over,
        process=numpy.array([each.process for each in graph.clocks], numpy.int64),
        never_bit=numpy.array([numbers.get(place, -1) for place in range(len(graph.clocks))], numpy.int64),
        policy=numpy.array([policy.get(place, 0) for place in range(len(graph.clocks))], numpy.int64),
        way_stream=numpy.array([way_stream(each.stream) for each in graph.clocks], numpy.uint64),
    )
