"""Events too rare to be sampled: by splitting, level by level.

A level is the exact distance to the event, in steps of the explored graph. So many runs begin; those that come a level
nearer are where the next ones branch off, and the shares that come nearer are multiplied. That is unbiased whatever the
levels are; how much it varies, independent repetitions show. Where the event hangs on one coincidence, no number of
branches meets it; so steps that lead nearer are forced, and each run has a weight (`compiled/timed_forcing.py`).

Source: Garvels, "The splitting method in rare event simulation" (2000), fixed effort.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy

from deadheat.sim.explore.compiled.timed_branches import Stands, run_branches
from deadheat.sim.explore.compiled.timed_forcing import FAR, Room
from deadheat.sim.random_words import RandomWords, mixed, stream
from deadheat.sim.timed.clockwork import STEPS_MAX
from deadheat.sim.timed.graph import Graph
from deadheat.sim.timed.kernel import Kernel

__all__ = ["distances_to", "split"]


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
    begins = _stands(1, clocks)
    chosen = numpy.zeros(runs, numpy.int64)
    since, due, left = (numpy.zeros(clocks) for _ in range(3))
    room = Room(numpy.zeros(clocks, numpy.uint8), since, due, left, numpy.zeros(1, numpy.uint64))
    random = RandomWords(seed)
    likely, reached = 1.0, 0
    for target in range(int(levels[0]) - 1, -1, -1):
        seeded, ends = numpy.uint64(mixed(random.word())), _stands(runs, clocks)
        reached = run_branches(
            *(kernel.roads, kernel.laws, room, begins, chosen, ends, levels, target),
            *(seeded, kernel.overs, STEPS_MAX),
        )
        if reached == 0:
            return 0.0
        likely *= reached / runs
        at = (numpy.arange(runs) + random.unit()) * reached / runs  # each as often as any other, but for one
        chosen, begins = numpy.minimum(at.astype(numpy.int64), reached - 1), ends
    return likely * float(begins.weight[:reached].mean())


def _stands(runs: int, clocks: int) -> Stands:
    state, absent = (numpy.zeros(runs, numpy.int64) for _ in range(2))
    run_on, since, due = numpy.zeros(runs * clocks, numpy.uint8), numpy.zeros(runs * clocks), numpy.zeros(runs * clocks)
    return Stands(state, numpy.zeros(runs), absent, numpy.ones(runs), run_on, since, due - 1.0)
