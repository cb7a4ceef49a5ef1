"""Problems with known answers, through every explorer."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import python, reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Explorer
from tests.sim.classics import lost_update, peterson, philosophers

EXPLORERS = pytest.mark.parametrize("explore", [python.explore, reference.explore], ids=["python", "reference"])
EXAMPLES = Path(__file__).parents[2] / "examples"


@EXPLORERS
def test_the_lost_update_is_found_at_its_shortest_length(explore: Explorer) -> None:
    found = explore(lost_update())
    assert {name: len(schedule.choices) for name, schedule in found.counterexamples.items()} == {"no-lost-update": 4}


@EXPLORERS
def test_the_states_of_two_increments_are_those_counted_by_hand(explore: Explorer) -> None:
    # Nobody has read: 1. One has read: 2. Both have read 0: 1. One has written 1, the other not read: 2; has read 1: 2;
    # has read 0: 2. Both have written: 2 values (1 and 2), whoever was last. 1 + 2 + 1 + 2 + 2 + 2 + 2 = 12.
    model = lost_update()
    assert explore(model, SearchOptions(merging=True)).states == 12


@EXPLORERS
def test_petersons_lock_excludes(explore: Explorer) -> None:
    found = explore(peterson(), SearchOptions(merging=True))
    assert found.complete
    assert not found.counterexamples


@EXPLORERS
def test_petersons_lock_with_the_turn_set_first_lets_both_in(explore: Explorer) -> None:
    model = peterson(broken=True)
    found = explore(model, SearchOptions(merging=True))
    assert set(found.counterexamples) == {"mutual-exclusion"}
    # Both set the turn (2 steps), both raise the flag (2), one reads the other's flag before it is raised (1) and
    # enters (1); the other reads flag and turn (2) and enters (1).
    assert len(found.counterexamples["mutual-exclusion"].choices) == 9
    assert confirm(model, "mutual-exclusion", found.counterexamples["mutual-exclusion"])[1]


@EXPLORERS
@pytest.mark.parametrize("number", [2, 3])
def test_philosophers_starve_after_each_took_a_fork(explore: Explorer, number: int) -> None:
    found = explore(philosophers(number, ordered=False), SearchOptions(merging=True))
    assert len(found.counterexamples["all-fed"].choices) == number


@EXPLORERS
@pytest.mark.parametrize("number", [2, 3])
def test_philosophers_who_take_forks_in_one_order_all_eat(explore: Explorer, number: int) -> None:
    found = explore(philosophers(number, ordered=True), SearchOptions(merging=True))
    assert found.complete
    assert not found.counterexamples


@pytest.mark.parametrize(("managers", "states"), [(3, 288), (5, 8_832)])
def test_two_phase_commit_has_the_states_that_tlc_finds(managers: int, states: int) -> None:
    example = runpy.run_path(str(EXAMPLES / "two_phase_commit.py"))
    found = example["explore_with"](managers)
    assert found.states == states
    assert found.complete
    assert not found.counterexamples
