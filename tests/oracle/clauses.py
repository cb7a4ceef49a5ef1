"""The clauses of the definitions, and whether a set of systems meets each of them both ways.

Two things are asked of the set. Each *situation* is met and not met in it: it is true of something in some system, and
false of something in some system. And each *clause* of `Rules` is decisive in it: with that clause alone turned off,
the oracle says something else of some system.

One clause of the definitions is no rule, because nothing can turn on it: that a crash is no turn of its process. On a
cycle with a crash the process begins again, and must have moved before it crashes once more, so it has a turn there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from tests.oracle import language as la
from tests.oracle.compare import Comparison
from tests.oracle.definitions import closure, lasting_sets, members, owing, violations
from tests.oracle.rules import CLAUSES, Rules
from tests.oracle.search import Space, TooLargeError, explore

STATES_MAX = 1_500


# Clauses that decide

DECIDED: dict[str, tuple[str, int]] = {
    "a_blocked_operation_does_not_happen": ("waiting", 0),
    "the_environment_chooses_among_several_steps": ("sharing", 1),
    "what_is_atomic_sees_what_came_before": ("faulty", 27),
    "what_fails_alike_at_one_instant_is_one_fault": ("at once", 15),
    "a_fault_needs_something_left_of_its_budget": ("at once", 3),
    "a_fault_draws_on_its_budget": ("at once", 3),
    "a_budget_without_end_is_not_drawn_on": ("at once", 6),
    "only_what_has_begun_can_crash": ("faulty", 2),
    "a_crash_that_restarts_begins_anew": ("faulty", 1),
    "a_crash_that_does_not_restart_leaves_nothing": ("faulty", 2),
    "a_crash_has_its_consequences": ("faulty", 2),
    "a_killed_process_cleans_nothing_up": ("apart", 21),
    "where_an_iterator_is_matters": ("hidden", 29),
    "what_a_closure_keeps_matters": ("closures", 5),
    "what_is_shared_matters": ("sharing", 0),
    "what_compares_equal_may_differ": ("alike", 8),
    "a_process_that_repeats_begins_again": ("sharing", 12),
    "steps_of_a_process_that_is_not_owed_do_not_count": ("sharing", 0),
    "faults_are_not_owed": ("at once", 6),
    "settled_states_can_come_back": ("waiting", 1),
    "more_than_one_state_can_be_settled_together": ("sharing", 12),
    "a_settled_component_violates_throughout": ("sharing", 18),
    "a_step_that_changes_nothing_is_quiet": ("forked", 0),
    "a_neglected_process_makes_a_run_unfair": ("waiting", 3),
    "a_process_without_an_owed_step_now_and_then_is_excused": ("waiting", 18),
    "a_step_that_meets_a_fault_is_a_turn": ("stubborn", 2),
    "a_run_that_ends_stays": ("sharing", 0),
    "only_all_of_a_cycle_counts": ("waiting", 1),
    "faults_may_go_on_for_ever": ("stubborn", 2),
    "a_quiet_system_sees_no_more_faults": ("stubborn", 8),
    "a_lasso_without_faults_comes_first": ("stubborn", 2),
    "one_and_the_same_part_is_violated_throughout": ("waiting", 6),
    "a_step_is_judged_by_both_its_ends": ("sharing", 2),
}
"""For each clause, the family and seed of a system of the fixed set that it decides, as found by `decisive`."""


def deciding(comparison: Comparison, clauses: Iterable[str]) -> Iterator[str]:
    """Yield those of the clauses without which the oracle would say something else of this system."""
    for clause in clauses:
        rules = Rules().without(clause)
        try:
            space = explore(comparison.system, rules, STATES_MAX)
        except TooLargeError:
            continue
        except (TypeError, AttributeError):  # an operation that is never answered so was answered
            continue
        if violations(space, rules) != comparison.expected:
            yield clause


def decisive(comparisons: Iterable[Comparison]) -> dict[str, tuple[str, int]]:
    """Return each clause that decides something, with the family and seed of the first system where it does."""
    found: dict[str, tuple[str, int]] = {}
    for comparison in comparisons:
        remaining = [each for each in CLAUSES if each not in found]
        for clause in deciding(comparison, remaining):
            found[clause] = (comparison.system.family, comparison.system.seed)
    return found


# Situations

SITUATIONS = (
    "an operation is blocked",
    "an operation may go in several ways",
    "a fault is affordable",
    "a budget is without end",
    "a budget is used up",
    "a process that could crash has not begun",
    "a crash restarts its process",
    "a crash changes a component",
    "an owed step changes nothing",
    "a process that can move is not owed",
    "a state is quiescent",
    "a settled component has several states",
    "a settled component of several states violates throughout",
    "a violating set can be left by an owed step",
    "a cycle of violating states is fair",
    "a process on a cycle has no owed step now and then",
    "a process moves on a cycle by a fault alone",
    "a lasso needs faults",
    "a lasso is where the run ends",
    "a system is quiet",
    "ALWAYS is violated",
    "STEP is violated",
    "SETTLED is violated",
    "EVENTUALLY is violated",
    "merging merges",
    "partial order leaves out",
    "symmetry folds",
    "composition is used",
)


def situations(comparisons: Iterable[Comparison]) -> dict[str, set[bool]]:
    """Return which truth values each situation has in these systems."""
    seen: dict[str, set[bool]] = defaultdict(set)
    for comparison in comparisons:
        for look in (_steps, _faults, _settling, _lasting, _verdicts, _reductions):
            for situation, value in look(comparison):
                seen[situation].add(value)
    return seen


Seen = Iterator[tuple[str, bool]]


def _steps(comparison: Comparison) -> Seen:
    space = comparison.space
    for state, edges in zip(space.states, space.edges, strict=True):
        for process, standing in enumerate(state.processes):
            if standing.position is None:
                continue
            taken = [edge.move.choice for edge in edges if edge.move.process == process and not edge.move.is_crash]
            for number in range(len(standing.position.alternatives)):
                branches = sum(alternative == number for alternative, _ in taken)
                yield "an operation is blocked", branches == 0
                yield "an operation may go in several ways", branches > 1
            if taken:
                yield "a process that can move is not owed", not space.system.processes[process].owed
        for edge in edges:
            if edge.move.owed:
                yield "an owed step changes nothing", space.states[edge.target] is state


def _faults(comparison: Comparison) -> Seen:
    space, system = comparison.space, comparison.system
    for left in (left for _, left in system.budgets):
        yield "a budget is without end", left == la.WITHOUT_END
    for state, edges in zip(space.states, space.edges, strict=True):
        for (kind, initial), left in zip(system.budgets, state.budgets, strict=True):
            if initial:
                yield "a budget is used up", left == 0
                yield "a fault is affordable", left != 0
            for proc, standing in zip(system.processes, state.processes, strict=True):
                if left and standing.position and any(kill.kind == kind for kill in proc.kills):
                    yield "a process that could crash has not begun", not standing.history
        for edge in edges:
            if edge.move.is_crash:
                yield "a crash restarts its process", edge.move.after.processes[edge.move.process].position is not None
                yield "a crash changes a component", edge.move.after.values != state.values


def _claims(comparison: Comparison, kind: str) -> Iterator[set[int]]:
    for claim in comparison.system.claims:
        if claim.kind == kind:
            yield from lasting_sets(comparison.space, claim, Rules())


def _settling(comparison: Comparison) -> Seen:
    owed = [[edge.target for edge in edges if edge.move.owed] for edges in comparison.space.edges]
    reach = closure(owed)
    bad_sets = list(_claims(comparison, "settled"))
    for state, targets in enumerate(owed):
        yield "a state is quiescent", set(targets) <= {state}
        together = members(reach[state])
        if all(reach[other] >> state & 1 for other in together):
            yield "a settled component has several states", len(together) > 1
            for bad in bad_sets:
                if len(together) > 1 and bad.intersection(together):
                    yield "a settled component of several states violates throughout", bad.issuperset(together)
        for bad in bad_sets:
            if state in bad:
                yield "a violating set can be left by an owed step", not bad.issuperset(together)


def _lasting(comparison: Comparison) -> Seen:
    space = comparison.space
    yield "a system is quiet", space.system.quiet
    for bad in _claims(comparison, "eventually"):
        ends = any(not owing(space.edges, state) for state in bad)
        if bad:
            yield "a lasso is where the run ends", ends
        inside = [
            [each.target for each in edges if number in bad and each.target in bad]
            for number, edges in enumerate(space.edges)
        ]
        reach = closure(inside)
        for state in bad:
            together = {other for other in members(reach[state]) if reach[other] >> state & 1}
            yield from _cycle(space, together)


def _cycle(space: Space, together: set[int]) -> Seen:
    taken = [edge for member in together for edge in space.edges[member] if edge.target in together]
    if not taken:
        return
    owed = [owing(space.edges, member) for member in together]
    always, ever = set.intersection(*owed), set.union(*owed)
    moves = {edge.move.process for edge in taken if not edge.move.is_crash}
    without_faults = {edge.move.process for edge in taken if edge.move.fault is None}
    yield "a cycle of violating states is fair", always <= moves
    yield "a process on a cycle has no owed step now and then", bool(ever - always)
    if always <= moves:
        yield "a process moves on a cycle by a fault alone", bool(always - without_faults)
        yield "a lasso needs faults", bool(always - without_faults) or all(edge.move.fault for edge in taken)


def _verdicts(comparison: Comparison) -> Seen:
    for claim in comparison.system.claims:
        yield f"{claim.kind.upper()} is violated", claim.name in comparison.expected


def _reductions(comparison: Comparison) -> Seen:
    if comparison.separate is not None:
        yield "merging merges", comparison.merged_states < len(comparison.separate.states)
    used = comparison.reductions
    yield "partial order leaves out", "partial-order" in used.get("python, partial order", ())
    yield "composition is used", "composition" in used.get("auto", ())
    if "kernel, symmetry" in used:
        yield "symmetry folds", "symmetry" in used["kernel, symmetry"]
