"""Runs of a timed model from where others stood, in compiled code: the branches of splitting."""

from __future__ import annotations

from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.timed_laws import NEVER_NS, Laws, due, scrambled
from deadheat.sim.explore.compiled.timed_runs import Roads, Scratch, way_of

__all__ = ["Stands", "run_branches"]

STEP = numpy.uint64(0x9E3779B97F4A7C15)
CLOSED = 0
FAR = 1 << 40
"""The level from which there is no way to any other (`timed/splitting.py`)."""


class Stands(NamedTuple):
    """Where runs stand: the state, the time, which clocks never come, and the home of its periods.

    Clock by clock: when it is due, whether it runs on, and how often it has begun.
    """

    state: Int64
    now: Int64
    absent: Int64
    home: UInt64
    due: Int64
    runs: Int64
    begun: Int64


@compiled
def run_branches(
    roads: Roads,
    laws: Laws,
    scratch: Scratch,
    begins: Stands,
    chosen: Int64,
    ends: Stands,
    levels: Int64,
    target: Number,
    seeded: Number,
    overs: Number,
    steps_max: Number,
) -> Number:
    """Run on from each of the chosen places until a state is met of the target level, or nearer, or the run is over.

    Return how many came there; `ends` receives where they stand, one behind the other. Where the home is CLOSED, a run
    begins at its start, and is its own home.
    """
    clocks = len(scratch.begun)
    tick: Number = numpy.int64(0)
    reached = 0
    for branch in range(len(chosen)):
        origin = chosen[branch]
        base = scrambled(numpy.uint64(seeded) + numpy.uint64(branch + 1) * STEP)
        home: Number = begins.home[origin]
        if home == CLOSED:
            home = base
        state: Number = begins.state[origin]
        now: Number = begins.now[origin]
        absent: Number = begins.absent[origin]
        tick += 2
        for clock in range(clocks):
            scratch.due[clock] = begins.due[origin * clocks + clock]
            scratch.begun[clock] = begins.begun[origin * clocks + clock]
            scratch.until[clock] = tick if begins.runs[origin * clocks + clock] else 0
        fired: Number = numpy.int64(-1)
        steps: Number = numpy.int64(0)
        while target < levels[state] < FAR and steps < steps_max:
            soonest: Number = numpy.int64(NEVER_NS)
            taken: Number = numpy.int64(-1)
            for slot in range(roads.first[state], roads.first[state + 1]):
                clock = roads.clock[slot]
                if scratch.until[clock] != tick or roads.process[clock] == fired:
                    scratch.due[clock] = due(laws, clock, scratch.random, base, home, scratch.begun[clock], now)
                    scratch.begun[clock] += 1
                    if roads.never_bit[clock] >= 0 and scratch.due[clock] == NEVER_NS:
                        absent |= numpy.int64(1) << roads.never_bit[clock]
                scratch.until[clock] = tick + 1
                if scratch.due[clock] < soonest:
                    soonest, taken = scratch.due[clock], slot
            if taken < 0 or roads.over[state * overs + absent]:
                break
            tick += 1
            now = soonest
            fired = roads.process[roads.clock[taken]]
            state = roads.target[way_of(roads, taken, roads.clock[taken], scratch, base)]
            steps += 1
        if levels[state] <= target:
            ends.state[reached] = state
            ends.now[reached] = now
            ends.absent[reached] = absent
            ends.home[reached] = home
            for clock in range(clocks):
                at = reached * clocks + clock
                ends.due[at] = scratch.due[clock]
                ends.begun[at] = scratch.begun[clock]
                ends.runs[at] = 1 if scratch.until[clock] == tick and roads.process[clock] != fired else 0
            reached += 1
        tick += 1
    return reached
