"""The clauses of the definitions that can be turned off, one at a time: an oracle with one off is wrong on purpose.

That a verdict changes where a clause is turned off shows that the clause decided it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True)
class Rules:
    """All as defined, unless turned off."""

    # Steps
    a_blocked_operation_does_not_happen: bool = True
    the_environment_chooses_among_several_steps: bool = True
    what_is_atomic_sees_what_came_before: bool = True
    what_fails_alike_at_one_instant_is_one_fault: bool = True
    # Faults
    a_fault_needs_something_left_of_its_budget: bool = True
    a_fault_draws_on_its_budget: bool = True
    a_budget_without_end_is_not_drawn_on: bool = True
    only_what_has_begun_can_crash: bool = True
    a_crash_that_restarts_begins_anew: bool = True
    a_crash_that_does_not_restart_leaves_nothing: bool = True
    a_crash_has_its_consequences: bool = True
    a_killed_process_cleans_nothing_up: bool = True
    # Where a process stands
    where_an_iterator_is_matters: bool = True
    what_a_closure_keeps_matters: bool = True
    what_is_shared_matters: bool = True
    what_compares_equal_may_differ: bool = True
    a_process_that_repeats_begins_again: bool = True
    # Owed
    steps_of_a_process_that_is_not_owed_do_not_count: bool = True
    faults_are_not_owed: bool = True
    # Settled
    settled_states_can_come_back: bool = True
    more_than_one_state_can_be_settled_together: bool = True
    a_settled_component_violates_throughout: bool = True
    a_step_that_changes_nothing_is_quiet: bool = True
    # For ever
    a_neglected_process_makes_a_run_unfair: bool = True
    a_process_without_an_owed_step_now_and_then_is_excused: bool = True
    a_step_that_meets_a_fault_is_a_turn: bool = True
    a_run_that_ends_stays: bool = True
    only_all_of_a_cycle_counts: bool = True
    faults_may_go_on_for_ever: bool = True
    a_quiet_system_sees_no_more_faults: bool = True
    a_lasso_without_faults_comes_first: bool = True
    # Parts
    one_and_the_same_part_is_violated_throughout: bool = True
    # Steps and states
    a_step_is_judged_by_both_its_ends: bool = True

    def without(self, clause: str) -> Rules:
        """Return these rules with one turned off."""
        return replace(self, **{clause: False})


CLAUSES = tuple(each.name for each in fields(Rules))
