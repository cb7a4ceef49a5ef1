"""One search for all sets of faults against one exploration a set, on random models with random faults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any, NamedTuple

import pytest

from deadheat.sim.explain.confirm import confirm
from deadheat.sim.explore import python
from deadheat.sim.explore.labels.breaking import Breaking, Decision, Question, breaking_sets
from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.model import UNLIMITED, Kind, Model, Part, Process, Property, View
from deadheat.sim.operations import Request
from tests.breadth import tried
from tests.sim.random_models import CRASH, FAULT, Cell, models, sparse_models

KINDS = (FAULT, CRASH)
UP_TO = 2


def sets(kinds: int = len(KINDS), up_to: int = UP_TO) -> list[Kinds]:
    return [each for size in range(up_to + 1) for each in combinations_with_replacement(range(kinds), size)]


def under(model: Model, kinds: Kinds) -> Model:
    """Return the model under a set of faults, beside those that it has a budget for."""
    budgets = dict(model.budgets)
    for kind, more in Counter(KINDS[each] for each in kinds).items():
        budgets[kind] = UNLIMITED if budgets[kind] == UNLIMITED else budgets[kind] + more
    return replace(model, budgets=budgets)


class Said(NamedTuple):
    """What is said: the minimal sets of each property with their lengths, what holds, and which faults happened."""

    lengths: dict[str, dict[Kinds, int]]
    holding: dict[Kinds, list[str]]
    happened: set[str]


def question_of(model: Model) -> Question:
    unlimited = {n for n, kind in enumerate(KINDS) if model.budgets[kind] == UNLIMITED}
    asked = [each for each in sets() if unlimited.isdisjoint(each)]
    base = {kind: budget for kind, budget in model.budgets.items() if budget}
    return Question(KINDS, UP_TO, {kinds: under(model, kinds) for kinds in asked}, base)


def obvious(question: Question) -> Said:
    """Return what one exploration for each set says."""
    found = Said({each.name: {} for each in question.models[()].properties}, {}, set())
    for kinds, model in question.models.items():
        left = [
            name
            for name, broken in found.lengths.items()
            if not any(Counter(each) <= Counter(kinds) for each in broken)
        ]
        if not left:
            continue
        explored = python.explore(replace(model, properties=tuple(e for e in model.properties if e.name in left)))
        found.happened.update(python.explore(replace(model, properties=())).faults_fired)
        for name, schedule in explored.counterexamples.items():
            length = len(schedule.choices) if schedule.cycle_from is None else schedule.cycle_from
            found.lengths[name][kinds] = length
        holding = [name for name in left if name not in explored.counterexamples]
        if holding:
            found.holding[kinds] = holding
    return found


def said_by(found: Breaking) -> Said:
    lengths = {
        name: {
            kinds: len(each.choices) if each.cycle_from is None else each.cycle_from for kinds, each in broken.items()
        }
        for name, broken in found.broken.items()
    }
    return Said(lengths, found.holding, found.happened)


def compare(model: Model) -> Said:
    question = question_of(model)
    found = breaking_sets(question)
    assert said_by(found) == obvious(question)
    for name, broken in found.broken.items():
        for kinds, schedule in broken.items():
            confirm(question.models[kinds], name, schedule)
    return said_by(found)


def compare_parts(model: Model) -> bool:
    """Compare where parts are searched alone, and what is left by sets; return whether some sets were left to parts."""
    question = question_of(model)
    decided: list[Kinds] = []

    def alone(kinds: Kinds, names: Sequence[str]) -> Decision:
        decided.append(kinds)
        own = question.models[kinds]
        whole = python.explore(replace(own, properties=()))
        found = python.explore(replace(own, properties=tuple(each for each in own.properties if each.name in names)))
        return Decision(found.counterexamples, (), (), whole.faults_fired, found.states, None)

    found = breaking_sets(replace(question, alone=alone, composed=True))
    assert said_by(found) == obvious(question)
    for name, broken in found.broken.items():
        for kinds, schedule in broken.items():
            confirm(question.models[kinds], name, schedule)
    return not decided


MET: Counter[tuple[str, int]] = Counter()
KIND_NAMES = ("always", "step", "settled", "eventually")


def note(said: Said) -> None:
    for name, broken in said.lengths.items():
        MET.update((name, len(kinds)) for kinds in broken)
        MET[name, -1] += not broken


COMPOSED: Counter[bool] = Counter()


def with_a_part_a_cell(model: Model) -> Model:
    """Return the model with properties that are violated where one cell is wrong: no two are joined by any of them."""

    def wrong(name: str, kind: Kind) -> Part:
        if kind is Kind.STEP:
            return Part((name,), lambda before, after: before[name] == 0 and after[name] == 2)
        return Part((name,), lambda view: view[name] == 1)

    cells = model.properties[0].reads
    made = (Property.of_parts(str(kind), "", kind, [wrong(each, kind) for each in cells]) for kind in Kind)
    return replace(model, properties=tuple(made))


def compare_models_in_parts(model: Model) -> None:
    COMPOSED[compare_parts(with_a_part_a_cell(model))] += 1


@pytest.mark.parametrize("examples", [15, pytest.param(40, marks=pytest.mark.slow)])
def test_parts_that_share_nothing_say_together_what_one_exploration_of_the_whole_says(examples: int) -> None:
    COMPOSED.clear()
    tried(compare_models_in_parts, sparse_models(), examples=examples)
    assert min(COMPOSED[True], COMPOSED[False]) >= 3


def broken_by_two_glitches_alone() -> Model:
    """Return what random models hardly ever are: broken in every way by two faults, and by none fewer."""
    cells = tuple(Cell(f"c{number}") for number in range(2))

    def role() -> Generator[Request, Any, None]:
        for each in cells:
            yield each.glitch(1)

    def both(*views: View) -> str | None:
        return "both" if set(views[-1].values()) == {1} else None

    properties = tuple(Property(str(kind), "", kind, ("c0", "c1"), both) for kind in Kind)
    return Model({each.name: each for each in cells}, (Process("p", role),), properties, dict.fromkeys(KINDS, 0))


@pytest.mark.parametrize(("examples", "sparse"), [(60, 8), pytest.param(300, 30, marks=pytest.mark.slow)])
def test_one_search_says_of_random_models_what_one_exploration_a_set_says(examples: int, sparse: int) -> None:
    def compare_and_note(model: Model) -> None:
        note(compare(model))

    MET.clear()
    compare_and_note(broken_by_two_glitches_alone())
    tried(compare_and_note, models(), examples=examples)
    tried(compare_and_note, sparse_models(), examples=sparse)
    for name in KIND_NAMES:  # or it would not be tried
        assert all(MET[name, size] for size in (-1, 0, 1, 2)), (name, MET)
