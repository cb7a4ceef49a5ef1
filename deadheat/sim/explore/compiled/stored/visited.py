"""The visited set: states in the order in which they were found, and a hash table of their numbers.

A slot of the table has 32 bits: the number of a state, plus one, and above it (`tag_mask`) as many bits of the
state's hash as there is room for, so that hardly any other state is ever looked at. A bucket of slots is one cache
line, whose tags are compared at once; a state that finds its bucket full goes to the next. So the table can be nearly
full, and its size need not be a power of two: it costs some six bytes a state.
"""

from __future__ import annotations

import numpy
from numpy.typing import NDArray

from deadheat.sim.explore.compiled.arrays import FINE, VIOLATED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.expand import EVENTS
from deadheat.sim.explore.compiled.instructions import SIDE_BY_SIDE, lowest_bit, matches, prefetch
from deadheat.sim.explore.compiled.lookups import mix, natural, note_event, shard_in, verdict_of

__all__ = [
    "AHEAD",
    "AHEAD_MASK",
    "FOUND",
    "SHARD_STATES_MAX",
    "Slots",
    "find_all",
    "insert",
    "judge_new",
    "rehash",
    "shards_of",
    "slot_of",
    "tag_of",
]

FOUND = 0
"""The place of a shard's number of states in its counters; EVENTS is that of its events."""

SHARD_STATES_MAX = (1 << 30) - 2
AHEAD = 32
"""How many states ahead the processor is asked to fetch a slot; half as many ahead, the state that the slot names."""

AHEAD_MASK = AHEAD - 1
EVERY_BIT = numpy.uint32(0xFFFFFFFF)
FREE = numpy.uint32(0)

Slots = NDArray[numpy.uint32]
HALF = numpy.uint64(32)


@inlined
def slot_of(value: Number, size: Number) -> Number:
    """Return where the search for a state of this hash begins: the upper half of the hash, scaled to the size."""
    return numpy.int64(((value >> HALF) * numpy.uint64(size)) >> HALF)


@inlined
def bucket_of(value: Number, size: Number) -> Number:
    """Return the first slot of the bucket where the search for a state of this hash begins."""
    return slot_of(value, size // SIDE_BY_SIDE) * SIDE_BY_SIDE


@inlined
def tag_of(value: Number, tag_mask: Number) -> Number:
    """Return the bits of a hash that a slot keeps: some that decide neither the bucket nor the shard."""
    return numpy.uint32(value & tag_mask)


@inlined
def next_bucket(bucket: Number, size: Number) -> Number:
    """Return the first slot of the bucket after this one."""
    following = bucket + SIDE_BY_SIDE
    return following if following < size else 0


@inlined
def number_in(content: Number, tag_mask: Number) -> Number:
    """Return the number of the state that a slot with this content names."""
    return numpy.int64(content & ~tag_mask) - 1


@inlined
def probe(
    witness: tuple[int, ...],
    words: UInt64,
    slots: Slots,
    tag_mask: Number,
    value: Number,
    sought: UInt64,
    at: Number,
    offset: Number,
) -> Number:
    """Return the slot that names the sought state, or the free one where it belongs, as -1 - slot."""
    count = len(witness)
    tag = tag_of(value, tag_mask)
    bucket = bucket_of(value, len(slots))
    while True:
        alike = matches(slots, bucket, numpy.uint32(tag_mask), tag)
        while alike != 0:
            slot = bucket + lowest_bit(alike)
            content = slots[natural(slot)]
            place = (offset + number_in(content, tag_mask)) * count
            same = content != FREE  # a free slot looks like one whose tag is 0
            for k in range(count):
                if same and words[natural(place + k)] != sought[natural(at + k)]:
                    same = False
            if same:
                return slot
            alike &= alike - 1
        free = matches(slots, bucket, EVERY_BIT, FREE)
        if free != 0:
            return -1 - (bucket + lowest_bit(free))
        bucket = next_bucket(bucket, len(slots))


@inlined
def fetch_ahead(
    witness: tuple[int, ...],
    words: UInt64,
    offset: Number,
    slots: Slots,
    tag_mask: Number,
    candidates: UInt64,
    each: Number,
    last: Number,
    hashes: UInt64,
) -> None:
    """Hash a candidate that is far ahead of `each`; have its slot fetched, and the state that a nearer one names."""
    near = each + AHEAD // 2
    if near < last:
        value = hashes[natural(near & AHEAD_MASK)]
        bucket = bucket_of(value, len(slots))
        alike = matches(slots, bucket, numpy.uint32(tag_mask), tag_of(value, tag_mask))
        if alike != 0:
            likely = number_in(slots[natural(bucket + lowest_bit(alike))], tag_mask)
            prefetch(words, (offset + likely) * len(witness))
    far = each + AHEAD
    if far < last:
        hashes[natural(far & AHEAD_MASK)] = mix(witness, candidates, far * len(witness))
        prefetch(slots, bucket_of(hashes[natural(far & AHEAD_MASK)], len(slots)))


@inlined
def judge_new(
    witness: tuple[int, ...],
    t: Arrays,
    words: UInt64,
    at: Number,
    by: Number,
    muted: UInt8,
    counters: Int64,
    events: UInt64,
) -> None:
    """Note what the watches of the successor `by` have to say, or to ask, of a new state that it led to."""
    for index in range(t.watched_middle[natural(by)], t.watched_last[natural(by)]):
        watch = t.watched[natural(index)]
        verdict = verdict_of(witness, t, watch, words, at)
        if verdict == FINE or muted[t.watch_property[watch]]:
            continue
        note_event(witness, events, counters[EVENTS], watch, words, at, words, at)
        counters[EVENTS] += 1
        if verdict == VIOLATED:
            muted[t.watch_property[watch]] = 1


@compiled
def insert(
    witness: tuple[int, ...],
    t: Arrays,
    words: UInt64,
    offset: Number,
    slots: Slots,
    tag_mask: Number,
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
    """Add the candidates `first` to `last` that are new to a shard whose states begin at `offset`.

    Stops, and returns the next candidate's number, when the shard holds `limit` states or its events are full. An
    event is a new state on which a watch has no verdict yet, or a violation: the watch, and the state, twice. `hashes`
    is room for AHEAD of them.
    """
    count = len(witness)
    events_room = len(events) // (1 + 2 * count) - events_reserve
    for each in range(first, min(first + AHEAD, last)):
        hashes[each & AHEAD_MASK] = mix(witness, candidates, each * count)
        prefetch(slots, bucket_of(hashes[each & AHEAD_MASK], len(slots)))
    for each in range(first, last):
        value = hashes[natural(each & AHEAD_MASK)]
        fetch_ahead(witness, words, offset, slots, tag_mask, candidates, each, last, hashes)
        slot = probe(witness, words, slots, tag_mask, value, candidates, each * count, offset)
        if slot >= 0:
            continue
        if counters[FOUND] >= limit or counters[EVENTS] > events_room:
            return each
        at = (offset + counters[FOUND]) * count
        for k in range(count):
            words[natural(at + k)] = candidates[natural(each * count + k)]
        counters[FOUND] += 1
        slots[-1 - slot] = numpy.uint32(counters[FOUND]) | tag_of(value, tag_mask)
        judge_new(witness, t, words, at, candidates_by[natural(each)], muted, counters, events)
    return last


@compiled
def rehash(
    witness: tuple[int, ...],
    words: UInt64,
    offset: Number,
    number: Number,
    slots: Slots,
    tag_mask: Number,
    hashes: UInt64,
) -> None:
    """Put the first `number` states of a shard, all different, into an empty table."""
    count = len(witness)
    for each in range(-AHEAD, number):
        far = each + AHEAD
        value = numpy.uint64(0)
        if each >= 0:
            value = hashes[each & AHEAD_MASK]
        if far < number:
            hashes[far & AHEAD_MASK] = mix(witness, words, (offset + far) * count)
            prefetch(slots, bucket_of(hashes[far & AHEAD_MASK], len(slots)))
        if each >= 0:
            bucket = bucket_of(value, len(slots))
            free = matches(slots, bucket, EVERY_BIT, FREE)
            while free == 0:
                bucket = next_bucket(bucket, len(slots))
                free = matches(slots, bucket, EVERY_BIT, FREE)
            slots[bucket + lowest_bit(free)] = numpy.uint32(each + 1) | tag_of(value, tag_mask)


@compiled
def find_all(
    witness: tuple[int, ...],
    words: UInt64,
    offset: Number,
    slots: Slots,
    tag_mask: Number,
    sought: UInt64,
    chosen: Int64,
    places: Int64,
) -> None:
    """Set places[n], for each chosen n, to the place of the sought state n, or to -1; all are of one shard."""
    for index in range(len(chosen)):
        at = chosen[index] * len(witness)
        slot = probe(witness, words, slots, tag_mask, mix(witness, sought, at), sought, at, offset)
        places[chosen[index]] = -1
        if slot >= 0:
            places[chosen[index]] = offset + number_in(slots[slot], tag_mask)


@compiled
def shards_of(witness: tuple[int, ...], masks: UInt64, words: UInt64, shards: Number, result: UInt8) -> None:
    """Set result[n] to the shard of the state n."""
    for each in range(len(result)):
        result[each] = shard_in(witness, masks, words, each * len(witness), shards)
