"""The four kinds of property, decided naively over a whole space.

Sets of states are integers with a bit for each; what can be reached is found by repeating until nothing changes.

- *Settled*: a state to which every state that owed steps lead to from it can come back by owed steps. The violation
  must hold in all of these. A *quiescent* one is a state whose owed steps change nothing, and is preferred.
- Of a claim of several parts one and the same must be violated throughout, in settled states as on a run for ever.
- *Fair*: some set of violating states, each of which can be reached from each within the set; all of its steps are
  taken again and again. Each process that owes a step in all of these states must take one there that is no crash. It
  is enough to try the greatest such sets: a greater one has more steps taken, and more states that may excuse. A run
  can also end in a state in which no step is owed.

`violations` says for each violated claim how soon: transitions to the bad state, to the end of the bad step, to the
nearest quiescent, else settled state, or to the nearest state of a lasso, one without faults if there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tests.oracle import language as la
from tests.oracle.rules import Rules
from tests.oracle.search import Edge, Space

Members = int
Closure = list[Members]


def violations(space: Space, rules: Rules) -> dict[str, int]:
    """Return the violated claims, each with the length of a shortest counterexample."""
    judges: dict[str, Callable[[Space, Rules, la.Claim], int | None]] = {
        "always": _always,
        "step": _step,
        "settled": _settled,
        "eventually": _eventually,
    }
    found = {each.name: judges[each.kind](space, rules, each) for each in space.system.claims}
    return {name: length for name, length in sorted(found.items()) if length is not None}


def _always(space: Space, rules: Rules, claim: la.Claim) -> int | None:
    return _nearest(space, violating(space, claim))


def _step(space: Space, rules: Rules, claim: la.Claim) -> int | None:
    lengths = [
        space.depth[source] + 1
        for source, edges in enumerate(space.edges)
        for edge in edges
        for part in claim.parts
        if _is_bad_step(space, rules, part, source, edge.target)
    ]
    return min(lengths, default=None)


def _is_bad_step(space: Space, rules: Rules, part: la.Bad, source: int, target: int) -> bool:
    before, after = (space.semantics.view(space.states[each]) for each in (source, target))
    changed = any(repr(before[name]) != repr(after[name]) for name in part.reads)
    judged_before = before if rules.a_step_is_judged_by_both_its_ends else after
    return holds(part.is_now, after) and holds(part.was, judged_before) and (changed or not part.must_change)


def holds(wanted: Iterable[tuple[str, str]], view: dict[str, Any]) -> bool:
    """Return whether the named components hold values with these `repr`s."""
    return all(repr(view[name]) == text for name, text in wanted)


def violating(space: Space, claim: la.Claim) -> set[int]:
    """Return the states in which a claim is violated."""
    return set().union(*(_violating(space, part) for part in claim.parts))


def lasting_sets(space: Space, claim: la.Claim, rules: Rules) -> list[set[int]]:
    """Return the sets of states of which one must not last: those in which one and the same part is violated."""
    if not rules.one_and_the_same_part_is_violated_throughout:
        return [violating(space, claim)]
    return [_violating(space, part) for part in claim.parts]


def _violating(space: Space, part: la.Bad) -> set[int]:
    return {number for number, state in enumerate(space.states) if holds(part.is_now, space.semantics.view(state))}


# Settled


def _settled(space: Space, rules: Rules, claim: la.Claim) -> int | None:
    owed = [[edge.target for edge in edges if edge.move.owed] for edges in space.edges]
    quiescent = {
        state
        for state, targets in enumerate(owed)
        if not targets or (set(targets) == {state} and rules.a_step_that_changes_nothing_is_quiet)
    }
    nearest = _nearest(space, quiescent & violating(space, claim))
    if nearest is not None or not rules.more_than_one_state_can_be_settled_together:
        return nearest
    throughout = (settled_violations(owed, bad, rules) for bad in lasting_sets(space, claim, rules))
    return _nearest(space, set().union(*throughout))


def settled_violations(owed: list[list[int]], bad: set[int], rules: Rules) -> set[int]:
    """Return the states that are settled and violate wherever they lead."""
    reach = closure(owed)
    found = set()
    for state in range(len(owed)):
        led_to = members(reach[state])
        comes_back = all(reach[other] >> state & 1 for other in led_to)
        quantifier = all if rules.a_settled_component_violates_throughout else any
        if comes_back or not rules.settled_states_can_come_back:
            violated = quantifier(other in bad for other in led_to)
            if violated:
                found.add(state)
    return found


# For ever


def _eventually(space: Space, rules: Rules, claim: la.Claim) -> int | None:
    bad_sets = lasting_sets(space, claim, rules)
    without, with_faults = (
        set().union(*(fair_states(space.edges, bad, rules, faults=faults) for bad in bad_sets))
        for faults in (False, True)
    )
    quiet = space.system.quiet and rules.a_quiet_system_sees_no_more_faults
    if quiet or not rules.faults_may_go_on_for_ever:
        return _nearest(space, without)
    if without and rules.a_lasso_without_faults_comes_first:
        return _nearest(space, without)
    return _nearest(space, with_faults)


def fair_states(edges: list[list[Edge]], bad: set[int], rules: Rules, *, faults: bool) -> set[int]:
    """Return the states from which a fair run can go on for ever, or end, among these alone, and come back."""
    inside = bad if rules.only_all_of_a_cycle_counts else set(range(len(edges)))
    usable = [
        [edge for edge in each if state in inside and edge.target in inside and (faults or edge.move.fault is None)]
        for state, each in enumerate(edges)
    ]
    reach = closure([[edge.target for edge in each] for each in usable])
    found = set()
    for state in inside & bad:
        together = {other for other in members(reach[state]) if reach[other] >> state & 1}
        taken = [edge for member in together for edge in usable[member] if edge.target in together]
        if taken and not _neglected(edges, together, taken, rules):
            found.add(state)
        if not owing(edges, state) and rules.a_run_that_ends_stays:
            found.add(state)
    return found


def _neglected(edges: list[list[Edge]], together: set[int], taken: list[Edge], rules: Rules) -> set[int]:
    """Return the processes that always owe a step in these states, and take none."""
    if not rules.a_neglected_process_makes_a_run_unfair:
        return set()
    owed_in_each = [owing(edges, state) for state in together]
    always = (
        set.intersection(*owed_in_each)
        if rules.a_process_without_an_owed_step_now_and_then_is_excused
        else set.union(*owed_in_each)
    )
    turns = {
        edge.move.process
        for edge in taken
        if not edge.move.is_crash and (edge.move.fault is None or rules.a_step_that_meets_a_fault_is_a_turn)
    }
    return always - turns


def owing(edges: list[list[Edge]], state: int) -> set[int]:
    """Return the processes that owe a step in a state."""
    return {edge.move.process for edge in edges[state] if edge.move.owed}


# Sets of states


def closure(targets: list[list[int]]) -> Closure:
    """Return, for each state, those that it leads to, itself among them."""
    reach = [1 << state for state in range(len(targets))]
    changed = True
    while changed:
        changed = False
        for state in reversed(range(len(targets))):
            union = reach[state]
            for target in targets[state]:
                union |= reach[target]
            if union != reach[state]:
                reach[state] = union
                changed = True
    return reach


def members(bits: Members) -> list[int]:
    """Return the numbers of the bits."""
    return [number for number, bit in enumerate(reversed(bin(bits)[2:])) if bit == "1"]


def _nearest(space: Space, states: Iterable[int]) -> int | None:
    return min((space.depth[state] for state in states), default=None)
