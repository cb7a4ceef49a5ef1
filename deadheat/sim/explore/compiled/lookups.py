"""Compiled look-ups: what a state reads, what a table says of it, and the hash of a state.

In all compiled functions `witness` is a tuple of as many numbers as a state has words, so that each number of words
gets its own machine code; `words` is a flat array of states, and `at` where a state begins in it.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import GUARDED, MISSING, Arrays, Int32, Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined

__all__ = [
    "enabled",
    "entry_of",
    "local_in",
    "mix",
    "note_event",
    "put_wide",
    "read",
    "shard_in",
    "step_verdict",
    "verdict_of",
]

MIX_1 = numpy.uint64(0xFF51AFD7ED558CCD)
MIX_2 = numpy.uint64(0xC4CEB9FE1A85EC53)
SHIFT = numpy.uint64(32)


natural = numpy.uint64
"""An index that is not negative: numba then leaves out what makes negative ones count from the end."""


@inlined
def mix(witness: tuple[int, ...], words: UInt64, at: Number) -> Number:
    """Return the hash of a state (the finalizer of MurmurHash3, word by word)."""
    value = words[natural(at)]
    for k in range(len(witness)):
        if k > 0:
            value ^= words[natural(at + k)]
        value ^= value >> SHIFT
        value *= MIX_1
        value ^= value >> SHIFT
        value *= MIX_2
        value ^= value >> SHIFT
    return value


@inlined
def shard_in(witness: tuple[int, ...], masks: UInt64, words: UInt64, at: Number, shards: Number) -> Number:
    """Return the shard of a state: by a hash of some of its fields (see `Layout.shard_masks`)."""
    value = words[natural(at)] & masks[0]
    for k in range(1, len(witness)):
        value = (value * MIX_1) ^ (words[natural(at + k)] & masks[natural(k)])
    value ^= value >> SHIFT
    value *= MIX_1
    value ^= value >> SHIFT
    value *= MIX_2
    return numpy.int64(value >> SHIFT) & numpy.int64(shards - 1)


@inlined
def local_in(t: Arrays, process: Number, words: UInt64, at: Number) -> Number:
    """Return the number of a process's local state in a state."""
    one = natural(process)
    return numpy.int64((words[natural(at + t.process_word[one])] >> t.process_shift[one]) & t.process_mask[one])


@inlined
def read(t: Arrays, words: UInt64, at: Number, first: Number, last: Number) -> Number:
    """Return the contents of the fields that a row or a watch reads, side by side."""
    index = numpy.uint64(0)
    for each in range(first, last):
        field = natural(each)
        content = (words[natural(at + t.read_word[field])] >> t.read_shift[field]) & t.read_mask[field]
        index |= content << t.read_position[field]
    return index


@compiled
def find_wide(
    witness: tuple[int, ...],
    owners: Int64,
    keys: UInt64,
    owner: Number,
    masks: UInt64,
    masks_at: Number,
    before: UInt64,
    before_at: Number,
    after: UInt64,
    after_at: Number,
) -> Number:
    """Return the slot of an owner's masked states in the hash table, or the free slot where they belong."""
    count = len(witness)
    value = numpy.uint64(owner)
    for k in range(count):
        value = (value ^ (before[before_at + k] & masks[masks_at + k])) * MIX_1
        value ^= value >> SHIFT
        value = (value ^ (after[after_at + k] & masks[masks_at + k])) * MIX_2
        value ^= value >> SHIFT
    last = len(owners) - 1
    slot = numpy.int64(value & numpy.uint64(last))
    while owners[slot] != 0:
        if owners[slot] == owner:
            same = True
            for k in range(count):
                mask = masks[masks_at + k]
                key = slot * 2 * count + k
                if keys[key] != before[before_at + k] & mask or keys[key + count] != after[after_at + k] & mask:
                    same = False
            if same:
                return slot
        slot = (slot + 1) & last
    return slot


@compiled
def put_wide(
    witness: tuple[int, ...],
    owners: Int64,
    keys: UInt64,
    values: Int32,
    new_owners: Int64,
    new_keys: UInt64,
    new_values: Int32,
    every_bit: UInt64,
) -> None:
    """Put new owners, keys (twice the words of a state each) and values into the hash table."""
    count = len(witness)
    for each in range(len(new_owners)):
        at = each * 2 * count
        slot = find_wide(witness, owners, keys, new_owners[each], every_bit, 0, new_keys, at, new_keys, at + count)
        owners[slot] = new_owners[each]
        values[slot] = new_values[each]
        for k in range(2 * count):
            keys[slot * 2 * count + k] = new_keys[at + k]


@inlined
def entry_of(witness: tuple[int, ...], t: Arrays, row: Number, words: UInt64, at: Number) -> Number:
    """Return the entry of a row in a state, or MISSING."""
    base = t.row_base[natural(row)]
    if base >= 0:
        first, last = t.row_first[natural(row)], t.row_last[natural(row)]
        return t.entries[natural(base) + read(t, words, at, first, last)]
    slot = find_wide(
        witness, t.wide_owner, t.wide_keys, 2 * row + 1, t.row_masks, row * len(witness), words, at, words, at
    )
    return t.wide_value[slot] if t.wide_owner[slot] != 0 else MISSING


@inlined
def verdict_of(witness: tuple[int, ...], t: Arrays, watch: Number, words: UInt64, at: Number) -> Number:
    """Return a watch's verdict on a state, 0 if it was not asked yet."""
    base = t.watch_base[natural(watch)]
    if base >= 0:
        first, last = t.watch_first[natural(watch)], t.watch_last[natural(watch)]
        return t.verdicts[natural(base) + read(t, words, at, first, last)]
    slot = find_wide(
        witness, t.wide_owner, t.wide_keys, 2 * watch + 2, t.watch_masks, watch * len(witness), words, at, words, at
    )
    return t.wide_value[slot] if t.wide_owner[slot] != 0 else 0


@inlined
def step_verdict(
    witness: tuple[int, ...],
    t: Arrays,
    watch: Number,
    before: UInt64,
    before_at: Number,
    after: UInt64,
    after_at: Number,
) -> Number:
    """Return the verdict of a watch of kind STEP on a transition, 0 if it was not asked yet."""
    base = t.watch_base[natural(watch)]
    if base >= 0:
        first, last = t.watch_first[natural(watch)], t.watch_last[natural(watch)]
        low = read(t, before, before_at, first, last)
        high = read(t, after, after_at, first, last)
        return t.verdicts[natural(base) + (low | (high << t.watch_bits[natural(watch)]))]
    masks_at = watch * len(witness)
    slot = find_wide(
        witness,
        t.wide_owner,
        t.wide_keys,
        2 * watch + 2,
        t.watch_masks,
        masks_at,
        before,
        before_at,
        after,
        after_at,
    )
    return t.wide_value[slot] if t.wide_owner[slot] != 0 else 0


@inlined
def enabled(t: Arrays, successor: Number, words: UInt64, at: Number) -> Number:
    """Return whether the budgets of a state allow a successor."""
    one = natural(successor)
    if t.info[one] & GUARDED == 0:
        return True
    return words[natural(at + t.guard_word[one])] & t.guard_mask[one] != 0


@inlined
def note_event(
    witness: tuple[int, ...],
    events: UInt64,
    number: Number,
    watch: Number,
    before: UInt64,
    before_at: Number,
    after: UInt64,
    after_at: Number,
) -> None:
    """Write down that a watch has something to say, or to ask, of a transition."""
    count = len(witness)
    event = number * (1 + 2 * count)
    events[event] = numpy.uint64(watch)
    for k in range(count):
        events[event + 1 + k] = before[before_at + k]
        events[event + 1 + count + k] = after[after_at + k]
