"""When two local states of a generator are the same, and when they are not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import date
from enum import Flag, auto
from typing import Any, NamedTuple

import pytest

from deadheat.sim.freeze import Reordered, Shared, Unfreezable, freeze, freeze_generator, merging_is_safe

Gen = Generator[Any, Any, Any]


def standing(role: Callable[..., Gen], *answers: Any, arguments: tuple[Any, ...] = ()) -> Any:
    generator = role(*arguments)
    next(generator)
    for answer in answers:
        generator.send(answer)
    return freeze_generator(generator, Shared(role, arguments))


def test_this_interpreter_shows_enough_to_merge() -> None:
    assert merging_is_safe()


def test_the_same_place_with_the_same_locals_is_the_same() -> None:
    def role() -> Gen:
        last = yield 1
        while True:
            last = yield last

    assert standing(role, "a", "b")[1:] == standing(role, "c", "b")[1:]
    assert standing(role, "a", "b")[1:] != standing(role, "a", "c")[1:]


def test_an_iterator_on_the_stack_is_seen() -> None:
    def role() -> Gen:
        for _ in ("a", "a", "a"):
            yield 1

    assert standing(role)[1:] != standing(role, None)[1:] != standing(role, None, None)[1:]


def test_a_half_evaluated_expression_on_the_stack_is_seen() -> None:
    def role() -> Gen:
        yield (yield 1) + (yield 2)

    assert standing(role, 1)[1:] != standing(role, 2)[1:]


def test_closure_cells_are_seen() -> None:
    def role() -> Gen:
        count = 0

        def bump(by: int) -> None:
            nonlocal count
            count += by

        while True:
            bump((yield 0))

    module_level = standing(role, 1), standing(role, 2)
    assert module_level[0][1:] != module_level[1][1:]


def test_the_generator_that_a_role_delegates_to_is_seen() -> None:
    def inner(times: int) -> Gen:
        for _ in range(times):
            yield 1

    def role() -> Gen:
        yield from inner(3)

    assert standing(role)[1:] != standing(role, None)[1:]


def test_a_place_is_the_same_whether_or_not_somebody_has_looked_before() -> None:
    beyond = "a name of the closure, which an interpreter lists after all locals"

    def role() -> Gen:
        yield 1
        first = yield 2
        yield first, beyond

    looked_at, other = role(), role()
    stands = []
    for each in (looked_at, other):
        next(each)
        if each is looked_at:
            freeze_generator(each)  # `first` is not bound yet, and comes last in what some interpreters keep
        next(each)
        each.send("x")
        stands.append(freeze_generator(each))
    assert stands[0] == stands[1]


def test_an_unbound_local_is_told_from_a_bound_one() -> None:
    def role() -> Gen:
        if (yield 1):
            first = 7
            yield first
            return
        second = 7
        yield second

    def other() -> Gen:
        bind_first = yield 1
        if bind_first:
            first = 7
        else:
            second = 7
        del bind_first
        yield 2
        yield first if "first" in locals() else second

    assert standing(other, True)[1:] != standing(other, False)[1:]


def test_one_list_under_two_names_is_told_from_two_equal_lists() -> None:
    def role() -> Gen:
        shared = yield 1
        first: list[int] = []
        second = first if shared else []
        del shared
        yield 2
        first.append(1)
        yield len(second)

    assert standing(role, True)[1:] != standing(role, False)[1:]


@dataclass
class Mutable:
    number: int = 0


@dataclass(frozen=True)
class Frozen:
    number: int = 0


@dataclass(frozen=True)
class FrozenList(list[int]):
    number: int = 0


@dataclass(frozen=True)
class FrozenText(str):
    number: int = 0


@dataclass(frozen=True, init=False)
class FrozenDay(date):
    """What it is a day of is in no field."""


@dataclass(frozen=True)
class FrozenError(Exception):
    number: int = 0


@dataclass(frozen=True, eq=False)
class ByIdentity:
    number: int = 0


class WithHiddenSlot:
    __slots__ = ("hidden",)


@dataclass(frozen=True, slots=True)
class Hiding(WithHiddenSlot):
    number: int = 0


class Pair(NamedTuple):
    one: int
    other: int


class PairWithMore(Pair):
    """It has a dictionary, which a named tuple has not."""


class Colour(Flag):
    RED = auto()
    BLUE = auto()


class Shade(Flag):
    RED = auto()


class Stateful:
    def bump(self) -> None: ...


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {1},
        bytearray(),
        ([],),
        Frozen([]),  # type: ignore[arg-type]
        (each for each in tuple[int, ...]()),
        iter((1, 2)),
        iter({1: 2}),
        object(),
        Mutable(),
        FrozenList(),
        FrozenText(),
        FrozenDay(2000, 1, 1),
        FrozenError(),
        ByIdentity(),
        Hiding(),
        PairWithMore(1, 2),
        Stateful().bump,
        [].append,
        lambda: 0,
        type("Local", (), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_can_change_or_is_compared_by_identity_is_no_value(value: Any) -> None:
    with pytest.raises(Unfreezable):
        freeze(value)


def test_equal_numbers_of_different_kinds_are_different_values() -> None:
    assert len({freeze(1), freeze(True), freeze(1.0), freeze("1")}) == 4
    assert freeze(0.0) != freeze(-0.0)
    assert len({freeze(complex(one, other)) for one in (0.0, -0.0) for other in (0.0, -0.0)}) == 4


def test_values_are_compared_by_content() -> None:
    assert freeze((Frozen(1), "a", None, Pair(1, 2))) == freeze((Frozen(1), "a", None, Pair(1, 2)))
    assert freeze(Frozen(1)) != freeze(Frozen(2))
    assert freeze(Pair(1, 2)) != freeze((1, 2))
    assert freeze(range(3)) == freeze(range(3)) != freeze(range(4))
    assert freeze(freeze) == freeze(freeze) != freeze(freeze_generator)


def test_members_of_enumerations_are_told_apart_also_without_a_name() -> None:
    members = [Colour.RED, Colour.BLUE, Colour.RED | Colour.BLUE, Colour(0), Shade.RED, Shade(0)]
    assert len({freeze(each) for each in members}) == len(members)
    assert freeze(Colour.RED | Colour.BLUE) == freeze(Colour.BLUE | Colour.RED)


def test_a_frozen_set_in_another_order_is_the_same_value_to_python_alone() -> None:
    numbers = frozenset({1, 2, 3})
    other = Reordered(list(numbers)[::-1])
    assert (other, hash(other)) == (numbers, hash(numbers))
    assert list(other) == list(numbers)[::-1] != list(numbers)
    assert freeze(other) == freeze(numbers)


def test_the_order_of_a_dictionary_counts() -> None:
    def role() -> Gen:
        order = yield 0
        held = {each: each for each in order}
        del order
        yield held

    assert standing(role, (1, 2)) != standing(role, (2, 1))
    assert standing(role, (1, 2)) == standing(role, (1, 2))


def counter() -> Callable[[], int]:
    count = 0

    def bump() -> int:
        nonlocal count
        count += 1
        return count

    return bump


def test_a_function_that_a_run_has_made_is_compared_by_what_it_remembers() -> None:
    def role() -> Gen:
        bump = counter()
        while (yield 0):
            bump()

    assert standing(role, True) == standing(role, True) != standing(role, True, True)


def test_what_a_function_remembers_in_defaults_attributes_and_bound_objects_is_seen() -> None:
    def by_default() -> Gen:
        def note(seen: list[int] = []) -> None:  # noqa: B006 - the very point
            seen.append(1)

        while (yield 0):
            note()

    def by_attribute() -> Gen:
        def note() -> None: ...

        note.seen = 0  # type: ignore[attr-defined]
        while (yield 0):
            note.seen += 1  # type: ignore[attr-defined]

    def by_method() -> Gen:
        note = [0].append
        while (yield 0):
            note(1)

    def through_a_generator() -> Gen:
        numbers = (each for each in (1, 1, 1))
        while (yield 0):
            next(numbers)

    for role in (by_default, by_attribute, by_method, through_a_generator):
        assert standing(role, True) == standing(role, True), role
        assert standing(role, True) != standing(role, True, True), role


def test_a_function_made_anew_each_time_round_is_the_same() -> None:
    def role() -> Gen:
        while True:
            largest = max(each for each in (1, 2))

            def smallest() -> int:
                return 1

            yield largest + smallest()

    assert standing(role) == standing(role, None)


def test_a_class_that_a_run_has_made_may_remember_anything() -> None:
    def role() -> Gen:
        class Made(NamedTuple):
            number: int = 0

        made = Made()
        yield made

    def holding_the_class() -> Gen:
        class Made:
            count = 0

        while (yield 0):
            Made.count += 1

    for each in (role, holding_the_class):
        with pytest.raises(Unfreezable):
            standing(each)


def test_a_class_that_stands_around_the_role_is_shared_by_its_runs() -> None:
    class Around(NamedTuple):
        number: int = 0

    def role() -> Gen:
        made = Around()
        yield made

    assert standing(role) == standing(role)


SENTINEL = (1, 0)


def test_a_value_that_the_module_names_is_told_from_an_equal_one() -> None:
    def role() -> Gen:
        chosen = SENTINEL if (yield 0) else (lambda one: (one, 0))(1)
        yield 1
        yield chosen is SENTINEL

    assert standing(role, True) == standing(role, True) != standing(role, False)


def test_what_a_role_was_given_is_compared_by_identity() -> None:
    def role(given: Any) -> Gen:
        held = given
        yield held

    one, other = Stateful(), Stateful()
    assert standing(role, arguments=(one,)) == standing(role, arguments=(one,))
    generator = role(other)
    next(generator)
    with pytest.raises(Unfreezable):
        freeze_generator(generator)


def test_looking_does_not_change_what_is_seen() -> None:
    def role() -> Gen:
        value = yield 1
        yield value

    generator = role()
    next(generator)
    assert freeze_generator(generator) == freeze_generator(generator)
    generator.send(5)
    assert freeze_generator(generator) == freeze_generator(generator)
