"""Compiled expansion: every transition of every state of a range of the frontier."""

from __future__ import annotations

import numpy

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
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, mix, note_event, step_verdict
from deadheat.sim.explore.compiled.representative import representative

__all__ = ["EVENTS", "FOLDED", "MISSES", "OUT", "QUIET", "TRANSITIONS", "UNCERTAIN", "expand", "expand_pending"]

TRANSITIONS, MISSES, EVENTS, QUIET, UNCERTAIN, FOLDED, OUT = 0, 1, 2, 3, 4, 5, 6
"""The places of a worker's counters; OUT is that of the first shard's number of successors, the others follow."""


@inlined
def put_out(
    witness: tuple[int, ...],
    t: Arrays,
    shards: Number,
    counters: Int64,
    out: UInt64,
    out_room: Number,
) -> Number:
    """Put what stands for the successor, which was written behind those of the first shard, behind its own shard's.

    Returns its number there.
    """
    count = len(witness)
    slot = counters[OUT]
    if len(t.swaps.first) > 1 and representative(t.swaps, out, slot * count):
        counters[FOLDED] += 1
    shard = numpy.int64(0)
    if shards > 1:
        shard = numpy.int64(mix(witness, out, slot * count) & numpy.uint64(shards - 1))
        if shard > 0:
            origin = slot * count
            slot = shard * out_room + counters[OUT + shard]
            for k in range(count):
                out[slot * count + k] = out[origin + k]
    counters[OUT + shard] += 1
    return slot


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
    for successor in range(t.span_first[entry], t.span_first[entry + 1]):
        info = t.info[successor]
        if not enabled(t, successor, words, at):
            continue
        if info & GUARDED:
            fired[t.guard_kind[successor]] = 1
        union |= info
        counters[TRANSITIONS] += 1
        place = counters[OUT] * count
        for k in range(count):
            out[place + k] = words[at + k] + t.delta[successor * count + k]
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
        out_by[put_out(witness, t, shards, counters, out, out_room)] = successor
    return union


@compiled
def expand(
    witness: tuple[int, ...],
    t: Arrays,
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
    misses: Int64,
    misses_reserve: Number,
    quiet: Int64,
    uncertain: Int64,
) -> Number:
    """Expand the states numbered `first` to `last`, or as far as the buffers have room; return the next number.

    A miss is a row and the number of a state; the row is left out there and to be expanded once it was learned.
    `quiet` receives the states in which no owed step changes anything, `uncertain` those that may be so: some of their
    rows were missing. The reserves are what one state may need at most.
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
        for process in range(len(t.process_word)):
            content = (words[at + t.process_word[process]] >> t.process_shift[process]) & t.process_mask[process]
            local = t.process_base[process] + numpy.int64(content)
            for row in range(t.local_first[local], t.local_last[local]):
                info = expand_row(
                    witness, t, row, words, at, shards, muted, fired, counters, out, out_by, out_room, events
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
            witness, t, rows[place], words, place * count, shards, muted, fired, counters, out, out_by, out_room, events
        )
    return len(rows)
