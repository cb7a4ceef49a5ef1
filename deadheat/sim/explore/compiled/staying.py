"""Whether a run may go round for ever from where it stands, in violation: asked in compiled code before anybody else.

It never can where some process owes a step in every state to which closed walks might lead from here, and can itself
take no step of one: no run that stays there is fair to it. Nearly all states are passed over by that. Where it is not
so, or too many states would have to be looked at, or something was not learned, the answer is that it may.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import FINE, MISSING, OWED, Arrays, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, local_in, mix, natural, verdict_of
from deadheat.sim.explore.compiled.walks import LOOKED, PASSED, REGION_MAX, SLOTS, SLOTS_BITS, Plan, Walk

__all__ = ["is_spent", "may_stay"]


@inlined
def is_spent(plan: Plan, row: Number, words: UInt64) -> Number:
    """Return whether a row is a crash that the first of some states has no budget for: then it need not be learned."""
    place = plan.spends[row]
    return place >= 0 and words[plan.budget_word[place]] & plan.budget_mask[place] == 0


@compiled
def may_stay(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, watch: Number) -> Number:
    """Return whether a fair run may stay among states in which the watch finds a violation."""
    count = len(witness)
    place = mix(witness, w.state, 0) + numpy.uint64(watch)  # so watches that are asked in one state do not take turns
    at = numpy.int64(place & numpy.uint64(PASSED - 1)) * (count + 1)
    same = w.passed[at] == watch + 1
    for k in range(count):
        if w.passed[at + 1 + k] != w.state[k]:
            same = False
    if same:
        return False
    if may_stay_there(witness, t, plan, w, watch):
        return True
    w.passed[at] = watch + 1
    for k in range(count):
        w.passed[at + 1 + k] = w.state[k]
    return False


@compiled
def may_stay_there(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, watch: Number) -> Number:
    """Look at the states around, to see whether a fair run may stay there."""
    count, processes = len(witness), len(t.process_word)
    w.counters[LOOKED] += 1
    for k in range(count):
        w.region[k] = w.state[k]
    w.slots[slot_of(witness, w, 0)] = w.counters[LOOKED] << SLOTS_BITS
    for process in range(processes):
        w.waiting[process] = 1 - plan.returning[process]
    done, known = 0, 1
    while done < known:
        if not still_waiting(witness, t, w, done * count):
            return True
        for process in range(processes):
            if plan.returning[process]:
                known = followed(witness, t, plan, w, watch, process, done * count, known)
                if known < 0:
                    return True
        done += 1
    return False


@inlined
def still_waiting(witness: tuple[int, ...], t: Arrays, w: Walk, at: Number) -> Number:
    """Return whether some process that owed a step in all states before owes one in this, too."""
    found = False
    for process in range(len(t.process_word)):
        if w.waiting[process]:
            w.waiting[process] = owes(witness, t, w, process, at)
            if w.waiting[process]:
                found = True
    return found


@compiled
def owes(witness: tuple[int, ...], t: Arrays, w: Walk, process: Number, at: Number) -> Number:
    """Return whether a process is known to owe a step in a state of the region."""
    local = t.process_base[natural(process)] + local_in(t, process, w.region, at)
    for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
        entry = entry_of(witness, t, row, w.region, at)
        if entry == MISSING:
            continue
        for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
            if t.info[natural(successor)] & OWED:
                return 1
    return 0


@compiled
def followed(
    witness: tuple[int, ...],
    t: Arrays,
    plan: Plan,
    w: Walk,
    watch: Number,
    process: Number,
    at: Number,
    known: Number,
) -> Number:
    """Add to the region where the process leads to from a state of it; return how many are in it, -1 for too many."""
    count = len(witness)
    local = t.process_base[natural(process)] + local_in(t, process, w.region, at)
    for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
        if plan.spends[row] >= 0:
            continue
        entry = entry_of(witness, t, row, w.region, at)
        if entry == MISSING:
            return -1
        for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
            if not enabled(t, successor, w.region, at):
                continue
            if known == REGION_MAX:
                return -1
            after = known * count
            spends = False
            for k in range(count):
                w.region[after + k] = w.region[at + k] + t.delta[natural(successor * count + k)]
                if (w.region[at + k] ^ w.region[after + k]) & plan.budgets[k] != 0:
                    spends = True
            if spends or verdict_of(witness, t, watch, w.region, after) == FINE:
                continue
            slot = slot_of(witness, w, known)
            if slot >= 0:
                w.slots[slot] = w.counters[LOOKED] << SLOTS_BITS | known
                known += 1
    return known


@inlined
def slot_of(witness: tuple[int, ...], w: Walk, last: Number) -> Number:
    """Return the slot for the last state of the region; -1 if the state stands in the region before."""
    count = len(witness)
    slot = numpy.int64(mix(witness, w.region, last * count) & numpy.uint64(SLOTS - 1))
    while w.slots[slot] >> SLOTS_BITS == w.counters[LOOKED]:
        other = w.slots[slot] & (SLOTS - 1)
        same = True
        for k in range(count):
            if w.region[other * count + k] != w.region[last * count + k]:
                same = False
        if same:
            return -1
        slot = (slot + 1) & (SLOTS - 1)
    return slot
