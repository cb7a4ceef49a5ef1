"""Learning a process: purity is checked, and what is not comparable is not merged."""

from __future__ import annotations

import itertools
import random
from collections.abc import Generator
from typing import Any

import pytest

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.errors import ModelError, PurityError, UnboundedError
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from deadheat.sim.explore.results import Exploration
from deadheat.sim.learn import tables
from deadheat.sim.model import Model, Process
from tests.sim.classics import Variable

Role = Generator[Any, Any, Any]


class Coin(Component):
    """Falls on either side, and has no other state."""

    @operation
    def toss(self, value: None) -> Steps:
        return (Step(False, None), Step(True, None))

    @operation
    def note(self, value: None, what: Any) -> Steps:
        return (Step(None, None),)


def explored(role: Any, *, repeats: bool = False, merging: bool = True) -> Exploration:
    coin = Coin("coin")
    model = Model({"coin": coin}, (Process("p", role, (coin,), repeats=repeats),))
    return explore(model, SearchOptions(merging=merging))


def test_a_role_that_reads_a_random_number_is_refused_by_name_and_step() -> None:
    numbers = random.Random(1)

    def role(coin: Coin) -> Role:
        yield coin.toss()
        yield coin.note(numbers.random())

    with pytest.raises(
        PurityError,
        match=r"'p' is not pure: after the same 1 outcome .* and .* in role \(tests/sim/test_locals\.py:\d+\)\.",
    ):
        explored(role)


def test_a_role_that_counts_its_runs_in_a_global_is_refused() -> None:
    runs = itertools.count()

    def role(coin: Coin) -> Role:
        run = next(runs)
        yield coin.toss()
        yield coin.note(run)

    with pytest.raises(PurityError):
        explored(role)


def test_a_role_without_branches_is_run_again_too() -> None:
    runs = itertools.count()

    def role(coin: Coin) -> Role:
        yield coin.note("a")
        yield coin.note(next(runs))

    with pytest.raises(PurityError):
        explored(role)


def test_the_iterator_of_a_loop_is_not_merged_away() -> None:
    def role(coin: Coin) -> Role:
        for _ in ("a", "a"):
            yield coin.note("x")

    assert explored(role).states == 3


def test_histories_that_end_alike_are_one_state_only_with_merging() -> None:
    def role(coin: Coin) -> Role:
        for _ in range(3):
            yield coin.toss()

    assert explored(role).states == 4  # one after each toss, however it fell
    assert explored(role, merging=False).states == 1 + 2 + 4 + 1  # the last toss ends it: finished is finished


def test_a_role_that_holds_what_cannot_be_compared_is_right_but_not_merged() -> None:
    def role(coin: Coin) -> Role:
        seen = set()
        for index in range(3):
            seen.add((index, (yield coin.toss())))
        yield coin.note(len(seen))

    assert explored(role).states == explored(role, merging=False).states


def test_what_is_asked_for_tells_two_histories_apart_where_nothing_else_does() -> None:
    def role(coin: Coin) -> Role:
        yield coin.note((yield coin.toss()))

    assert explored(role).states == explored(role, merging=False).states == 4  # toss, note False, note True, finished


def test_a_role_that_raises_is_named() -> None:
    def role(coin: Coin) -> Role:
        if (yield coin.toss()):
            raise KeyError("lost")

    with pytest.raises(
        ModelError, match=r"The process 'p' failed after 1 outcome in role .*:\d+\): KeyError\('lost'\)"
    ):
        explored(role)


def test_a_role_that_yields_no_operation_is_told_what_to_yield() -> None:
    def role(coin: Coin) -> Role:
        yield 42

    with pytest.raises(
        ModelError, match=r"yielded an int after 0 outcomes in role \(tests/sim/test_locals.py:\d+\); yield an op"
    ):
        explored(role)


def test_a_repeating_role_that_asks_for_nothing_is_refused() -> None:
    def role(coin: Coin) -> Role:
        yield from ()

    with pytest.raises(ModelError, match=r"'p' repeats, but its role role \(.*test_locals.py:\d+\) asked for nothing"):
        explored(role, repeats=True)


def test_an_unknown_component_names_the_nearest() -> None:
    def role(coin: Coin) -> Role:
        yield Variable("coins", 0).get()

    with pytest.raises(ModelError, match="no component 'coins'; did you mean coin"):
        explored(role)


def test_mutable_outcomes_and_values_are_refused() -> None:
    class Box(Component):
        @operation
        def open(self, value: None) -> Steps:
            return (Step({1, 2}, None),)

        @operation
        def fill(self, value: None) -> Steps:
            return (Step(None, {1, 2}),)

    box = Box("box")

    def opening(box: Box) -> Role:
        yield box.open()

    def filling(box: Box) -> Role:
        yield box.fill()

    with pytest.raises(ModelError, match=r"outcome of box\.open"):
        explore(Model({"box": box}, (Process("p", opening, (box,)),)))
    with pytest.raises(ModelError, match="value of the component 'box'"):
        explore(Model({"box": box}, (Process("p", filling, (box,)),)))


def test_more_local_states_than_a_field_can_tell_apart_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FIELD_MASK", 20)

    def role(coin: Coin) -> Role:
        for number in range(30):
            yield coin.note(number)

    with pytest.raises(UnboundedError, match="more than 21 local states"):
        explored(role)
