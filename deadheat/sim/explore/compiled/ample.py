"""Compiled partial-order reduction: which processes are enough in a state (see `explore.partial_order`).

A set of processes is a number of 64 bits, bit n for the process n.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import MOVES, Arrays, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled
from deadheat.sim.explore.compiled.instructions import lowest_bit
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, local_in, natural
from deadheat.sim.explore.reductions.partial_order import PROCESSES_MAX, UNKNOWN, Dependence

__all__ = ["EVERYBODY", "Standings", "ample_set", "standings_of"]

EVERYBODY = -1
"""The set of all processes."""

ONE = numpy.int64(1)


class Standings(NamedTuple):
    """The standings of all local states; those of a process begin at `base`, and `known` of them are known.

    The first is that of all that are unknown. `known` is empty where nothing is to be left out.
    """

    known: Int64
    base: Int64
    touched: UInt64
    written: UInt64
    ever_touched: UInt64
    ever_written: UInt64
    progresses: UInt8


def standings_of(dependence: Dependence | None) -> Standings:
    """Return the standings as arrays; empty ones if there are none, or more processes than a set can hold."""
    processes = dependence.standings if dependence else []
    if len(processes) > PROCESSES_MAX:
        processes = []
    known = numpy.array([len(each) for each in processes], dtype=numpy.int64)
    standings = [UNKNOWN, *(standing for each in processes for standing in each)]

    def column(masks: Iterable[int]) -> UInt64:
        return numpy.fromiter(masks, dtype=numpy.uint64, count=len(standings))

    return Standings(
        known,
        1 + numpy.cumsum(known) - known,
        column(each.touched for each in standings),
        column(each.written for each in standings),
        column(each.ever_touched for each in standings),
        column(each.ever_written for each in standings),
        numpy.array([each.progresses for each in standings], dtype=numpy.uint8),
    )


@compiled
def ample_set(witness: tuple[int, ...], t: Arrays, s: Standings, words: UInt64, at: Number, places: Int64) -> Number:
    """Return the first set, by its least process, that is enough in a state; EVERYBODY if there is none.

    `places` is room for a number a process.
    """
    going_on = ONE - ONE
    stuck_touched, stuck_written = numpy.uint64(0), numpy.uint64(0)
    for process in range(len(s.known)):
        one = natural(process)
        local = local_in(t, process, words, at)
        place = s.base[one] + local if local < s.known[one] else ONE - ONE
        places[one] = place
        if s.ever_touched[natural(place)] != 0:
            going_on |= ONE << process
            if s.progresses[natural(place)] == 0:
                stuck_touched |= s.ever_touched[natural(place)]
                stuck_written |= s.ever_written[natural(place)]
    seeds = going_on
    while seeds != 0:
        seed = lowest_bit(seeds)
        seeds &= seeds - 1
        closed = closed_set(s, places, seed, stuck_touched, stuck_written)
        if closed != 0 and closed != going_on and has_owed_move(witness, t, words, at, closed):
            return closed
    return numpy.int64(EVERYBODY)


@compiled
def closed_set(s: Standings, places: Int64, seed: Number, stuck_touched: Number, stuck_written: Number) -> Number:
    """Return the least set with this process that no other can disturb; 0 if one of it may recur.

    The stuck are those that may recur: all that they can ever touch, and write.
    """
    closed = ONE << seed
    unseen = closed
    while unseen != 0:
        place = natural(places[natural(lowest_bit(unseen))])
        unseen &= unseen - 1
        touched, written = s.touched[place], s.written[place]
        if s.progresses[place] == 0 or touched & stuck_written != 0 or written & stuck_touched != 0:
            return ONE - ONE
        for other in range(len(s.known)):
            if closed >> other & 1 == 0:
                there = natural(places[natural(other)])
                if touched & s.ever_written[there] != 0 or written & s.ever_touched[there] != 0:
                    closed |= ONE << other
                    unseen |= ONE << other
    return closed


@compiled
def has_owed_move(witness: tuple[int, ...], t: Arrays, words: UInt64, at: Number, closed: Number) -> Number:
    """Return whether a process of the set has an owed step that changes the state, and all its steps are learned."""
    found = False
    while closed != 0:
        one = natural(lowest_bit(closed))
        closed &= closed - 1
        local = t.process_base[one] + local_in(t, one, words, at)
        for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
            entry = entry_of(witness, t, row, words, at)
            if entry < 0:
                return False
            for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
                if t.info[natural(successor)] & MOVES != 0 and enabled(t, successor, words, at):
                    found = True
    return found
