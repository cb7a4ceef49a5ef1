"""Which labels roles put on their steps, as their code says, whether or not a run comes to them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.sim.operations import Label, Operation
from deadheat.sim.run.coverage import labels_of

FIRST, SECOND, THIRD, FOURTH = (Label(name, f"the {name} step") for name in ("first", "second", "third", "fourth"))
STEP = Operation("store", "step")


def inner() -> Generator[Operation, Any, None]:
    yield SECOND(STEP)


def outer() -> Generator[Operation, Any, None]:
    yield FIRST(STEP)
    yield from inner()


def other() -> Generator[Operation, Any, None]:
    yield THIRD(STEP)
    yield FOURTH(STEP)
    yield from inner()


def test_labels_are_found_function_by_function_in_the_order_in_which_they_are_named() -> None:
    assert labels_of([outer, other]) == (FIRST, SECOND, THIRD, FOURTH)
    assert labels_of([other, outer]) == (THIRD, FOURTH, SECOND, FIRST)


def helper() -> Operation:
    return FIRST(STEP)


class Holder:
    """Something with a method."""

    def go(self) -> Generator[Operation, Any, None]:
        yield SECOND(STEP)


HOLDER = Holder()
STEPS = {"third": THIRD}
LIST = (FOURTH,)


def by_a_helper() -> Generator[Operation, Any, None]:
    yield helper()


def by_a_method() -> Generator[Operation, Any, None]:
    yield from HOLDER.go()


def by_containers() -> Generator[Operation, Any, None]:
    yield STEPS["third"](STEP)
    yield LIST[0](STEP)


def test_labels_are_found_in_helpers_methods_and_containers_too() -> None:
    """One that is overlooked would make no verdict vacuous, although no run makes its step."""
    assert labels_of([by_a_helper]) == (FIRST,)
    assert labels_of([by_a_method]) == (SECOND,)
    assert labels_of([by_containers]) == (THIRD, FOURTH)
