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
