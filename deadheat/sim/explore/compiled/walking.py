"""The compiled walk: runs of a model, each of its transitions chosen at random, millions a second.

How the next transition is chosen is told in `choosing`. Every number that is drawn in a run comes from the stream of
its own number, so a run is the same whatever ran before it, and however often it stopped to have something learned.
"""

from __future__ import annotations

import numpy

from deadheat.sim.explore.compiled.arrays import (
    FINE,
    GUARDED,
    MISSING,
    MOVES,
    OWED,
    VIOLATED,
    Arrays,
    Int64,
    Number,
    UInt8,
    UInt64,
)
from deadheat.sim.explore.compiled.choosing import begin_run, choose, reconsider
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import (
    enabled,
    entry_of,
    find_wide,
    local_in,
    mix,
    natural,
    step_verdict,
    verdict_of,
)
from deadheat.sim.explore.compiled.staying import is_spent, may_stay
from deadheat.sim.explore.compiled.walks import (
    ARRIVE,
    ASKS_LASTING,
    ASKS_STATE,
    ASKS_STEP,
    BEGIN,
    CHOSEN,
    CLOSED,
    DONE,
    FOUND_HERE,
    FOUND_STEP,
    FULL,
    LONGEST,
    LOOK,
    MISSED,
    MISSES,
    NAMES_MAX,
    NEW,
    NEWS,
    OPTIONS,
    PHASE,
    PLACES,
    RUN,
    RUNS_END,
    STATES,
    STEP,
    STEPS,
    TAKE,
    UNION,
    WATCH,
    Plan,
    Seen,
    Walk,
)

__all__ = ["put_seen", "walk"]


@compiled
def walk(
    witness: tuple[int, ...],
    t: Arrays,
    plan: Plan,
    w: Walk,
    seen: Seen,
    strategy: Number,
    base: UInt64,
    steps_max: Number,
    length: Number,
    depth: Number,
) -> Number:
    """Walk the runs up to the one at which to end, or up to where something is asked for; return why it stopped."""
    counters = w.counters
    while True:
        if counters[PHASE] == BEGIN:
            if counters[RUN] >= counters[RUNS_END]:
                return DONE
            begin_run(witness, t, plan, w, strategy, base, length, depth)
        if counters[PHASE] != TAKE:
            status = stand(witness, t, plan, w, seen)
            if status != DONE:
                return status
            if counters[OPTIONS] == 0 or counters[STEP] == steps_max:
                if end_run(w):
                    return NEW
                continue
            choose(witness, t, plan, w, strategy)
            take(witness, t, w)
            counters[PHASE] = TAKE
        status = judged(witness, t, w)
        if status != DONE:
            return status
        note(t, plan, w, seen)
        reconsider(witness, t, plan, w, strategy)
        for k in range(len(witness)):
            w.state[k] = w.after[k]
        counters[STEP] += 1
        counters[STEPS] += 1
        counters[PHASE] = ARRIVE


@compiled
def stand(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, seen: Seen) -> Number:
    """Look at the state in which the run stands; return DONE, or what is found or asked for."""
    counters = w.counters
    if counters[PHASE] == ARRIVE:
        if not arrived(witness, w, seen):
            return FULL
        counters[PHASE] = LOOK
    look(witness, t, plan, w)
    if counters[MISSES] > 0:
        return MISSED
    return ask_lasting(witness, t, plan, w)


@inlined
def end_run(w: Walk) -> Number:
    """Go on to the next run; return whether this one did something new."""
    counters = w.counters
    counters[LONGEST] = max(counters[LONGEST], counters[STEP])
    counters[RUN] += 1
    counters[PHASE] = BEGIN
    return counters[NEWS] > 0


@compiled
def arrived(witness: tuple[int, ...], w: Walk, seen: Seen) -> Number:
    """Count the state among those seen, once a run; return whether there was room."""
    count, counters = len(witness), w.counters
    last = len(seen.run) - 1
    slot = numpy.int64(mix(witness, w.state, 0) & numpy.uint64(last))
    while seen.visits[slot] != 0:
        same = True
        for k in range(count):
            if seen.words[slot * count + k] != w.state[k]:
                same = False
        if same:
            if seen.run[slot] != counters[RUN]:
                seen.run[slot] = counters[RUN]
                if seen.visits[slot] < 255:
                    seen.visits[slot] += 1
            return True
        slot = (slot + 1) & last
    if counters[CLOSED] != 0:
        return True
    if 2 * counters[STATES] > last:
        return False
    for k in range(count):
        seen.words[slot * count + k] = w.state[k]
    seen.run[slot] = counters[RUN]
    seen.visits[slot] = 1
    counters[STATES] += 1
    return True


@compiled
def look(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk) -> None:
    """Find the transitions that are possible in the state, in the order in which the simulation has them."""
    counters = w.counters
    processes = len(t.process_word)
    options, union, misses = 0, 0, 0
    for k in range(len(witness)):
        w.spendable[k] = w.state[k] & w.allowed[k]
    for process in range(processes):
        local = t.process_base[natural(process)] + local_in(t, process, w.state, 0)
        first = t.local_first[natural(local)]
        for row in range(first, t.local_last[natural(local)]):
            if is_spent(plan, row, w.spendable):
                continue
            entry = entry_of(witness, t, row, w.state, 0)
            if entry == MISSING:
                w.misses[misses] = row
                misses += 1
                continue
            span = t.span_first[natural(entry)]
            for successor in range(span, t.span_first[natural(entry + 1)]):
                if not enabled(t, successor, w.spendable, 0):
                    continue
                info = t.info[natural(successor)]
                union |= info
                w.option[options] = successor
                w.option_row[options] = row
                w.option_actor[options] = process + processes if info & GUARDED else process
                w.option_code[options] = process << 40 | (row - first) << 20 | (successor - span)
                options += 1
    counters[OPTIONS], counters[UNION], counters[MISSES] = options, union, misses


@compiled
def ask_lasting(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk) -> Number:
    """Ask the watches on what lasts of this state; return DONE, or what is found or asked for."""
    counters = w.counters
    for each in range(len(plan.lasting)):
        watch = plan.lasting[each]
        prop = t.watch_property[watch]
        if w.muted[prop]:
            continue
        verdict = verdict_of(witness, t, watch, w.state, 0)
        counters[WATCH] = watch
        if verdict == 0:
            return ASKS_STATE
        if verdict != VIOLATED:
            continue
        if plan.settling[each]:
            ends = counters[UNION] & MOVES == 0
            if not ends and passes(t, plan, w):
                continue
        else:
            ends = counters[UNION] & OWED == 0
        if not ends:
            slot = find_wide(
                witness, plan.known_owner, plan.known_keys, watch + 1, plan.every_bit, 0, w.state, 0, w.state, 0
            )
            if plan.known_owner[slot] == 0:
                if not plan.settling[each] and not may_stay(witness, t, plan, w, watch):
                    continue
                return ASKS_LASTING
            ends = plan.known_value[slot] == VIOLATED
        if ends:
            w.muted[prop] = 1
            w.found[prop] += 1
            if w.handed[prop] > 0:
                w.handed[prop] -= 1
                return FOUND_HERE
    return DONE


@compiled
def passes(t: Arrays, plan: Plan, w: Walk) -> Number:
    """Return whether a process that never comes back to where it is can move: the system is not settled then."""
    for k in range(w.counters[OPTIONS]):
        actor = w.option_actor[k]
        if actor < len(plan.passing) and plan.passing[actor] and t.info[w.option[k]] & MOVES:
            return True
    return False


@inlined
def take(witness: tuple[int, ...], t: Arrays, w: Walk) -> None:
    """Write the successor that was chosen, and note which it was."""
    count, chosen = len(witness), w.counters[CHOSEN]
    for k in range(count):
        w.after[k] = w.state[k] + t.delta[natural(w.option[chosen] * count + k)]
    w.picks[w.counters[STEP]] = w.option_code[chosen]


@compiled
def judged(witness: tuple[int, ...], t: Arrays, w: Walk) -> Number:
    """Ask the watches on single steps, and on what they lead to; return DONE, or what is found or asked for."""
    counters = w.counters
    successor = w.option[counters[CHOSEN]]
    middle = t.watched_middle[successor]
    for each in range(t.watched_first[successor], t.watched_last[successor]):
        watch = t.watched[each]
        prop = t.watch_property[watch]
        if w.muted[prop]:
            continue
        if each < middle:
            verdict = step_verdict(witness, t, watch, w.state, 0, w.after, 0)
        else:
            verdict = verdict_of(witness, t, watch, w.after, 0)
        if verdict == FINE:
            continue
        counters[WATCH] = watch
        if verdict != VIOLATED:
            return ASKS_STEP
        w.muted[prop] = 1
        w.found[prop] += 1
        if w.handed[prop] > 0:
            w.handed[prop] -= 1
            return FOUND_STEP
    return DONE


@compiled
def note(t: Arrays, plan: Plan, w: Walk, seen: Seen) -> None:
    """Note what the step was, and after which step of another process that it conflicts with it came."""
    counters = w.counters
    chosen = counters[CHOSEN]
    row, successor = w.option_row[chosen], w.option[chosen]
    process = w.option_code[chosen] >> 40
    if t.info[successor] & GUARDED:
        seen.fired[t.guard_kind[successor]] = 1
    if not seen.rows[row]:
        seen.rows[row] = 1
        counters[NEWS] += 1
    name = numpy.int64(plan.names[row])
    step = (process << 32) | name
    for each in range(t.row_first[row], t.row_last[row]):
        word, mask = t.read_word[each], t.read_mask[each] << t.read_shift[each]
        place = numpy.int64(word) * PLACES + numpy.int64(t.read_shift[each])
        writes = (w.state[word] ^ w.after[word]) & mask != 0
        before = w.toucher[place] if writes else w.writer[place]
        if before >= 0 and before >> 32 != process:
            pair = (before & 0xFFFFFFFF) * NAMES_MAX + name
            if not seen.pairs[pair]:
                seen.pairs[pair] = 1
                counters[NEWS] += 1
        w.toucher[place] = step
        if writes:
            w.writer[place] = step


@compiled
def put_seen(
    witness: tuple[int, ...],
    words: UInt64,
    run: Int64,
    count: UInt8,
    states: UInt64,
    runs: Int64,
    counts: UInt8,
) -> None:
    """Put states, with what was counted of them, into an empty table of those seen."""
    width = len(witness)
    last = len(run) - 1
    for each in range(len(runs)):
        slot = numpy.int64(mix(witness, states, each * width) & numpy.uint64(last))
        while count[slot] != 0:
            slot = (slot + 1) & last
        for k in range(width):
            words[slot * width + k] = states[each * width + k]
        run[slot] = runs[each]
        count[slot] = counts[each]
