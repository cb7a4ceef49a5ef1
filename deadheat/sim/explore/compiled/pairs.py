"""The labelled states that a search has found: each state once, and the antichain of its labels (see `labelled`)."""

from __future__ import annotations

from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.instructions import prefetch
from deadheat.sim.explore.compiled.lookups import mix, natural
from deadheat.sim.explore.compiled.stored.visited import (
    AHEAD,
    AHEAD_MASK,
    FOUND,
    Slots,
    bucket_of,
    fetch_ahead,
    probe,
    tag_of,
)

__all__ = ["NOTHING", "PAIRS", "LabelArrays", "PairArrays", "add_pairs", "first_pairs"]

PAIRS = 3
"""The place of the number of pairs in a store's counters; FOUND is that of its states."""

NOTHING = -1
ONE = numpy.uint64(1)


class LabelArrays(NamedTuple):
    """What is known of labels: see `Labels` for the first three.

    `following` has -1 also for labels that are not followed. `kind_of` gives the kind of fault of a guard, -1 for one
    that adds nothing to a label. `modes` tell in which modes the successors of a row are looked at (see `labelled`).
    `absent` tells, for each label and process, whether that must not step; `decided` has, for each label, the bits of
    the step properties that are not asked of it any more. A pair dominates others only if its number is below that in
    `until` for its label. Pairs whose label is `cut` are not expanded.
    """

    kinds: int
    size: int
    following: Int32
    members: Int32
    masks: UInt64
    kind_of: Int32
    modes: UInt8
    absent: UInt8
    decided: UInt64
    fired: UInt8
    until: Int64
    cut: UInt8


class PairArrays(NamedTuple):
    """Pairs, in the order in which they were found: state, label, the pair that it was reached from, and the next pair
    of the same state. `heads` has the last pair of each state, -1 for none.
    """

    state: Int32
    label: Int32
    parent: Int32
    next: Int32
    heads: Int32


@inlined
def dominates(labels: LabelArrays, smaller: Number, larger: Number) -> Number:
    """Return whether one label is contained in another."""
    if smaller == larger:
        return True
    if labels.masks[natural(smaller)] & ~labels.masks[natural(larger)] != 0:
        return False
    one, other = smaller * labels.size, larger * labels.size
    end, other_end = one + labels.size, other + labels.size
    while one < end and labels.members[natural(one)] >= 0:
        while other < other_end and labels.members[natural(other)] != labels.members[natural(one)]:
            other += 1
        if other == other_end:
            return False
        one += 1
        other += 1
    return True


@compiled
def add_pairs(
    witness: tuple[int, ...],
    labels: LabelArrays,
    pairs: PairArrays,
    words: UInt64,
    slots: Slots,
    tag_mask: Number,
    limit: Number,
    candidates: UInt64,
    candidates_label: Int32,
    candidates_parent: Int32,
    first: Number,
    last: Number,
    counters: Int64,
    sizes: Int64,
    hashes: UInt64,
) -> Number:
    """Add the candidates `first` to `last` that no pair dominates; return the next candidate where there is no room.

    There may be `limit` states. `sizes` counts the pairs of each label.
    """
    count = len(witness)
    for each in range(first, min(first + AHEAD, last)):
        hashes[each & AHEAD_MASK] = mix(witness, candidates, each * count)
        prefetch(slots, bucket_of(hashes[each & AHEAD_MASK], len(slots)))
    for each in range(first, last):
        if counters[FOUND] >= limit or counters[PAIRS] >= len(pairs.state):
            return each
        value = hashes[natural(each & AHEAD_MASK)]
        fetch_ahead(witness, words, 0, slots, tag_mask, candidates, each, last, hashes)
        slot = probe(witness, words, slots, tag_mask, value, candidates, each * count, 0)
        label = candidates_label[natural(each)]
        if slot >= 0:
            state = numpy.int64(slots[natural(slot)] & ~tag_mask) - 1
            known = pairs.heads[natural(state)]
            while known >= 0 and not (
                known < labels.until[natural(pairs.label[natural(known)])]
                and dominates(labels, pairs.label[natural(known)], label)
            ):
                known = pairs.next[natural(known)]
            if known >= 0:
                continue
        else:
            state = counters[FOUND]
            for k in range(count):
                words[natural(state * count + k)] = candidates[natural(each * count + k)]
            counters[FOUND] += 1
            slots[-1 - slot] = numpy.uint32(counters[FOUND]) | tag_of(value, tag_mask)
            pairs.heads[natural(state)] = -1
        pair = counters[PAIRS]
        pairs.state[natural(pair)] = state
        pairs.label[natural(pair)] = label
        pairs.parent[natural(pair)] = candidates_parent[natural(each)]
        pairs.next[natural(pair)] = pairs.heads[natural(state)]
        pairs.heads[natural(state)] = pair
        counters[PAIRS] += 1
        sizes[label] += 1
    return last


@compiled
def first_pairs(
    pairs: PairArrays, first: Number, last: Number, violated: UInt64, asked: UInt64, found: Int64, properties: Number
) -> None:
    """Set found[label * properties + n], where it is -1, to the first pair with that label that violates property n.

    `violated` has the bits of the properties that are violated in each state, `asked` those that are asked of a label.
    """
    for pair in range(first, last):
        label = pairs.label[natural(pair)]
        bits = violated[natural(pairs.state[natural(pair)])] & asked[natural(label)]
        number = 0
        while bits != 0:
            if bits & ONE != 0 and found[label * properties + number] < 0:
                found[label * properties + number] = pair
            bits >>= ONE
            number += 1
