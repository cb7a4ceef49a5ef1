"""Where a set is cut short, for it has too many states, what is said of the other sets is what each of them does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import pytest

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explore import python
from deadheat.sim.explore.labels.breaking import Breaking, Question, breaking_sets
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.faults import Fault
from deadheat.sim.model import Kind, Model, Process, Property
from deadheat.sim.operations import Operation, atomically
from tests.breadth import tried_on
from tests.sim.random_models import models
from tests.sim.test_breaking_sets import question_of

KINDS = ("a", "b", "c")
MANY = 40
FEW = SearchOptions(states_max=MANY // 2)


class Place(Component):
    """`a` leads to any of many places, of which `b` and `c` together lead to the first."""

    initial = 0
    faults = tuple(Fault(kind, "goes elsewhere", "a test") for kind in KINDS)

    @operation
    def go(self, value: int) -> Steps:
        """Go elsewhere."""
        if value == 0:
            return (*(Step(None, place, fault="a") for place in range(1, MANY + 1)), Step(None, 100, fault="b"))
        return (Step(None, 1, fault="c"),) if value == 100 else BLOCKED

    @operation
    def turn(self, value: int) -> Steps:
        """Turn, at the first place: there and back."""
        return (Step(None, {1: 200, 200: 1}[value]),) if value in (1, 200) else BLOCKED


class Turn(Component):
    """What turns round and round."""

    initial = 0

    @operation
    def turn(self, value: int) -> Steps:
        """Turn."""
        return (Step(None, 1 - value),)

    @operation
    def low(self, value: int) -> Steps:
        """Wait until it is low."""
        return (Step(None, 0),) if value == 0 else BLOCKED


PLACE, TURN = Place("place"), Turn("turn")


def going(place: Place) -> Generator[Operation, Any, None]:
    yield place.go()


def going_while_low(place: Place, turn: Turn) -> Generator[Any, Any, None]:
    yield atomically(place.go(), turn.low())


def turning(part: Place | Turn) -> Generator[Operation, Any, None]:
    yield part.turn()


def at_one_place(kind: Kind, wrong: tuple[int, ...]) -> Model:
    processes = (
        Process("going", going, (PLACE,), repeats=True, owed=False),
        Process("turning", turning, (PLACE,), repeats=True),
    )
    return Model({"place": PLACE}, processes, (_in(kind, wrong),))


def beside_a_turn(kind: Kind, wrong: tuple[int, ...]) -> Model:
    processes = (
        Process("going", going_while_low, (PLACE, TURN), repeats=True, owed=False),
        Process("turning", turning, (TURN,), repeats=True),
    )
    return Model({"place": PLACE, "turn": TURN}, processes, (_in(kind, wrong),))


def _in(kind: Kind, wrong: tuple[int, ...]) -> Property:
    return Property("right", "", kind, ("place",), lambda view: "wrong" if view["place"] in wrong else None)


def asked(model: Model) -> Question:
    sets = [each for size in range(3) for each in combinations_with_replacement(range(len(KINDS)), size)]
    return Question(KINDS, 2, dict.fromkeys(sets, model), {}, (), FEW)


def agrees(found: Breaking, question: Question, kinds: Kinds) -> bool:
    """Return whether what is decided of a set, that no smaller one of it breaks, is what an exploration of it finds."""
    alone = python.explore(question.models[kinds]).counterexamples
    for name, broken in found.broken.items():
        smaller = any(Counter(each) <= Counter(kinds) for each in broken)
        if smaller != (name in alone) and kinds not in found.undecided[name]:
            return False
    return True


@pytest.mark.parametrize("make", [at_one_place, beside_a_turn])
@pytest.mark.parametrize("kind", [Kind.SETTLED, Kind.EVENTUALLY])
@pytest.mark.parametrize("wrong", [(1,), (200,), (1, 200)])
def test_what_a_set_cut_short_left_behind_is_judged_again_for_a_larger_set(
    make: Any, kind: Kind, wrong: tuple[int, ...]
) -> None:
    model = make(kind, wrong)
    found = breaking_sets(asked(model))
    assert (0,) in found.undecided["right"]
    both = (1, 2)
    assert both not in found.undecided["right"]
    alone = python.explore(replace(model, budgets={"b": 1, "c": 1})).counterexamples
    assert (both in found.broken["right"]) == ("right" in alone)
    assert (both in found.holding) == ("right" not in alone)


def test_a_mutant_that_judges_states_once_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(search: LabelSearch) -> None:
        search._states_before = search.store.states

    monkeypatch.setattr(LabelSearch, "_forget_what_was_judged_of_cuts", once)
    found = breaking_sets(asked(beside_a_turn(Kind.EVENTUALLY, (1,))))
    assert (1, 2) in found.holding  # which it breaks


@tried_on(models(), few=15, many=300)
def test_of_random_models_what_is_decided_beside_sets_cut_short_is_right(model: Model) -> None:
    question = question_of(model)
    for states in (2, 5, 12):
        found = breaking_sets(replace(question, options=SearchOptions(states_max=states)))
        assert all(agrees(found, question, kinds) for kinds in question.models)
