"""Which step comes first, perhaps forced, in compiled code; and how likely that was: for the branches of splitting.

In every second step one clock is forced, preferably one whose step leads nearer: it comes before all others, since it
is early, or since all others are late, either of which has a probability that is known. So it is with the way that a
step goes by chance. A run's weight makes up for that: it is the likelihood ratio to the mixture of all that could have
been forced, which bounds it.

Source: L'Ecuyer, Mandjes and Tuffin, "Importance sampling in rare event simulation" (2009), 2.2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.random_words import below as number_below, unit
from deadheat.sim.explore.compiled.timed_laws import NEVER_NS, Float64, Laws
from deadheat.sim.explore.compiled.timed_residuals import is_fixed, likely, remaining
from deadheat.sim.explore.compiled.timed_runs import Roads

__all__ = ["FAR", "Room", "draw", "soonest", "way_taken", "way_weight"]

FAR = 1 << 40
"""The level from which there is no way to any other (`timed/splitting.py`)."""

FORCED = 0.5
"""How often a step is forced."""

NEARER, EARLY = 0.6, 0.5
"""How often that is one that leads nearer, instead of any; and how often it is early, instead of all others late."""


class Room(NamedTuple):
    """Room for one branch: of each clock whether it runs, since when, when it is due, and how long it still runs."""

    runs: UInt8
    since: Float64
    due: Float64
    left: Float64
    random: UInt64


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
