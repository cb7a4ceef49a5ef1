"""Runs of a timed model from where others stood, in compiled code, with weights: the branches of splitting.

A state, and how long its clocks have run, say all that matters of the past, so each branch draws anew how long each
still runs. In every second step one clock is *forced*, preferably one whose step leads nearer: it comes before all
others, since it is early, or since all others are late, either of which has a probability that is known, and the run's
weight makes up for that. So it is with the way that a step goes by chance. What hangs on one coincidence, such as a
cancellation within the very milliseconds, is met like that, and so is a detour that is likelier than the nearest way.

Source: L'Ecuyer, Mandjes and Tuffin, "Importance sampling in rare event simulation" (2009), 2.2: a mixture of the
forced and the true distribution, and the likelihood ratio to that mixture, which bounds the weights.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.random_words import below as number_below, unit
from deadheat.sim.explore.compiled.timed_laws import (
    CONSTANT,
    LOGNORMAL,
    NEVER_NS,
    PERIODIC,
    Float64,
    Laws,
    scrambled,
)
from deadheat.sim.explore.compiled.timed_residuals import is_fixed, likely, remaining
from deadheat.sim.explore.compiled.timed_runs import Roads

__all__ = ["Room", "Stands", "run_branches"]

STEP = numpy.uint64(0x9E3779B97F4A7C15)
FAR = 1 << 40
"""The level from which there is no way to any other (`timed/splitting.py`)."""

FORCED = 0.5
"""How often a step is forced."""

NEARER, EARLY = 0.6, 0.5
"""How often that is one that leads nearer, instead of any; and how often it is early, instead of all others late."""


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


class Room(NamedTuple):
    """Room for one branch: of each clock whether it runs, since when, when it is due, and how long it still runs."""

    runs: UInt8
    since: Float64
    due: Float64
    left: Float64
    random: UInt64


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


@compiled
def leads(roads: Roads, room: Room, slot: Number, levels: Int64, bound: Number) -> Number:
    """Return whether a clock comes at all, and its step can lead below a level."""
    if room.due[roads.clock[slot]] >= NEVER_NS:
        return False
    for way in range(roads.way_first[slot], roads.way_first[slot + 1]):
        if levels[roads.target[way]] < bound and roads.chance[way] != 0.0:
            return True
    return False


@compiled
def draw(roads: Roads, laws: Laws, room: Room, state: Number, now: Number, levels: Int64) -> Number:
    """Draw how long each clock still runs, one of them perhaps forced to be the first; return the likelihood ratio.

    It is 0 where a clock was to be forced that cannot be the first.
    """
    first, last = roads.first[state], roads.first[state + 1]
    near, some = 0, 0
    for slot in range(first, last):
        clock = roads.clock[slot]
        room.left[clock] = math.inf
        if room.due[clock] < NEVER_NS:
            age = now - room.since[clock]
            room.left[clock] = remaining(laws, clock, room.due[clock], now, age, unit(room.random, 0))
        near += leads(roads, room, slot, levels, levels[state])
        some += leads(roads, room, slot, levels, FAR)
    if some == 0:
        return 1.0
    if unit(room.random, 0) < FORCED:
        is_near = near > 0 and unit(room.random, 0) < NEARER
        bound = levels[state] if is_near else numpy.int64(FAR)
        which = number_below(room.random, 0, near if is_near else some)
        for slot in range(first, last):
            if leads(roads, room, slot, levels, bound):
                if which == 0 and not force(roads, laws, room, slot, state, now):
                    return 0.0
                which -= 1
    taken, total = soonest(roads, room, state), 0.0
    for slot in range(first, last):
        share = forced_share(roads, room, slot, levels, state, near, some)
        if share > 0.0:
            total += share * EARLY * early(roads, laws, room, slot, state, now)
            if slot == taken:
                total += share * (1.0 - EARLY) / late(roads, laws, room, slot, state, now)
    return 1.0 / (1.0 - FORCED + FORCED * total)


@compiled
def forced_share(
    roads: Roads, room: Room, slot: Number, levels: Int64, state: Number, near: Number, some: Number
) -> Number:
    """Return how often a clock is the one that is forced."""
    share = 0.0
    if leads(roads, room, slot, levels, FAR):
        share += (1.0 - NEARER if near > 0 else 1.0) / some
    if leads(roads, room, slot, levels, levels[state]):
        share += NEARER / near
    return share


@compiled
def force(roads: Roads, laws: Laws, room: Room, slot: Number, state: Number, now: Number) -> Number:
    """Let a clock come before all others: early, or with all others late; return whether that can be."""
    clock = roads.clock[slot]
    if unit(room.random, 0) < EARLY:
        wait = others(roads, room, slot, state)
        age = now - room.since[clock]
        chance = likely(laws, clock, room.due[clock], now, age, wait)
        if chance > 0.0:
            left = remaining(laws, clock, room.due[clock], now, age, unit(room.random, 0) * chance)
            room.left[clock] = min(left, wait)
        return True
    wait = room.left[clock]
    for place in range(roads.first[state], roads.first[state + 1]):
        other = roads.clock[place]
        if place == slot or room.due[other] >= NEVER_NS:
            continue
        if is_fixed(laws, other):
            if room.left[other] < wait:
                return False
            continue
        age = now - room.since[other]
        chance = likely(laws, other, room.due[other], now, age, wait)
        if chance >= 1.0:
            return False
        share = chance + unit(room.random, 0) * (1.0 - chance)
        room.left[other] = max(wait, remaining(laws, other, room.due[other], now, age, share))
    return True


@compiled
def early(roads: Roads, laws: Laws, room: Room, slot: Number, state: Number, now: Number) -> Number:
    """Return by how much likelier this is where a clock is forced to be early; one that cannot be stays as it is."""
    clock = roads.clock[slot]
    wait = others(roads, room, slot, state)
    chance = likely(laws, clock, room.due[clock], now, now - room.since[clock], wait)
    if chance <= 0.0:
        return 1.0
    return 1.0 / chance if room.left[clock] <= wait else 0.0


@compiled
def late(roads: Roads, laws: Laws, room: Room, slot: Number, state: Number, now: Number) -> Number:
    """Return how likely all other clocks come later than the one that comes first."""
    wait, product = room.left[roads.clock[slot]], 1.0
    for place in range(roads.first[state], roads.first[state + 1]):
        other = roads.clock[place]
        if place != slot and room.due[other] < NEVER_NS and not is_fixed(laws, other):
            age = now - room.since[other]
            product *= 1.0 - likely(laws, other, room.due[other], now, age, wait)
    return product if product > 0.0 else math.inf


@compiled
def others(roads: Roads, room: Room, slot: Number, state: Number) -> Number:
    """Return how long the first of all other clocks still runs."""
    wait: Number = math.inf
    for other in range(roads.first[state], roads.first[state + 1]):
        if other != slot:
            wait = min(wait, room.left[roads.clock[other]])
    return wait


@compiled
def soonest(roads: Roads, room: Room, state: Number) -> Number:
    """Return the clock that comes first, by its slot; -1 where none does."""
    least: Number = math.inf
    taken: Number = numpy.int64(-1)
    for slot in range(roads.first[state], roads.first[state + 1]):
        if room.left[roads.clock[slot]] < least:
            least, taken = room.left[roads.clock[slot]], slot
    return taken


@compiled
def ways_below(roads: Roads, slot: Number, levels: Int64, bound: Number) -> Number:
    """Return how many of the ways that a step goes by chance lead below a level."""
    count = 0
    for way in range(roads.way_first[slot], roads.way_first[slot + 1]):
        count += levels[roads.target[way]] < bound and roads.chance[way] > 0.0
    return count


@compiled
def way_taken(roads: Roads, room: Room, slot: Number, levels: Int64, state: Number) -> Number:
    """Return the way that a step goes, which is perhaps forced."""
    first, last = roads.way_first[slot], roads.way_first[slot + 1]
    if last - first == 1:
        return first
    if roads.chance[first] < 0.0:
        return first + min(roads.policy[roads.clock[slot]], last - first - 1)
    bound = levels[state] if ways_below(roads, slot, levels, levels[state]) > 0 else numpy.int64(FAR)
    count = ways_below(roads, slot, levels, bound)
    if count > 0 and unit(room.random, 0) < FORCED:
        which = number_below(room.random, 0, count)
        for way in range(first, last):
            if levels[roads.target[way]] < bound and roads.chance[way] > 0.0:
                if which == 0:
                    return way
                which -= 1
    left = unit(room.random, 0)
    for way in range(first, last):
        left -= roads.chance[way]
        if left < 0.0:
            return way
    return last - 1


@compiled
def way_weight(roads: Roads, slot: Number, way: Number, levels: Int64, state: Number) -> Number:
    """Return the likelihood ratio of the way that was taken."""
    if roads.way_first[slot + 1] - roads.way_first[slot] == 1 or roads.chance[roads.way_first[slot]] < 0.0:
        return 1.0
    bound = levels[state] if ways_below(roads, slot, levels, levels[state]) > 0 else numpy.int64(FAR)
    count = ways_below(roads, slot, levels, bound)
    if count == 0:
        return 1.0
    is_one = levels[roads.target[way]] < bound
    return 1.0 / (1.0 - FORCED + (FORCED / (count * roads.chance[way]) if is_one else 0.0))
