"""How many examples a property is tried on: few in every run, many with `-m slow`.

The few are those with which the many begin, since examples follow from the property (tests/conftest.py). They must meet
every clause that the property is about, and let every mutant be noticed that a test breaks it with.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

__all__ = ["tried", "tried_on"]

Test = Callable[..., None]


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
