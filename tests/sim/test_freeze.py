"""When two standings of a generator are the same, and when they are not."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import pytest

from deadheat.sim.freeze import Unfreezable, freeze, freeze_generator, merging_is_safe

Gen = Generator[Any, Any, Any]


def standing(role: Callable[..., Gen], *answers: Any, arguments: tuple[Any, ...] = ()) -> Any:
    generator = role(*arguments)
    next(generator)
    for answer in answers:
        generator.send(answer)
    return freeze_generator(generator, arguments)


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


@pytest.mark.parametrize(
    "value", [Mutable(), {1}, bytearray(), object(), (each for each in tuple[int, ...]()), iter({1: 2})]
)
def test_what_has_no_value_is_never_equal(value: Any) -> None:
    if isinstance(value, Generator):
        next(value, None)
        assert freeze(value)  # a finished generator has no future but to be finished
        return
    with pytest.raises(Unfreezable):
        freeze(value)


def test_equal_numbers_of_different_kinds_are_different_values() -> None:
    assert len({freeze(1), freeze(True), freeze(1.0), freeze("1")}) == 4
    assert freeze(0.0) != freeze(-0.0)


def test_values_are_compared_by_content() -> None:
    assert freeze((Frozen(1), "a", None)) == freeze((Frozen(1), "a", None))
    assert freeze(Frozen(1)) != freeze(Frozen(2))


def test_the_order_of_a_dictionary_counts() -> None:
    assert freeze({1: 1, 2: 2}) != freeze({2: 2, 1: 1})


def test_looking_does_not_change_what_is_seen() -> None:
    def role() -> Gen:
        value = yield 1
        yield value

    generator = role()
    next(generator)
    assert freeze_generator(generator) == freeze_generator(generator)
    generator.send(5)
    assert freeze_generator(generator) == freeze_generator(generator)
