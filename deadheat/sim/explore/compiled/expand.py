"""Compiled expansion: every transition of every state of a range of the frontier."""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.ample import EVERYBODY, Standings, ample_set
from deadheat.sim.explore.compiled.arrays import (
    FINE,
    GUARDED,
    MISSING,
    MOVES,
    VIOLATED,
    WATCHED,
    Arrays,
    Int32,
    Int64,
    Number,
    UInt8,
    UInt64,
)
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import (
    enabled,
    entry_of,
    local_in,
    mix,
    natural,
    note_event,
    shard_in,
    step_verdict,
)
from deadheat.sim.explore.compiled.representative import representative

__all__ = [
    "EVENTS",
    "FOLDED",
    "IN_PART",
    "MISSES",
    "OUT",
    "QUIET",
    "TRANSITIONS",
    "UNCERTAIN",
    "expand",
    "expand_pending",
]

RECENT_BITS = 16
RECENT_SHIFT = numpy.uint64(64 - RECENT_BITS)
"""How many states a worker remembers of those it has put out last, and where in a hash their place is."""

TRANSITIONS, MISSES, EVENTS, QUIET, UNCERTAIN, FOLDED, IN_PART, OUT = 0, 1, 2, 3, 4, 5, 6, 7
"""The places of a worker's counters; IN_PART counts the states in which steps were left out. OUT is that of the first
shard's number of successors, the others follow.
"""


@inlined
def put_out(
    witness: tuple[int, ...],
    t: Arrays,
    shards: Number,
    counters: Int64,
    out: UInt64,
    out_room: Number,
    recent: UInt64,
) -> Number:
    """Put what stands for the successor, which was written behind those of the first shard, behind its own shard's.

    Returns its number there. One that was put out not long ago is not counted, so that the next overwrites it.
    """
    count = len(witness)
    slot = counters[OUT]
    value = mix(witness, out, slot * count)
    if remembered(witness, recent, value, out, slot * count):
        return slot
    if len(t.swaps.first) > 1 and representative(t.swaps, out, slot * count):
        counters[FOLDED] += 1
    shard = shard_in(witness, t.shard_masks, out, slot * count, shards)
    if shard > 0:
        origin = slot * count
        slot = shard * out_room + counters[OUT + shard]
        for k in range(count):
            out[slot * count + k] = out[origin + k]
    counters[natural(OUT + shard)] += 1
    return slot


@inlined
def remembered(witness: tuple[int, ...], recent: UInt64, value: Number, out: UInt64, at: Number) -> Number:
    """Return whether a state of this hash is among the recent ones, and put it there."""
    count = len(witness)
    place = numpy.int64(value >> RECENT_SHIFT) * count
    same = True
    for k in range(count):
        if recent[natural(place + k)] != out[natural(at + k)]:
            same = False
            recent[natural(place + k)] = out[natural(at + k)]
    return same


@inlined
def expand_row(
    witness: tuple[int, ...],
    t: Arrays,
    row: Number,
    words: UInt64,
    at: Number,
    shards: Number,
    muted: UInt8,
    fired: UInt8,
    counters: Int64,
    out: UInt64,
    out_by: Int32,
    out_room: Number,
    events: UInt64,
    recent: UInt64,
) -> Number:
    """Put the successors of one row in one state into `out`, and into `out_by` their numbers.

    Returns the union of their `info`, or MISSING.

    An event is a step on which a watch has no verdict yet, or a violation: the watch, the state, and its successor.
    """
    entry = entry_of(witness, t, row, words, at)
    if entry <= 0:
        return entry
    count = len(witness)
    union = 0
    for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
        info = t.info[natural(successor)]
        if not enabled(t, successor, words, at):
            continue
        if info & GUARDED and fired[t.guard_kind[successor]] == 0:  # all workers share it
            fired[t.guard_kind[successor]] = 1
        union |= info
        counters[TRANSITIONS] += 1
        place = counters[OUT] * count
        for k in range(count):
            out[natural(place + k)] = words[natural(at + k)] + t.delta[natural(successor * count + k)]
        if info & WATCHED:
            for each in range(t.watched_first[successor], t.watched_middle[successor]):
                watch = t.watched[each]
                if muted[t.watch_property[watch]]:
                    continue
                verdict = step_verdict(witness, t, watch, words, at, out, place)
                if verdict != FINE:
                    note_event(witness, events, counters[EVENTS], watch, words, at, out, place)
                    counters[EVENTS] += 1
                if verdict == VIOLATED:
                    muted[t.watch_property[watch]] = 1
        out_by[put_out(witness, t, shards, counters, out, out_room, recent)] = successor
    return union


@compiled
def expand(
    witness: tuple[int, ...],
    t: Arrays,
    standings: Standings,
    places: Int64,
    words: UInt64,
    first: Number,
    last: Number,
    shards: Number,
    muted: UInt8,
    fired: UInt8,
    counters: Int64,
    out: UInt64,
    out_by: Int32,
    out_room: Number,
    out_reserve: Number,
    events: UInt64,
    events_reserve: Number,
    recent: UInt64,
    misses: Int64,
    misses_reserve: Number,
    quiet: Int64,
    uncertain: Int64,
) -> Number:
    """Expand the states numbered `first` to `last`, or as far as the buffers have room; return the next number.

    A miss is a row and the number of a state; the row is left out there and to be expanded once it was learned.
    `quiet` receives the states in which no owed step changes anything, `uncertain` those that may be so: some of their
    rows were missing. The reserves are what one state may need at most. With `standings`, a state is expanded by the
    processes of an ample set alone where it has one; `places` is room for a number a process.
    """
    count = len(witness)
    events_room = len(events) // (1 + 2 * count)
    for number in range(first, last):
        fullest = 0
        for shard in range(shards):
            fullest = max(fullest, counters[OUT + shard])
        if (
            fullest + out_reserve > out_room
            or counters[EVENTS] + events_reserve > events_room
            or 2 * (counters[MISSES] + misses_reserve) > len(misses)
        ):
            return number
        at = number * count
        union = 0
        missing = False
        chosen = EVERYBODY
        if len(standings.known) > 0:
            chosen = ample_set(witness, t, standings, words, at, places)
            if chosen != EVERYBODY:
                counters[IN_PART] += 1
        for process in range(len(t.process_word)):
            if chosen != EVERYBODY and chosen >> process & 1 == 0:
                continue
            local = t.process_base[natural(process)] + local_in(t, process, words, at)
            for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
                info = expand_row(
                    witness, t, row, words, at, shards, muted, fired, counters, out, out_by, out_room, events, recent
                )
                if info == MISSING:
                    missing = True
                    misses[2 * counters[MISSES]] = row
                    misses[2 * counters[MISSES] + 1] = number
                    counters[MISSES] += 1
                else:
                    union |= info
        if union & MOVES == 0:
            if missing:
                uncertain[counters[UNCERTAIN]] = number
                counters[UNCERTAIN] += 1
            else:
                quiet[counters[QUIET]] = number
                counters[QUIET] += 1
    return last


@compiled
def expand_pending(
    witness: tuple[int, ...],
    t: Arrays,
    rows: Int64,
    words: UInt64,
    first: Number,
    shards: Number,
    muted: UInt8,
    fired: UInt8,
    counters: Int64,
    out: UInt64,
    out_by: Int32,
    out_room: Number,
    out_reserve: Number,
    events: UInt64,
    events_reserve: Number,
    recent: UInt64,
) -> Number:
    """Expand each row in the state of the same place, from place `first` on; return the place where room ran out."""
    count = len(witness)
    events_room = len(events) // (1 + 2 * count)
    for place in range(first, len(rows)):
        fullest = 0
        for shard in range(shards):
            fullest = max(fullest, counters[OUT + shard])
        if fullest + out_reserve > out_room or counters[EVENTS] + events_reserve > events_room:
            return place
        expand_row(
            witness,
            t,
            rows[place],
            words,
            place * count,
            shards,
            muted,
            fired,
            counters,
            out,
            out_by,
            out_room,
            events,
            recent,
        )
    return len(rows)
