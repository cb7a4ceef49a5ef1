"""Whatever can be a value can be shown, without a memory address."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, NamedTuple

import pytest

from deadheat.sim.freeze import freeze
from deadheat.sim.render import render


@dataclass(frozen=True)
class Plain:
    number: int


class Pair(NamedTuple):
    one: Any
    other: Any


class Colour(Flag):
    RED = auto()
    BLUE = auto()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (-0.0, "-0.0"),
        (1j, "1j"),
        (b"a", "b'a'"),
        ("a", "a"),
        (..., "..."),
        (range(3), "range(0, 3)"),
        ((1,), "(1,)"),
        (frozenset({"b", "a"}), "{a, b}"),
        (Plain(1), "Plain(number=1)"),
        (Pair(1, ()), "Pair(one=1, other=())"),
        (Colour.RED, "1"),
        (Colour.RED | Colour.BLUE, "3"),
        (Colour(0), "0"),
        (math, "math"),
        (Plain, "Plain"),
        (render, "render"),
        (len, "len"),
        (re.I, "2"),
    ],
)
def test_every_value_has_a_text(value: Any, text: str) -> None:
    freeze(value)
    assert render(value) == text


def test_what_is_no_value_has_none() -> None:
    with pytest.raises(TypeError, match="cannot be shown"):
        render(object())
