"""Events too rare to be sampled: by splitting, level by level.

A level is the exact distance to the event, in steps of the explored graph. So many runs begin; those that come a level
nearer are where the next ones branch off, each with random numbers of its own from there on, and the shares that come
nearer are multiplied. That is unbiased whatever the levels are; how much it varies, independent repetitions show.

Source: Garvels, "The splitting method in rare event simulation" (2000), fixed effort.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy

from deadheat.sim.explore.compiled.timed_branches import Stands, run_branches
from deadheat.sim.explore.compiled.timed_runs import Scratch
from deadheat.sim.random_words import RandomWords, mixed, stream
from deadheat.sim.timed.clockwork import STEPS_MAX
from deadheat.sim.timed.graph import Graph
from deadheat.sim.timed.kernel import Kernel

__all__ = ["distances_to", "split"]

FAR = 1 << 40
"""The distance where there is no way."""


def distances_to(graph: Graph, mark: int) -> Any:
    """Return for each state how many steps it is at least to a state with a mark."""
    before: list[list[int]] = [[] for _ in graph.enabled]
    for state, enabled in enumerate(graph.enabled):
        for _, branches in enabled:
            for branch in branches:
                before[branch.target].append(state)
    found = numpy.full(len(graph.enabled), FAR, numpy.int64)
    waiting = deque(state for state, marks in enumerate(graph.marks) if marks >> mark & 1)
    found[list(waiting)] = 0
    while waiting:
        state = waiting.popleft()
        for other in before[state]:
            if found[other] == FAR:
                found[other] = found[state] + 1
                waiting.append(other)
    return found


def split(kernel: Kernel, mark: int, seed: int, runs: int, repetitions: int = 20) -> tuple[float, ...]:
    """Return so many independent estimates of how likely a state with a mark is met, each of so many runs a level."""
    levels = distances_to(kernel.graph, mark)
    if levels[0] == FAR:
        return (0.0,) * repetitions
    return tuple(_once(kernel, levels, stream(seed, number), runs) for number in range(repetitions))


def _once(kernel: Kernel, levels: Any, seed: int, runs: int) -> float:
    clocks = len(kernel.graph.clocks)
    begins, ends = _room(1, clocks), _room(runs, clocks)
    chosen = numpy.zeros(runs, numpy.int64)
    due, until, begun = (numpy.zeros(clocks, numpy.int64) for _ in range(3))
    scratch = Scratch(due, until, begun, numpy.zeros(1, numpy.uint64))
    random = RandomWords(seed)
    likely = 1.0
    for target in range(int(levels[0]) - 1, -1, -1):
        seeded = numpy.uint64(mixed(random.word()))
        reached = run_branches(
            *(kernel.roads, kernel.laws, scratch, begins, chosen, ends, levels, target),
            *(seeded, kernel.overs, STEPS_MAX),
        )
        likely *= reached / runs
        if reached == 0:
            return 0.0
        chosen = numpy.array([random.below(reached) for _ in range(runs)], numpy.int64)
        begins, ends = ends, _room(runs, clocks)
    return likely


def _room(runs: int, clocks: int) -> Stands:
    state, now, absent = (numpy.zeros(runs, numpy.int64) for _ in range(3))
    due, run_on, begun = (numpy.zeros(runs * clocks, numpy.int64) for _ in range(3))
    return Stands(state, now, absent, numpy.zeros(runs, numpy.uint64), due, run_on, begun)
