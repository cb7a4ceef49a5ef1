"""Many runs of a timed model, in compiled code: over its explored graph, with the numbers that the reference draws.

In every state the clocks that run there are gone through in their order; those that have just begun are drawn, and the
first that is due happens. A run is over where nothing that is measured can change any more.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.random_words import unit
from deadheat.sim.explore.compiled.timed_laws import NEVER_NS, Float64, Laws, begin, due, scrambled

__all__ = ["MARKS_MAX", "Results", "Roads", "Scratch", "run_many"]

STEP = numpy.uint64(0x9E3779B97F4A7C15)

MARKS_MAX = 8


class Roads(NamedTuple):
    """The graph: the clocks that run in a state, the ways in which the step of each may go, and what these count for.

    `chance` is negative where a way was not given one; `policy` is which of those ways each clock takes. `over` says of
    a state, and of which of the clocks that may never come do not, whether a run ends there; `never_bit` is the bit of
    such a clock, or -1.
    """

    first: Int64
    clock: Int64
    way_first: Int64
    target: Int64
    way_marks: Int64
    way_calls: Int64
    chance: Float64
    marks: Int64
    over: UInt8
    process: Int64
    never_bit: Int64
    policy: Int64
    way_stream: UInt64


class Scratch(NamedTuple):
    """Room for one thread: when each clock is due, until which step it runs, and how often it has begun."""

    due: Int64
    until: Int64
    begun: Int64
    random: UInt64


class Results(NamedTuple):
    """What each run came to: the time of each mark, the marks met (by steps from bit 32 on), and the calls."""

    spent: Int64
    met: Int64
    calls: Int64


@inlined
def way_of(roads: Roads, slot: Number, clock: Number, scratch: Scratch, base: Number) -> Number:
    """Return the way that a step goes."""
    first, last = roads.way_first[slot], roads.way_first[slot + 1]
    if last - first == 1:
        return first
    if roads.chance[first] < 0.0:
        return first + min(roads.policy[clock], last - first - 1)
    begin(scratch.random, base, roads.way_stream[clock], scratch.begun[clock] - 1)
    met = 0.0
    for way in range(first + 1, last):
        met += roads.chance[way]
    left = unit(scratch.random, 0) - (1.0 - met)
    if left < 0.0:
        return first
    for way in range(first + 1, last):
        left -= roads.chance[way]
        if left < 0.0:
            return way
    return last - 1


@compiled
def run_many(  # noqa: C901 - one loop, whose steps share what is in registers
    roads: Roads,
    laws: Laws,
    scratch: Scratch,
    results: Results,
    seeded: Number,
    overs: Number,
    first_run: Number,
    last_run: Number,
    steps_max: Number,
    trace: Int64,
) -> Number:
    """Make the runs of these numbers; return how many, or fewer where one had no end.

    `seeded` is the hash of the seed, `overs` how many verdicts `over` has a state. Where there is room in `trace`, it
    receives the steps of the last run: pairs of a time and a way, and -1 behind them.
    """
    tick: Number = numpy.int64(0)
    for run in range(first_run, last_run):
        base = scrambled(numpy.uint64(seeded) + numpy.uint64(run + 1) * STEP)
        for clock in range(len(scratch.begun)):
            scratch.begun[clock] = 0
        state: Number = numpy.int64(0)
        now: Number = numpy.int64(0)
        fired: Number = numpy.int64(-1)
        absent: Number = numpy.int64(0)
        tick += 2
        place = run - first_run
        met: Number = numpy.int64(0)
        calls: Number = numpy.int64(0)
        steps: Number = numpy.int64(0)
        for mark in range(MARKS_MAX):
            results.spent[place * MARKS_MAX + mark] = 0
        while True:
            marks = roads.marks[state]
            met |= marks
            soonest: Number = numpy.int64(NEVER_NS)
            taken: Number = numpy.int64(-1)
            for slot in range(roads.first[state], roads.first[state + 1]):
                clock = roads.clock[slot]
                if scratch.until[clock] != tick or roads.process[clock] == fired:
                    scratch.due[clock] = due(laws, clock, scratch.random, base, scratch.begun[clock], now)
                    scratch.begun[clock] += 1
                    if roads.never_bit[clock] >= 0 and scratch.due[clock] == NEVER_NS:
                        absent |= numpy.int64(1) << roads.never_bit[clock]
                scratch.until[clock] = tick + 1
                if scratch.due[clock] < soonest:
                    soonest, taken = scratch.due[clock], slot
            if roads.over[state * overs + absent]:
                break
            if marks:
                for mark in range(MARKS_MAX):
                    if marks >> mark & 1:
                        at = place * MARKS_MAX + mark
                        results.spent[at] = NEVER_NS if taken < 0 else results.spent[at] + (soonest - now)
            if taken < 0:
                break
            tick += 1
            now = soonest
            fired = roads.process[roads.clock[taken]]
            way: Number = way_of(roads, taken, roads.clock[taken], scratch, base)
            met |= roads.way_marks[way]
            calls += roads.way_calls[way]
            if 2 * steps + 2 < len(trace) and run == last_run - 1:
                trace[2 * steps] = now
                trace[2 * steps + 1] = way
            steps += 1
            if steps >= steps_max:
                return place
            state = roads.target[way]
        tick += 1
        if 2 * steps < len(trace) and run == last_run - 1:
            trace[2 * steps] = -1
        results.met[place] = met
        results.calls[place] = calls
    return last_run - first_run
