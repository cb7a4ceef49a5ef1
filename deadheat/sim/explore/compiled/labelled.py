"""Compiled search of labelled states: a state, and the set of faults by which it was reached (see `explore.labels`).

A *pair* is a state and a label. A state that was already reached by part of the faults of a label is not reached anew
with that label: whatever can come of it, less is needed for. So the labels of a state are an antichain, but for
those that explain nothing, and dominate only where they came no later (`LabelArrays.until`).
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import (
    FINE,
    GUARDED,
    MISSING,
    WATCHED,
    Arrays,
    Int32,
    Int64,
    Number,
    UInt64,
)
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import entry_of, local_in, mix, natural, step_verdict
from deadheat.sim.explore.compiled.pairs import NOTHING, LabelArrays, PairArrays

__all__ = [
    "EITHER",
    "EVENTS",
    "FREE_STEPS",
    "LABELLED_FAULTS",
    "MISSES",
    "NOBODY",
    "OUT",
    "OUTLAW",
    "RECENT_BITS",
    "TRANSITIONS",
    "expand_pairs",
    "expand_rows",
]

FREE_STEPS, LABELLED_FAULTS, EITHER = 0, 1, 2
"""What is expanded: steps that leave the label as it is, or faults that add to it. A row may have either."""

TRANSITIONS, MISSES, EVENTS, OUT, OUTLAW = 0, 1, 2, 3, 4
"""The places of the counters of an expansion; OUTLAW has the number of a process that made a step it must not make."""

NOBODY = -1
RECENT_BITS = 14
RECENT_SHIFT = numpy.uint64(64 - RECENT_BITS)
ONE = numpy.uint64(1)


@inlined
def put_pair(
    witness: tuple[int, ...],
    label: Number,
    parent: Number,
    counters: Int64,
    out: UInt64,
    out_label: Int32,
    out_parent: Int32,
    recent: UInt64,
) -> None:
    """Count the successor that was written behind the others, if it is none of those written not long ago."""
    count = len(witness)
    slot = counters[OUT]
    value = mix(witness, out, slot * count) ^ (numpy.uint64(label) * numpy.uint64(0x9E3779B97F4A7C15))
    place = numpy.int64(value >> RECENT_SHIFT) * (count + 1)
    same = recent[natural(place + count)] == numpy.uint64(label + 1)
    recent[natural(place + count)] = numpy.uint64(label + 1)
    for k in range(count):
        if recent[natural(place + k)] != out[natural(slot * count + k)]:
            same = False
            recent[natural(place + k)] = out[natural(slot * count + k)]
    if not same:
        out_label[slot] = label
        out_parent[slot] = parent
        counters[OUT] += 1


@inlined
def label_after(labels: LabelArrays, label: Number, kind: Number) -> Number:
    """Return the label with one fault more; -1 where that is not followed, or the fault is none of those asked for."""
    if kind < 0:
        return -1
    return labels.following[natural(label * labels.kinds + kind)]


@inlined
def note_steps(
    witness: tuple[int, ...],
    t: Arrays,
    labels: LabelArrays,
    successor: Number,
    pair: Number,
    label: Number,
    before: UInt64,
    before_at: Number,
    after: UInt64,
    after_at: Number,
    counters: Int64,
    events: UInt64,
) -> None:
    """Write down what watches of steps have to say, or to ask, of a step that leads to a label."""
    count = len(witness)
    for each in range(t.watched_first[successor], t.watched_middle[successor]):
        watch = t.watched[each]
        if labels.decided[label] >> numpy.uint64(t.watch_property[watch]) & ONE != 0:
            continue
        if step_verdict(witness, t, watch, before, before_at, after, after_at) != FINE:
            event = counters[EVENTS] * (3 + 2 * count)
            events[event] = numpy.uint64(watch)
            events[event + 1] = numpy.uint64(pair)
            events[event + 2] = numpy.uint64(label)
            for k in range(count):
                events[event + 3 + k] = before[before_at + k]
                events[event + 3 + count + k] = after[after_at + k]
            counters[EVENTS] += 1


@inlined
def expand_row_of(
    witness: tuple[int, ...],
    t: Arrays,
    labels: LabelArrays,
    mode: Number,
    process: Number,
    row: Number,
    pair: Number,
    label: Number,
    words: UInt64,
    at: Number,
    counters: Int64,
    out: UInt64,
    out_label: Int32,
    out_parent: Int32,
    events: UInt64,
    recent: UInt64,
) -> Number:
    """Put the successors of one row of a pair into `out`; return MISSING where the row is not learned.

    An event is a step on which a watch has no verdict yet, or which violates it: the watch, the pair, the label that
    follows, and the states before and after.
    """
    entry = entry_of(witness, t, row, words, at)
    if entry <= 0:
        return entry
    count = len(witness)
    for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
        info = t.info[natural(successor)]
        after = label
        kind = NOTHING
        drawn = info & GUARDED == 0 or words[natural(at + t.guard_word[successor])] & t.guard_mask[successor] != 0
        if drawn != (mode == FREE_STEPS):
            continue
        if info & GUARDED:
            kind = labels.kind_of[t.guard_kind[successor]]
        if not drawn:
            after = label_after(labels, label, kind)
            if after < 0:
                continue
        if labels.absent[natural(after * len(t.process_word) + process)] != 0:
            counters[OUTLAW] = process
            return entry
        counters[TRANSITIONS] += 1
        place = counters[OUT] * count
        for k in range(count):
            out[natural(place + k)] = words[natural(at + k)] + t.delta[natural(successor * count + k)]
        if kind >= 0:
            labels.fired[kind] = 1
        if not drawn:
            word, mask = t.guard_word[successor], t.guard_mask[successor]
            out[natural(place + word)] += mask & (~mask + ONE)  # nothing was left of the budget, so nothing is drawn
        if info & WATCHED:
            note_steps(witness, t, labels, successor, pair, after, words, at, out, place, counters, events)
        put_pair(witness, after, pair, counters, out, out_label, out_parent, recent)
    return entry


@compiled
def expand_pairs(
    witness: tuple[int, ...],
    t: Arrays,
    labels: LabelArrays,
    mode: Number,
    pairs: PairArrays,
    words: UInt64,
    first: Number,
    last: Number,
    counters: Int64,
    out: UInt64,
    out_label: Int32,
    out_parent: Int32,
    out_reserve: Number,
    events: UInt64,
    events_reserve: Number,
    misses: Int64,
    misses_reserve: Number,
    recent: UInt64,
) -> Number:
    """Expand the pairs `first` to `last`, or as far as the buffers have room; return the next pair.

    A miss is a row and a pair, to be expanded once the row was learned. The reserves are what one pair may need.
    """
    count = len(witness)
    for pair in range(first, last):
        if (
            counters[OUT] + out_reserve > len(out_label)
            or (counters[EVENTS] + events_reserve) * (3 + 2 * count) > len(events)
            or 3 * (counters[MISSES] + misses_reserve) > len(misses)
        ):
            return pair
        at = numpy.int64(pairs.state[natural(pair)]) * count
        label = pairs.label[natural(pair)]
        if labels.cut[natural(label)] != 0:
            continue
        for process in range(len(t.process_word)):
            local = t.process_base[natural(process)] + local_in(t, process, words, at)
            for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
                if labels.modes[natural(row)] != mode and labels.modes[natural(row)] != EITHER:
                    continue
                entry = expand_row_of(
                    witness,
                    t,
                    labels,
                    mode,
                    process,
                    row,
                    pair,
                    label,
                    words,
                    at,
                    counters,
                    out,
                    out_label,
                    out_parent,
                    events,
                    recent,
                )
                if entry == MISSING:
                    misses[3 * counters[MISSES]] = process
                    misses[3 * counters[MISSES] + 1] = row
                    misses[3 * counters[MISSES] + 2] = pair
                    counters[MISSES] += 1
    return last


@compiled
def expand_rows(
    witness: tuple[int, ...],
    t: Arrays,
    labels: LabelArrays,
    mode: Number,
    pairs: PairArrays,
    words: UInt64,
    rows: Int64,
    first: Number,
    counters: Int64,
    out: UInt64,
    out_label: Int32,
    out_parent: Int32,
    out_reserve: Number,
    events: UInt64,
    events_reserve: Number,
    recent: UInt64,
) -> Number:
    """Expand rows of pairs, given as misses are, from a place on; return the place where room ran out."""
    count = len(witness)
    for place in range(first, len(rows) // 3):
        if counters[OUT] + out_reserve > len(out_label) or (counters[EVENTS] + events_reserve) * (3 + 2 * count) > len(
            events
        ):
            return place
        pair = rows[3 * place + 2]
        expand_row_of(
            witness,
            t,
            labels,
            mode,
            rows[3 * place],
            rows[3 * place + 1],
            pair,
            pairs.label[pair],
            words,
            numpy.int64(pairs.state[pair]) * count,
            counters,
            out,
            out_label,
            out_parent,
            events,
            recent,
        )
    return len(rows) // 3
