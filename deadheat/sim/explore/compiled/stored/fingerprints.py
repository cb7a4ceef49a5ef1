"""The visited set by fingerprint: a hash table of 64-bit hashes, with no way back from a hash to its state.

Ulrich Stern and David L. Dill, "Improved probabilistic verification by hash compaction" (1995), with the whole hash
kept: two states with one hash count as one, so a state may be left out. Here the table grows, and in its place: where
a search for a hash begins rises with the hash, so the table is nearly in order, and all of it moves up in one pass.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.expand import EVENTS
from deadheat.sim.explore.compiled.instructions import prefetch
from deadheat.sim.explore.compiled.lookups import mix, natural
from deadheat.sim.explore.compiled.stored.visited import AHEAD, AHEAD_MASK, FOUND, judge_new, slot_of

__all__ = ["LOW", "ZERO", "insert_by_fingerprint", "refill", "widen"]

ZERO = 4
"""The place, in a shard's counters, of whether it has a state of the hash 0: in the table that is a free slot."""

LOW = 1 << 16
"""How many of a table's first slots are set aside while the others move: many more than ever lie side by side."""


@inlined
def place_of(slots: UInt64, value: Number) -> Number:
    """Return the slot of a hash, or the free one where it belongs, as -1 - slot."""
    slot = slot_of(value, len(slots))
    while slots[natural(slot)] != 0:
        if slots[natural(slot)] == value:
            return slot
        slot += 1
        if slot == len(slots):
            slot = 0
    return -1 - slot


@compiled
def insert_by_fingerprint(
    witness: tuple[int, ...],
    t: Arrays,
    words: UInt64,
    offset: Number,
    slots: UInt64,
    kept: Number,
    limit: Number,
    candidates: UInt64,
    candidates_by: Int32,
    first: Number,
    last: Number,
    muted: UInt8,
    counters: Int64,
    events: UInt64,
    events_reserve: Number,
    hashes: UInt64,
) -> Number:
    """Add the candidates `first` to `last` whose fingerprints are new; the same as `insert` in all else.

    A fingerprint is the bits of a hash that are `kept`.
    """
    count = len(witness)
    events_room = len(events) // (1 + 2 * count) - events_reserve
    for each in range(first, min(first + AHEAD, last)):
        hashes[each & AHEAD_MASK] = mix(witness, candidates, each * count) & kept
        prefetch(slots, slot_of(hashes[each & AHEAD_MASK], len(slots)))
    for each in range(first, last):
        value = hashes[each & AHEAD_MASK]
        far = each + AHEAD
        if far < last:
            hashes[far & AHEAD_MASK] = mix(witness, candidates, far * count) & kept
            prefetch(slots, slot_of(hashes[far & AHEAD_MASK], len(slots)))
        slot = place_of(slots, value)
        if slot >= 0 or (value == 0 and counters[ZERO] != 0):
            continue
        if counters[FOUND] >= limit or counters[EVENTS] > events_room:
            return each
        at = (offset + counters[FOUND]) * count
        for k in range(count):
            words[natural(at + k)] = candidates[natural(each * count + k)]
        counters[FOUND] += 1
        slots[-1 - slot] = value
        if value == 0:
            counters[ZERO] = 1
        judge_new(witness, t, words, at, candidates_by[each], muted, counters, events)
    return last


@compiled
def refill(
    witness: tuple[int, ...],
    words: UInt64,
    offset: Number,
    number: Number,
    slots: UInt64,
    kept: Number,
    counters: Int64,
    hashes: UInt64,
) -> None:
    """Put the fingerprints of the first `number` states of a shard into an empty table."""
    count = len(witness)
    for each in range(-AHEAD, number):
        far = each + AHEAD
        value = numpy.uint64(0)
        if each >= 0:
            value = hashes[each & AHEAD_MASK]
        if far < number:
            hashes[far & AHEAD_MASK] = mix(witness, words, (offset + far) * count) & kept
            prefetch(slots, slot_of(hashes[far & AHEAD_MASK], len(slots)))
        if each >= 0:
            slot = place_of(slots, value)
            if slot < 0:
                slots[-1 - slot] = value
            if value == 0:
                counters[ZERO] = 1


@compiled
def widen(slots: UInt64, size: Number, low: UInt64) -> Number:
    """Spread the fingerprints in the first `size` slots over all of them; return whether that could be done.

    From the last slot down, each fingerprint moves up to where none is that has yet to move. Where that is not so,
    because too many lie side by side, the table is no good any more, and has to be filled anew. `low` is room for LOW.
    """
    first = min(size, len(low))
    for slot in range(size, len(slots)):
        slots[slot] = 0
    for slot in range(first):
        low[slot] = slots[slot]
        slots[slot] = 0
    for slot in range(size - 1, first - 1, -1):
        value = slots[slot]
        if value == 0:
            continue
        slots[slot] = 0
        begin = slot_of(value, len(slots))
        if begin <= slot:
            return False
        place = -1 - place_of(slots, value)
        if first <= place < begin:  # beyond the end, and on from the beginning
            return False
        slots[place] = value
    for slot in range(first):
        if low[slot] != 0:
            slots[-1 - place_of(slots, low[slot])] = low[slot]
    return True
