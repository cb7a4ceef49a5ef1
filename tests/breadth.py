"""How many examples a property is tried on: few in every run, many with `-m slow`.

The few are those with which the many begin, since examples follow from the property (tests/conftest.py). They must meet
every clause that the property is about, and let every mutant be noticed that a test breaks it with.

Of a campaign that goes through everything there is, every run has the part of its day (tests/conftest.py).
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Collection, Iterable
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

from tests.conftest import FORCING_DAY

__all__ = ["DAY", "campaign", "drawn", "tried", "tried_on"]

DAY = os.environ[FORCING_DAY]

Test = Callable[..., None]
T = TypeVar("T")


def tried(property_: Test, *strategies: SearchStrategy[Any], examples: int, **fixtures: Any) -> None:
    """Try a property on so many examples; its last arguments are drawn."""
    often = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    often(given(*strategies)(property_))(**fixtures)


def tried_on(*strategies: SearchStrategy[Any], few: int, many: int) -> Callable[[Test], Test]:
    """Make two tests of a property: of few examples, and a slow one of many.

    Its last arguments are drawn, one by each strategy; those before them are fixtures.
    """

    def tests_of(property_: Test) -> Test:
        @wraps(property_)
        def test(examples: int, **fixtures: Any) -> None:
            tried(property_, *strategies, examples=examples, **fixtures)

        asked = list(signature(property_).parameters.values())[: -len(strategies)]
        test.__signature__ = signature(test).replace(  # type: ignore[attr-defined]
            parameters=[Parameter("examples", Parameter.POSITIONAL_OR_KEYWORD), *asked]
        )
        made: Test = pytest.mark.parametrize("examples", [few, pytest.param(many, marks=pytest.mark.slow)])(test)
        return made

    return tests_of


def drawn(day: str, campaign: str, everything: Iterable[T], count: int) -> list[T]:
    """Return the part of a campaign that is tried on a day: so much of everything."""
    return random.Random(f"{day}/{campaign}").sample(list(everything), count)


def campaign(name: str, everything: Collection[Any], count: int) -> list[Any]:
    """Return all parameters of a campaign; those that are not drawn today are slow."""
    today = drawn(DAY, name, everything, count)
    return [each if each in today else pytest.param(each, marks=pytest.mark.slow) for each in everything]
