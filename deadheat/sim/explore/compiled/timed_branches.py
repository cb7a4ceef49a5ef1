"""Runs of a timed model from where others stood, in compiled code, with weights: the branches of splitting.

A state, and how long its clocks have run, say all that matters of the past, so each branch draws anew how long each
still runs. What hangs on one coincidence, such as a cancellation within the very milliseconds, is met since steps are
forced (`timed_forcing.py`), and so is a detour that is likelier than the nearest way.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt8
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.random_words import unit
from deadheat.sim.explore.compiled.timed_forcing import FAR, Room, draw, soonest, way_taken, way_weight
from deadheat.sim.explore.compiled.timed_laws import (
    CONSTANT,
    LOGNORMAL,
    NEVER_NS,
    PERIODIC,
    Float64,
    Laws,
    scrambled,
)
from deadheat.sim.explore.compiled.timed_runs import Roads

__all__ = ["Stands", "run_branches"]

STEP = numpy.uint64(0x9E3779B97F4A7C15)


class Stands(NamedTuple):
    """Where runs stand: the state, the time, which clocks never come, and what each counts for.

    Clock by clock: whether it runs on, since when, and when it is due, where that is fixed; negative before it begins.
    """

    state: Int64
    now: Float64
    absent: Int64
    weight: Float64
    runs: UInt8
    since: Float64
    due: Float64


@compiled
def run_branches(
    roads: Roads,
    laws: Laws,
    room: Room,
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

    Return how many came there; `ends` receives where they stand.
    """
    clocks = len(room.runs)
    reached = 0
    for branch in range(len(chosen)):
        origin = chosen[branch]
        room.random[0] = scrambled(numpy.uint64(seeded) + numpy.uint64(branch + 1) * STEP)
        state: Number = begins.state[origin]
        now: Number = begins.now[origin]
        absent: Number = begins.absent[origin]
        for clock in range(clocks):
            room.runs[clock] = begins.runs[origin * clocks + clock]
            room.since[clock] = begins.since[origin * clocks + clock]
            room.due[clock] = begins.due[origin * clocks + clock]
        weight: Number = begins.weight[origin]
        steps: Number = numpy.int64(0)
        while target < levels[state] < FAR and steps < steps_max:
            absent = begin_clocks(roads, laws, room, state, now, absent)
            if roads.over[state * overs + absent]:
                break
            weight *= draw(roads, laws, room, state, now, levels)
            taken = soonest(roads, room, state)
            if taken < 0 or weight == 0.0:
                break
            now += room.left[roads.clock[taken]]
            way = way_taken(roads, room, taken, levels, state)
            weight *= way_weight(roads, taken, way, levels, state)
            state = leave(roads, room, state, way, roads.process[roads.clock[taken]])
            steps += 1
        if levels[state] <= target:
            ends.state[reached] = state
            ends.now[reached] = now
            ends.absent[reached] = absent
            ends.weight[reached] = weight
            for clock in range(clocks):
                ends.runs[reached * clocks + clock] = room.runs[clock]
                ends.since[reached * clocks + clock] = room.since[clock]
                ends.due[reached * clocks + clock] = room.due[clock]
            reached += 1
    return reached


@compiled
def begin_clocks(roads: Roads, laws: Laws, room: Room, state: Number, now: Number, absent: Number) -> Number:
    """Let the clocks begin that run in a state and did not yet; return which never come.

    A period begins at any moment, and then goes on, whether its clock runs or not.
    """
    for slot in range(roads.first[state], roads.first[state + 1]):
        clock = roads.clock[slot]
        if room.runs[clock]:
            continue
        room.runs[clock] = 1
        room.since[clock] = now
        last: Number = room.due[clock]
        room.due[clock] = now
        kind = laws.kind[clock]
        if laws.never[clock] > 0.0 and unit(room.random, 0) < laws.never[clock]:
            room.due[clock] = NEVER_NS
            if roads.never_bit[clock] >= 0:
                absent |= numpy.int64(1) << roads.never_bit[clock]
        elif kind == CONSTANT:
            room.due[clock] = now + laws.first[clock]
        elif kind == LOGNORMAL:
            room.due[clock] = now + math.exp(laws.first[clock])
        elif kind == PERIODIC and last < 0.0:
            room.due[clock] = now + (1.0 - unit(room.random, 0)) * laws.first[clock]
        elif kind == PERIODIC:
            room.due[clock] = last + (math.floor((now - last) / laws.first[clock]) + 1.0) * laws.first[clock]
    return absent


@compiled
def leave(roads: Roads, room: Room, state: Number, way: Number, process: Number) -> Number:
    """Return the state after a step; clocks end that do not run there, and those of the process that took it."""
    after = roads.target[way]
    for slot in range(roads.first[state], roads.first[state + 1]):
        clock = roads.clock[slot]
        if roads.process[clock] == process:
            room.runs[clock] = 0
        elif room.runs[clock] == 1:
            room.runs[clock] = 2
    for slot in range(roads.first[after], roads.first[after + 1]):
        clock = roads.clock[slot]
        if room.runs[clock] == 2:
            room.runs[clock] = 1
    for slot in range(roads.first[state], roads.first[state + 1]):
        clock = roads.clock[slot]
        if room.runs[clock] == 2:
            room.runs[clock] = 0
    return after
