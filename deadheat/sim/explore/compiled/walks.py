"""What a compiled walk works on: the arrays that say what it is to do, those of the run at work, and what was seen.

A run is walked from the initial state on, one transition at a time. Wherever something was not learned, or not judged,
the walk stops as it stands, says so by a *status*, and goes on from there when it is called again.
"""

from __future__ import annotations

from typing import NamedTuple

from deadheat.sim.explore.compiled.arrays import Int32, Int64, UInt8, UInt64

__all__ = ["NAMES_MAX", "PASSED", "REGION_MAX", "SLOTS", "Plan", "Seen", "Walk", "code_of", "parts_of_code"]

DONE, MISSED, ASKS_STATE, ASKS_LASTING, ASKS_STEP, FOUND_HERE, FOUND_STEP, NEW, FULL = range(9)
"""Why a walk stopped: all runs are done; rows are to be learned; a watch has no verdict on this state, or on what lasts
from here on, or on this step; a property is violated by this state, or by this step; a run that has just ended did
something new; and there is no more room for states seen.
"""

BEGIN, ARRIVE, LOOK, TAKE = range(4)
"""Where the run at work stands: before its beginning; in a state that is new to it; in one that was counted; and
where the next transition was chosen.
"""

(
    PHASE,
    RUN,
    RUNS_END,
    STEP,
    STEPS,
    OPTIONS,
    UNION,
    CHOSEN,
    MISSES,
    WATCH,
    STATES,
    NEWS,
    LOWEST,
    DEPTH,
    FOLLOWED,
    EXACT,
    GUESSED,
    LONGEST,
    CLOSED,
    FIRST_RUN,
    LOOKED,
    SIZE,
) = range(22)
"""The places of a walk's counters: among others the run at work and the one at which to end, its steps and those of all
runs, how many transitions are possible and which was chosen, how many states were seen, what was new in this run, and
the steps at which weights were exact, or guessed; and how often a region was looked at.
"""

UNIFORM, PRIORITIES, PARTIAL_ORDER, PATHS, FOLLOWING, FEW_FAULTS = range(6)
"""How the next transition is chosen."""

PLACES = 65
"""So many places has a word for the lowest bit of a field; that of a field without bits may be behind the last."""

REGION_MAX = 2_000
"""So many states around one are looked at in compiled code, to see that no run can go round there."""

SLOTS_BITS = 12
SLOTS = 1 << SLOTS_BITS
"""The table of their hashes has so many slots, each with the number of the look and of the state."""

PASSED = 1 << 12
"""So many states are remembered in which no run can stay, each in the place that its hash says; a power of two."""

NAMES_MAX = 512
"""So many different steps are told apart in what conflicts with what; the others count as one."""


KINDS_MAX = 3
"""So many kinds of fault may happen at most in a run with few of them."""


class Plan(NamedTuple):
    """What a walk is to do, and what it is told of the model beside its tables.

    `lasting` are the watches of kind SETTLED and EVENTUALLY, and `settling` says which are the former; `passing` the
    processes that never come back to where they were, `returning` those that can be on a closed walk. `budgets` are the
    bits of all budgets, of which each has a `budget_word` and a `budget_mask`; `spends` says for each row that is a
    crash which of them it draws on, and is -1 where that has no end, and for all other rows. `left` says how many steps
    a process still has to take in each of its local states, about; `thresholds`, exactly, how to choose in a state that
    was counted. `follow` are the steps that each run is to follow, from `follow_first[run]` on.
    """

    initial: UInt64
    components: UInt64
    every_bit: UInt64
    lasting: Int32
    settling: UInt8
    passing: UInt8
    returning: UInt8
    budgets: UInt64
    names: Int32
    spends: Int32
    budget_word: Int32
    budget_mask: UInt64
    left: Int64
    thresholds: UInt64
    counted_owner: Int64
    counted_keys: UInt64
    counted_value: Int32
    known_owner: Int64
    known_keys: UInt64
    known_value: Int32
    follow: Int64
    follow_first: Int64


class Walk(NamedTuple):
    """The run at work. An option is a transition that is possible: its successor in the tables, its row, its actor.

    `region` are states around the one in which it stands, found again by their hash in `slots`, and `waiting` the
    processes that owe a step in all of them. `passed` holds states in which no run can stay, with the watch that was
    asked. `kept` says of each budget whether this run may draw on it, and `allowed` are all bits but those of the
    others; `spendable` is the state without these.
    """

    counters: Int64
    state: UInt64
    after: UInt64
    words: UInt64
    option: Int64
    option_row: Int64
    option_actor: Int64
    option_code: Int64
    misses: Int64
    picks: Int64
    muted: UInt8
    found: Int64
    handed: Int64
    ranks: Int64
    priorities: UInt64
    changes: Int64
    writer: Int64
    toucher: Int64
    region: UInt64
    waiting: UInt8
    passed: UInt64
    slots: Int64
    kept: UInt8
    allowed: UInt64
    spendable: UInt64


class Seen(NamedTuple):
    """What was seen: states, with the last run that came to each and in how many runs; pairs of steps; rows; faults."""

    words: UInt64
    run: Int64
    visits: UInt8
    pairs: UInt8
    rows: UInt8
    fired: UInt8


def code_of(process: int, place: int, branch: int) -> int:
    """Return the number of a transition where its process stands: the row's place there, and the place in its span."""
    return process << 40 | place << 20 | branch


def parts_of_code(code: int) -> tuple[int, int, int]:
    """Return the process, the place of the row and the branch that a number stands for."""
    return code >> 40, (code >> 20) & 0xFFFFF, code & 0xFFFFF
