"""The search for all sets of faults, on models whose minimal sets are known; and mutants of it, each noticed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import combinations_with_replacement
from random import Random
from typing import Any
from unittest.mock import Mock

import numpy
import pytest

from deadheat.sim.errors import UnboundedError
from deadheat.sim.explore import python
from deadheat.sim.explore.compiled import pairs as stored
from deadheat.sim.explore.labels import breaking, families
from deadheat.sim.explore.labels.alike import Alike
from deadheat.sim.explore.labels.breaking import Alone, Decision, Question, breaking_sets
from deadheat.sim.explore.labels.families import Family, families_of
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds, Labels
from deadheat.sim.explore.labels.tables import LabelTables, label_tables
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn import interned, tables
from deadheat.sim.model import UNLIMITED, Kind, Model
from tests.sim.label_models import HOLES, KINDS, helpers, holes, one_hole, question, two_ways

UP_TO = 3

ALL = [each for size in range(UP_TO + 1) for each in combinations_with_replacement(range(HOLES), size)]


def minimal(sets: Sequence[Kinds]) -> set[Kinds]:
    """Return those of some sets that contain no other one of them: the obvious way."""
    counted = {each: Counter(each) for each in sets}
    return {each for each in sets if not any(one < counted[each] for one in counted.values())}


def found(model: Model, up_to: int = UP_TO, base: dict[str, int] | None = None) -> set[Kinds]:
    [broken] = breaking_sets(question(model, up_to, base)).broken.values()
    return set(broken)


def drawn(seed: int) -> tuple[Kinds, ...]:
    """Draw some sets of faults, of which no kind is needed more than twice."""
    possible = [each for each in ALL if each and max(Counter(each).values()) < 3]
    drawing = Random(seed)
    return tuple(drawing.sample(possible, drawing.randint(1, 5)))


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("seed", range(5))
def test_the_minimal_sets_are_those_that_break_it_and_contain_no_other(seed: int, kind: Kind) -> None:
    sets = drawn(seed)
    breaking = [each for each in ALL if any(Counter(one) <= Counter(each) for one in sets)]
    assert found(holes(sets, kind)) == minimal(breaking) == minimal(sets)


def test_nothing_is_broken_by_what_contains_what_breaks_it_and_all_is_by_no_faults() -> None:
    assert found(holes(((0, 1), (0,)))) == {(0,)}
    assert found(holes(((),))) == {()}
    assert found(holes(())) == set()


def test_faults_that_are_allowed_anyhow_are_not_counted() -> None:
    assert found(holes(((0, 1), (0, 0), (2,))), base={"a": 1}) == {(0,), (1,), (2,)}
    assert found(holes(((0, 1), (0, 0, 2))), 1, {"a": UNLIMITED}) == {(1,), (2,)}


def test_of_a_state_only_the_least_labels_are_kept() -> None:
    """Any of four faults, up to twice, in any order: a state is told by its holes, and has one label, they themselves.

    More than twice makes no new hole, and is dominated. Up to 3 faults: 1 + 4 + 10 + 16 sets of none more than twice.
    """
    asked = question(holes(()), UP_TO)
    labels = Labels(HOLES, UP_TO)
    [family] = families_of(asked.models.items())
    search = LabelSearch(family.model, labels, asked.kinds, {}, family.absent())
    for size in range(UP_TO + 1):
        search.run(size, dict.fromkeys(labels.of_size(size), 1))
    assert search.store.pairs_found == 1 + 4 + 10 + 16
    assert search.store.states == search.store.pairs_found


# Families: models that depend on the faults


def helped(up_to: int = 2) -> Question:
    sets = [each for size in range(up_to + 1) for each in combinations_with_replacement(range(2), size)]
    return Question(("a", "b"), up_to, {each: helpers(each) for each in sets})


def obviously_broken(asked: Question) -> set[Kinds]:
    """Return the minimal sets, by an exploration of each set's own model."""
    broken = [kinds for kinds, model in asked.models.items() if python.explore(model).counterexamples]
    return minimal(broken)


def test_a_process_that_only_some_sets_have_and_that_does_not_wait_for_a_fault_divides_them() -> None:
    asked = helped()
    assert set(breaking_sets(asked).broken["few"]) == obviously_broken(asked) == {(0, 0), (0, 1)}


def test_a_set_is_broken_in_the_least_steps_also_where_fewer_faults_would_lead_there_in_its_own_model_alone() -> None:
    sets: list[Kinds] = [(), (0,), (0, 0)]
    found = breaking_sets(Question(("a",), 2, {each: two_ways(each) for each in sets}))
    assert {kinds: len(each.choices) for kinds, each in found.broken["low"].items()} == {(0,): 1}


def test_sets_whose_models_differ_in_more_than_processes_are_of_different_families() -> None:
    sets: list[Kinds] = [(), (0,), (1,)]
    models = [holes(((0,),)), holes(((0,),)), holes(((1,),))]
    found = families_of(zip(sets, models, strict=True))
    assert [list(each.present) for each in found] == [[(), (0,)], [(1,)]]


class Delay(timedelta):
    """A class that has what it holds from one that is not of Python."""


class Annotated(int):
    """A number, and what is noted with it."""

    note = ""


def noted(note: str) -> Annotated:
    number = Annotated(1)
    number.note = note
    return number


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0.0, -0.0),
        (frozenset({1}), frozenset({True})),
        ({1: "a"}, {True: "a"}),
        (Delay(days=1), Delay(days=2)),
        (noted("one"), noted("other")),
        ((0, (False,)), (0, (0,))),
    ],
)
def test_what_only_looks_alike_is_not(one: Any, other: Any) -> None:
    assert not Alike().alike(one, other)


def test_what_leads_back_to_what_is_not_alike_is_not_either() -> None:
    def ring(last: int) -> tuple[list[Any], list[Any]]:
        outer: list[Any] = []
        inner = [outer]
        outer += (inner, last)
        return outer, inner

    compared, (outer, inner), (other, within) = Alike(), ring(1), ring(2)
    assert not compared.alike(outer, other)
    assert not compared.alike(inner, within)
    assert Alike().alike(ring(1), ring(1))


def test_what_is_made_alike_is() -> None:
    for make in (lambda: (1.5, -0.0), lambda: {"a": [frozenset({1, (2,)})]}, lambda: noted("it"), lambda: holes(())):
        assert Alike().alike(make(), make())


# Limits


def test_what_was_found_before_a_limit_stays_and_the_rest_is_undecided() -> None:
    model = holes(((0,), (1, 2)))
    calls = iter([False] * 6 + [True] * 1000)
    answer = breaking_sets(question(model, UP_TO, options=SearchOptions(asked=lambda: next(calls))))
    assert answer.stopped is not None
    assert answer.stopped.limit is Limit.INTERRUPTED
    assert answer.undecided["always"]
    whole = found(model)
    assert set(answer.broken["always"]) <= whole
    assert whole - set(answer.broken["always"]) <= set(answer.undecided["always"])


def test_each_set_is_broken_holds_or_is_undecided_or_contains_what_breaks_it() -> None:
    for steps in (3, 10, 20, 30, 60):
        calls = iter([False] * steps + [True] * 1000)
        asked = question(holes(((0,), (1, 2))), UP_TO, options=SearchOptions(asked=lambda calls=calls: next(calls)))  # type: ignore[misc]
        answer = breaking_sets(asked)
        broken, undecided = answer.broken["always"], answer.undecided["always"]
        for kinds in asked.models:
            contained = any(Counter(each) <= Counter(kinds) for each in broken)
            assert contained + (kinds in answer.holding) + (kinds in undecided) == 1


# Mutants: each must be noticed by one of the comparisons above


def test_a_mutant_by_which_any_label_dominates_any_other_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def with_nothing_in_them(self: Labels, kinds: int, size: int, made: Any = Labels.__init__) -> None:
        made(self, kinds, size)
        self.members[:] = -1
        self.masks[:] = 0

    monkeypatch.setattr(Labels, "__init__", with_nothing_in_them)
    assert found(one_hole()) != {(0,), (1,)}


def test_two_faults_that_lead_to_one_state_are_both_found() -> None:
    assert found(one_hole()) == {(0,), (1,)}


def test_a_mutant_without_domination_keeps_what_is_of_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    def never_contained(self: Labels, kinds: int, size: int, made: Any = Labels.__init__) -> None:
        made(self, kinds, size)
        self.masks[:] = numpy.uint64(1) << numpy.arange(len(self.sets), dtype=numpy.uint64) % numpy.uint64(64)

    monkeypatch.setattr(Labels, "__init__", never_contained)
    with pytest.raises(AssertionError):
        test_of_a_state_only_the_least_labels_are_kept()


@pytest.mark.parametrize("kind", [Kind.SETTLED, Kind.EVENTUALLY])
def test_a_mutant_that_gives_what_lasts_the_label_before_its_last_fault_is_noticed(
    monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    def with_the_parents_label(
        pairs: Any, first: int, last: int, violated: Any, asked: Any, found: Any, n: int
    ) -> None:
        parents = pairs.label.copy()
        parents[:last] = pairs.label[numpy.maximum(pairs.parent[:last], 0)]
        original(pairs._replace(label=parents), first, last, violated, asked, found, n)

    original = stored.first_pairs
    monkeypatch.setattr(stored, "first_pairs", with_the_parents_label)
    assert found(holes(((0, 1),), kind)) != {(0, 1)}


def test_a_mutant_that_lets_one_model_serve_sets_of_other_models_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(families, "_fits", lambda *_: True)
    asked = question(holes(()), 1)
    others = {kinds: holes(((1,),)) if 1 in kinds else holes(((0,),)) for kinds in asked.models}
    different = Question(asked.kinds, 1, others)
    assert set(breaking_sets(different).broken["always"]) != obviously_broken_by(different)


def obviously_broken_by(asked: Question) -> set[Kinds]:
    def budgets(kinds: Kinds) -> dict[str, int]:
        return {asked.kinds[each]: kinds.count(each) for each in kinds}

    explored = {kinds: python.explore(replace(model, budgets=budgets(kinds))) for kinds, model in asked.models.items()}
    return minimal([kinds for kinds, each in explored.items() if each.counterexamples])


def test_a_mutant_that_lets_everybody_step_under_any_set_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Family, "absent", lambda _: {})
    asked = helped()
    assert set(breaking_sets(asked).broken["few"]) != obviously_broken(asked)


def test_a_mutant_that_follows_no_label_of_which_something_is_still_asked_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = breaking._Search._inherit

    def all_of_it(self: Any, size: int) -> None:
        original(self, size)
        self._broken.update({kinds: bits or (len(kinds) > 1) * 1 for kinds, bits in self._broken.items()})

    monkeypatch.setattr(breaking._Search, "_inherit", all_of_it)
    assert found(holes(((0, 1),))) != {(0, 1)}


def test_sets_that_have_too_many_values_together_are_decided_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Any, size: int, asked: Any, run: Any = LabelSearch.run) -> Any:
        if size == 2:
            raise UnboundedError("The component takes too many values.")
        return run(self, size, asked)

    monkeypatch.setattr(LabelSearch, "run", full)
    model = holes(((0,), (1, 2), (3, 3, 3)))
    asked: list[Kinds] = []
    answer = breaking_sets(replace(question(model, 2), alone=deciding_alone(model, asked)))
    assert set(answer.broken["always"]) == {(0,), (1, 2)}
    assert {len(each) for each in asked} == {2}
    with pytest.raises(UnboundedError):
        breaking_sets(question(model, 2))


def deciding_alone(model: Model, asked: list[Kinds]) -> Alone:
    def alone(kinds: Kinds, names: Sequence[str]) -> Decision:
        asked.append(kinds)
        budgets = {KINDS[each]: kinds.count(each) for each in kinds}
        found = python.explore(replace(model, budgets=budgets))
        return Decision(found.counterexamples, (), (), found.faults_fired, found.states, None)

    return alone


def test_a_set_with_too_many_values_beside_others_is_decided_alone_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two faults leave fifteen values; half of the numbers are kept for what comes behind a set that is cut short."""
    monkeypatch.setattr(interned, "FIELD_MASK", 15)
    model = holes(((0,), (1, 2), (2, 3), (3, 3, 3)))
    asked: list[Kinds] = []
    answer = breaking_sets(replace(question(model, 2), alone=deciding_alone(model, asked)))
    whole = breaking_sets(question(model, 2))
    assert 0 < len(asked) < len([each for each in answer.holding if len(each) == 2])
    assert {len(each) for each in asked} == {2}
    assert set(answer.broken["always"]) == set(whole.broken["always"]) == {(0,), (1, 2), (2, 3)}
    assert (answer.undecided, answer.stopped) == ({"always": []}, None)
    assert set(answer.holding) == set(whole.holding)


def test_what_a_limit_leaves_undecided_of_a_set_by_itself_is_undecided_for_that_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interned, "FIELD_MASK", 15)
    stop = Stop(Limit.STATES, "it reached 3 states")
    nothing = Decision({}, ("always",), (), frozenset(), 3, stop)
    answer = breaking_sets(replace(question(holes(((0,),)), 2), alone=lambda *_: nothing))
    assert answer.undecided["always"]
    assert {each for each in answer.holding if len(each) == 2}, "the search has decided the others"
    assert answer.stopped == stop


def test_what_was_learned_until_there_were_too_many_values_is_verified_and_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fifteen ways to be damaged by two faults are more than have numbers here, and four of one set are not."""
    for each in (interned, tables):
        monkeypatch.setattr(each, "FIELD_MASK", 7)
    kept: list[object] = []

    def made(*arguments: Any, **options: Any) -> LabelTables:
        found = label_tables(*arguments, **options)
        found.verified = lambda: kept.append(found)
        return found

    monkeypatch.setattr("deadheat.sim.explore.labels.search.label_tables", begun := Mock(side_effect=made))
    model = holes(((0,), (1, 2), (3, 3, 3)))
    asked: list[Kinds] = []
    answer = breaking_sets(replace(question(model, 2), alone=deciding_alone(model, asked)))
    assert set(answer.broken["always"]) == {(0,), (1, 2)}
    assert {len(each) for each in asked} == {2}
    assert (begun.call_count, kept) == (1, [])
