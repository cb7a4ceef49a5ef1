"""Two names that change places within values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, NamedTuple

import pytest

from deadheat.sim.exchange import Exchange
from deadheat.sim.freeze import freeze
from deadheat.sim.operations import Operation, atomically

EXCHANGE = Exchange("e1", "e2")


class Pair(NamedTuple):
    who: str
    other: Any


@dataclass(frozen=True)
class Plain:
    who: str


@dataclass(frozen=True, slots=True)
class Slotted:
    who: str
    other: Any = None


class Side(StrEnum):
    LEFT = "e1"
    RIGHT = "e2"
    NONE = "none"


class Number(Enum):
    ONE = 1


@pytest.mark.parametrize(
    ("value", "exchanged"),
    [
        ("e1", "e2"),
        ("worker/e2", "worker/e1"),
        ("lock:{e1}", "lock:{e2}"),
        ("job-e1, job_e2", "job-e2, job_e1"),
        ("e1e2 e10 xe1", "e1e2 e10 xe1"),
        (("e1", 1, None, 2.5, b"e1"), ("e2", 1, None, 2.5, b"e1")),
        (Pair("e1", ("e2",)), Pair("e2", ("e1",))),
        (Plain("e1"), Plain("e2")),
        (Slotted("x/e1", Slotted("e3", frozenset({"e2"}))), Slotted("x/e2", Slotted("e3", frozenset({"e1"})))),
        ((Side.LEFT, Side.RIGHT, Side.NONE, Number.ONE), (Side.RIGHT, Side.LEFT, Side.NONE, Number.ONE)),
        (
            atomically(Operation("status/e1", "get", ("e1",), label="T4"), Operation("all", "get")),
            atomically(Operation("status/e2", "get", ("e2",), label="T4"), Operation("all", "get")),
        ),
    ],
)
def test_names_change_places_as_whole_words_wherever_they_stand(value: Any, exchanged: Any) -> None:
    assert freeze(EXCHANGE.value(value)) == freeze(exchanged)
    assert freeze(EXCHANGE.value(exchanged)) == freeze(value)
    assert type(EXCHANGE.value(value)) is type(value)


@pytest.mark.parametrize("value", ["e3", ("e3", 1), Pair("e3", ()), Slotted("e3"), frozenset({"e3", "e4"})])
def test_what_holds_no_name_is_the_very_value(value: Any) -> None:
    assert EXCHANGE.value(value) is value


def test_a_name_may_have_several_words_and_stand_within_another() -> None:
    exchange = Exchange("resource 1", "resource 12")
    assert exchange.text("manager of resource 1") == "manager of resource 12"
    assert exchange.text("manager of resource 12") == "manager of resource 1"
    assert exchange.text("resource 123") == "resource 123"
