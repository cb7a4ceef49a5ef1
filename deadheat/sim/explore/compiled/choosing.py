"""How the next transition of a run is chosen, in compiled code; `sim/sample/plain.py` does the same in plain Python.

An *actor* is a process, or what befalls it: the faults that its steps may meet, and its crashes, are an actor of their
own, beside its steps without. So a fault gets its turn as a process does, however many steps there are.
"""

from __future__ import annotations

from deadheat.sim.explore.compiled.arrays import Arrays, Int64, Number, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import find_wide, local_in, natural
from deadheat.sim.explore.compiled.random_words import begin, below, word
from deadheat.sim.explore.compiled.walks import (
    ARRIVE,
    CHOSEN,
    DEPTH,
    EXACT,
    FEW_FAULTS,
    FIRST_RUN,
    FOLLOWED,
    FOLLOWING,
    GUESSED,
    KINDS_MAX,
    LOWEST,
    NEWS,
    OPTIONS,
    PARTIAL_ORDER,
    PATHS,
    PHASE,
    PRIORITIES,
    RUN,
    STEP,
    Plan,
    Walk,
)

__all__ = ["begin_run", "choose", "reconsider"]

DEPTHS = 5
"""Where no depth is given, runs take the depths from 1 to this in turn."""


@compiled
def begin_run(
    witness: tuple[int, ...],
    t: Arrays,
    plan: Plan,
    w: Walk,
    strategy: Number,
    base: UInt64,
    length: Number,
    depth: Number,
) -> None:
    """Put a new run at its beginning, and draw what its strategy draws beforehand."""
    counters = w.counters
    actors = 2 * len(t.process_word)
    for k in range(len(witness)):
        w.state[k] = plan.initial[k]
    w.muted[:] = 0
    w.writer[:] = -1
    w.toucher[:] = -1
    counters[STEP], counters[NEWS], counters[FOLLOWED] = 0, 0, 0
    counters[PHASE] = ARRIVE
    begin(w.words, 0, base[0], counters[RUN])
    if strategy == FEW_FAULTS and len(w.kept) > 0:
        keep_few(witness, plan, w)
    if strategy == PRIORITIES:
        counters[LOWEST] = 0
        counters[DEPTH] = depth if depth > 0 else 1 + counters[RUN] % DEPTHS
        for actor in range(actors):
            w.ranks[actor] = counters[DEPTH] + actor
        for actor in range(actors - 1, 0, -1):
            other = below(w.words, 0, actor + 1)
            rank = w.ranks[actor]
            w.ranks[actor] = w.ranks[other]
            w.ranks[other] = rank
        for change in range(counters[DEPTH] - 1):
            w.changes[change] = below(w.words, 0, length)
    if strategy == PARTIAL_ORDER:
        for actor in range(actors):
            w.priorities[actor] = word(w.words, 0)


@compiled
def keep_few(witness: tuple[int, ...], plan: Plan, w: Walk) -> None:
    """Draw the kinds of fault that may happen in this run, few or none of them."""
    for budget in range(len(w.kept)):
        w.kept[budget] = 0
    for _ in range(below(w.words, 0, KINDS_MAX + 1)):
        w.kept[below(w.words, 0, len(w.kept))] = 1
    for k in range(len(witness)):
        w.allowed[k] = plan.every_bit[k]
    for budget in range(len(w.kept)):
        if not w.kept[budget]:
            w.allowed[plan.budget_word[budget]] &= ~plan.budget_mask[budget]


@compiled
def choose(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, strategy: Number) -> None:
    """Choose one of the transitions that are possible."""
    counters = w.counters
    if strategy == PRIORITIES:
        actor = first_by(w.ranks, w)
        for change in range(counters[DEPTH] - 1):
            if w.changes[change] == counters[STEP]:
                w.ranks[actor] = change
                actor = first_by(w.ranks, w)
        counters[CHOSEN] = one_of(w, actor, actor)
    elif strategy == PARTIAL_ORDER:
        actor = first_by(w.priorities, w)
        counters[CHOSEN] = one_of(w, actor, actor)
    elif strategy == PATHS:
        by_paths(witness, t, plan, w)
    elif strategy == FOLLOWING:
        follow_on(plan, w)
    else:
        counters[CHOSEN] = below(w.words, 0, counters[OPTIONS])


@inlined
def first_by(order: Int64 | UInt64, w: Walk) -> Number:
    """Return the actor that is highest in an order, such as their ranks or priorities, of those that can act."""
    best = w.option_actor[0]
    for k in range(w.counters[OPTIONS]):
        if order[w.option_actor[k]] > order[best]:
            best = w.option_actor[k]
    return best


@compiled
def one_of(w: Walk, actor: Number, also: Number) -> Number:
    """Return one of the options of an actor, or of two, each as likely as any other."""
    count = 0
    for k in range(w.counters[OPTIONS]):
        count += w.option_actor[k] == actor or w.option_actor[k] == also
    left = below(w.words, 0, count) if count > 1 else 0
    for k in range(w.counters[OPTIONS]):
        if w.option_actor[k] == actor or w.option_actor[k] == also:
            if left == 0:
                return k
            left -= 1
    return 0


@compiled
def by_paths(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk) -> None:
    """Choose by how many ways there are to go on from each successor, or by how many steps a process has left."""
    counters = w.counters
    slot = find_wide(witness, plan.counted_owner, plan.counted_keys, 1, plan.every_bit, 0, w.state, 0, w.state, 0)
    if plan.counted_owner[slot] != 0:
        counters[EXACT] += 1
        first = plan.counted_value[slot]
        drawn = word(w.words, 0)
        chosen = 0
        while chosen < counters[OPTIONS] - 1 and drawn >= plan.thresholds[first + chosen]:
            chosen += 1
        counters[CHOSEN] = chosen
        return
    counters[GUESSED] += 1
    processes = len(t.process_word)
    whole = 0
    last = -1
    for k in range(counters[OPTIONS]):
        process = w.option_code[k] >> 40
        if process != last:
            whole += plan.left[t.process_base[process] + local_in(t, process, w.state, 0)]
            last = process
    drawn_left = below(w.words, 0, whole)
    last = -1
    for k in range(counters[OPTIONS]):
        process = w.option_code[k] >> 40
        if process != last:
            last = process
            drawn_left -= plan.left[t.process_base[process] + local_in(t, process, w.state, 0)]
            if drawn_left < 0:
                break
    counters[CHOSEN] = one_of(w, last, last + processes)


@compiled
def follow_on(plan: Plan, w: Walk) -> None:
    """Choose what comes next of the steps to follow, those left out that are not possible; after them, any."""
    counters = w.counters
    number = counters[RUN] - counters[FIRST_RUN]
    at = plan.follow_first[number] + counters[FOLLOWED]
    while at < plan.follow_first[number + 1]:
        counters[FOLLOWED] += 1
        for k in range(counters[OPTIONS]):
            if w.option_code[k] == plan.follow[at]:
                counters[CHOSEN] = k
                return
        at += 1
    counters[CHOSEN] = below(w.words, 0, counters[OPTIONS])


@compiled
def reconsider(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, strategy: Number) -> None:
    """Give actors other priorities after the step that was taken, as the strategy has it."""
    if strategy == PRIORITIES:
        yielded(witness, t, w)
    elif strategy == PARTIAL_ORDER:
        redraw(witness, t, plan, w)


@compiled
def yielded(witness: tuple[int, ...], t: Arrays, w: Walk) -> None:
    """Put an actor last whose step changed nothing, or brought its process to its beginning: others must get a turn."""
    counters = w.counters
    process = w.option_code[counters[CHOSEN]] >> 40
    same = True
    for k in range(len(witness)):
        if w.state[k] != w.after[k]:
            same = False
    if same or local_in(t, process, w.after, 0) == 0:
        counters[LOWEST] -= 1
        w.ranks[w.option_actor[counters[CHOSEN]]] = counters[LOWEST]


@compiled
def redraw(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk) -> None:
    """Draw new priorities for the process that took a step, and for whoever waits for what is in conflict with it."""
    counters = w.counters
    chosen = counters[CHOSEN]
    processes = len(t.process_word)
    process = w.option_code[chosen] >> 40
    at = 0
    for actor in range(2 * processes):
        draws = actor == process or actor == process + processes
        if not draws:
            for k in range(counters[OPTIONS]):
                if w.option_actor[k] == actor and conflict(witness, t, plan, w, k, chosen):
                    draws = True
                    break
        if draws:
            w.priorities[actor] = word(w.words, at)


@inlined
def conflict(witness: tuple[int, ...], t: Arrays, plan: Plan, w: Walk, option: Number, chosen: Number) -> Number:
    """Return whether one of two options writes, in this state, what the other touches."""
    count = len(witness)
    row, taken = w.option_row[option], w.option_row[chosen]
    for k in range(count):
        here = w.state[k]
        other = here + t.delta[natural(w.option[option] * count + k)]
        mine = w.after[k]
        if (here ^ mine) & plan.components[k] & t.row_masks[row * count + k]:
            return True
        if (here ^ other) & plan.components[k] & t.row_masks[taken * count + k]:
            return True
    return False
