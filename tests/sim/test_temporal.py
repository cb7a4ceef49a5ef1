"""Simple temporal networks: known ones, and random ones held against a linear program."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings, strategies as st
from scipy.optimize import linprog

from deadheat.sim.explain.cuts import START
from deadheat.sim.explain.temporal import Constraint, Network

THOROUGH = settings(max_examples=200, deadline=None)


def lasts(earlier: int, later: int, lower: int, upper: float | None) -> Constraint:
    return Constraint(earlier, later, lower, upper, measured=True)


def order(earlier: int, later: int) -> Constraint:
    return Constraint(earlier, later)


def two_ways(slow_max: int) -> Network:
    """Two ways from the start to points 2 and 3, of which 3 must come first.

    0 to 1 takes 5 to 10 and 1 to 2 takes 7, so 12 to 17 in all; 0 to 3 takes 20 to `slow_max`; 2 must not come before
    3. So 17 >= 20 + nothing is needed and fails by 3: unless 0 to 3 is quicker, it cannot be.
    """
    return Network([lasts(0, 1, 5, 10), lasts(1, 2, 7, 7), lasts(0, 3, slow_max - 5, slow_max), order(2, 3)])


def test_a_network_that_can_be_satisfied_gives_the_earliest_times() -> None:
    """3 is due at 15 at the earliest, and 2, at 12 at the earliest, comes before it."""
    network = two_ways(20)
    assert network.earliest() == {0: 0, 1: 5, 2: 12, 3: 15}
    assert network.longest(1, 2) == 7
    assert network.longest(0, 2) == 17
    assert network.longest(2, 3) == 8  # 3 at 20, and 2 at 12


def test_a_condition_compares_what_goes_forward_with_what_goes_backward() -> None:
    """0 to 3 takes 20 at most, and 0 to 2 takes 12 at least: 8 to spare at best; 15 against 17 at worst."""
    [condition], complete = two_ways(20).conditions()
    assert complete
    assert [each.points for each in condition.forward] == [(0, 3)]
    assert sorted(each.points for each in condition.backward) == [(0, 1), (1, 2)]
    assert condition.orders == ((2, 3),)
    assert (condition.slack, condition.worst_slack) == (8, -2)


def test_a_network_fails_by_as_much_as_its_condition() -> None:
    """0 to 3 takes 9 at most, and must take 12 at least."""
    network = two_ways(9)
    assert network.earliest() is None
    [condition], _ = network.conditions()
    assert condition.slack == -3
    tightest = network.tightest()
    assert tightest is not None
    assert tightest.slack == -3


def test_a_condition_that_is_not_met_is_found_among_those_that_are_met_exactly() -> None:
    """0 to 2 takes nothing, 0 to 1 to 2 takes 2, and 0 to 3 takes 1 where 2 to 3 takes 2: each alone is impossible.

    networkx's `find_negative_cycle` answers with one of length 0 here.
    """
    network = Network(
        [lasts(0, 1, 0, None), lasts(0, 2, 0, 0), lasts(1, 2, 2, 2), lasts(0, 3, 0, 1), lasts(2, 3, 2, 3)]
    )
    tightest = network.tightest()
    assert tightest is not None
    assert tightest.slack < 0


def test_what_nothing_bounds_from_above_can_last_for_ever() -> None:
    network = Network([lasts(0, 1, 3, None), lasts(0, 2, 1, math.inf), order(1, 2)])
    assert network.earliest() == {0: 0, 1: 3, 2: 3}
    assert network.longest(0, 1) == math.inf
    [condition], complete = network.conditions()
    assert complete
    assert condition.slack == math.inf
    assert condition.worst_slack == -math.inf
    assert network.tightest() is None


def test_a_condition_that_another_implies_is_left_out() -> None:
    """0 to 3 must outlast 0 to 1, which follows from that it must outlast 0 to 1 to 2."""
    network = Network([lasts(0, 1, 1, 2), lasts(1, 2, 1, 2), lasts(0, 3, 1, 9), order(1, 3), order(2, 3)])
    [condition], _ = network.conditions()
    assert len(condition.backward) == 2


def test_of_two_bounds_between_the_same_points_the_tighter_counts() -> None:
    assert Network([lasts(0, 1, 0, 9), lasts(0, 1, 2, 5)]).longest(0, 1) == 5
    assert Network([lasts(0, 1, 0, 9), lasts(0, 1, 2, 5)]).earliest() == {0: 0, 1: 2}


def test_two_bounds_between_the_same_points_may_exclude_each_other() -> None:
    network = Network([lasts(0, 1, 0, 5), lasts(0, 1, 7, None)])
    assert network.earliest() is None
    [condition], _ = network.conditions()
    assert condition.slack == -2


@st.composite
def systems(draw: st.DrawFn) -> list[Constraint]:
    """Draw a network as a trace makes them: each point waits for earlier ones, and some orders."""
    size = draw(st.integers(2, 7))
    constraints = []
    for later in range(1, size):
        for earlier in sorted(draw(st.sets(st.integers(0, later - 1), min_size=1, max_size=2))):
            lower = draw(st.integers(0, 9))
            upper: float | None = draw(st.sampled_from([None, math.inf, lower, lower + 3, lower + 9]))
            constraints.append(Constraint(earlier, later, lower, upper, measured=True))
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)).filter(lambda pair: pair[0] < pair[1])
    constraints += [order(*pair) for pair in draw(st.lists(pairs, max_size=5))]
    return constraints


def longest_by_linear_program(constraints: Sequence[Constraint], earlier: int, later: int) -> float | None:
    """Return the longest time between two points, infinite if there is none, None if nothing satisfies all."""
    size = 1 + max(each.later for each in constraints)
    rows, bounds = [], []
    for each in constraints:
        difference = np.zeros(size)
        difference[each.later], difference[each.earlier] = 1, -1
        rows.append(-difference)
        bounds.append(float(-each.lower))
        if each.longest < math.inf:
            rows.append(difference)
            bounds.append(each.longest)
    goal = np.zeros(size)
    goal[later] -= 1
    goal[earlier] += 1
    ranges = [(0.0, 0.0), *[(None, None)] * (size - 1)]
    if not linprog(np.zeros(size), A_ub=np.array(rows), b_ub=bounds, bounds=ranges, method="highs").success:
        return None
    found = linprog(goal, A_ub=np.array(rows), b_ub=bounds, bounds=ranges, method="highs")
    return math.inf if found.fun is None else -float(found.fun)


@THOROUGH
@given(systems())
def test_a_linear_program_agrees(constraints: list[Constraint]) -> None:
    network = Network(constraints)
    last = max(each.later for each in constraints)
    for earlier, later in ((START, last), (last, START), (1, last)):
        expected = longest_by_linear_program(constraints, earlier, later)
        assert (network.earliest() is None) is (expected is None)
        if expected is not None:
            assert math.isclose(network.longest(earlier, later), expected, abs_tol=1e-6)


@THOROUGH
@given(systems())
def test_the_earliest_times_satisfy_every_constraint(constraints: list[Constraint]) -> None:
    times = Network(constraints).earliest()
    if times is not None:
        for each in constraints:
            assert each.lower <= times[each.later] - times[each.earlier] <= each.longest
        assert times[START] == 0


@THOROUGH
@given(systems())
def test_a_network_can_be_satisfied_exactly_where_its_conditions_are_met(constraints: list[Constraint]) -> None:
    network = Network(constraints)
    conditions, complete = network.conditions()
    assert complete
    assert (network.earliest() is not None) is all(each.slack >= 0 for each in conditions)
    tightest = network.tightest()
    assert (network.earliest() is None) is (tightest is not None and tightest.slack < 0)


@THOROUGH
@given(systems(), st.data())
def test_the_conditions_say_which_durations_are_possible(constraints: list[Constraint], data: st.DataObject) -> None:
    """Draw a duration for each bounded constraint: exactly those that meet the conditions can be."""
    conditions, _ = Network(constraints).conditions()
    exact, durations = [], {}
    for each in constraints:
        if each.measured and each.upper is not None and each.points not in durations:
            high = each.lower + 30 if each.upper == math.inf else int(each.upper)
            durations[each.points] = data.draw(st.integers(each.lower, high))
            exact.append(lasts(*each.points, durations[each.points], durations[each.points]))
        else:
            exact.append(each)
    met = all(
        sum(durations[each.points] for each in condition.forward)
        >= sum(durations.get(each.points, each.lower) for each in condition.backward)
        for condition in conditions
    )
    assert (Network(exact).earliest() is not None) is met
