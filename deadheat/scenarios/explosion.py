"""What would make a space that was too large smaller: one fault less, one evaluation less, a size less.

For a fault that is in what was seen (see `made_of`). For anything else, the smaller space is explored, as far as that
is quickly done, and compared with what was seen within the same distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ModelError, UsageError
from deadheat.sim.explore import python
from deadheat.sim.explore.made_of import MadeOf
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.tables import Tables

__all__ = ["Cut", "Less", "cuts"]

QUICKLY = 20_000
"""So many states of a smaller space are explored, at most."""

WORTH_IT = 1.2
"""What leaves more than that part of the states helps nobody."""


class Less(StrEnum):
    """What there can be less of."""

    FAULT = "fault"
    EVALUATIONS = "evaluations"
    SETTING = "setting"


@dataclass(frozen=True, slots=True)
class Cut:
    """What there would be less of, by name, how much of it is `left`, and how many times fewer states that makes."""

    less: Less
    name: str
    left: int
    factor: float


def cuts(scenario: Scenario, made_of: MadeOf, search: SearchOptions) -> tuple[Cut, ...]:
    """Return what would cut a space, and by how much; what cuts most comes first."""
    found = [*_less_of_faults(scenario, made_of), *_smaller(scenario, made_of, search)]
    return tuple(sorted((each for each in found if each.factor >= WORTH_IT), key=lambda each: -each.factor))


def _less_of_faults(scenario: Scenario, made_of: MadeOf) -> Iterator[Cut]:
    for part in made_of.of_kind("fault"):
        yield Cut(Less.FAULT, part.name, 0, part.factor)
        if part.once_less is not None:
            yield Cut(Less.FAULT, part.name, dict(scenario.faults)[part.name] - 1, part.once_less)


def _smaller(scenario: Scenario, made_of: MadeOf, search: SearchOptions) -> Iterator[Cut]:
    smaller: list[tuple[Less, str, int, dict[str, Any]]] = []
    if scenario.evaluations > 1:
        left = scenario.evaluations - 1
        smaller.append((Less.EVALUATIONS, "evaluations", left, {"evaluations": left}))
    for name, value in scenario.settings:
        if value.isdecimal() and int(value) > 1:
            left = int(value) - 1
            settings = tuple((each, str(left) if each == name else held) for each, held in scenario.settings)
            smaller.append((Less.SETTING, name, left, {"settings": settings}))
    for less, name, left, changes in smaller:
        try:
            factor = _times_fewer(replace(scenario, **changes), made_of, search)
        except (ModelError, UsageError):  # there is none so small
            continue
        yield Cut(less, name, left, factor)


def _times_fewer(smaller: Scenario, made_of: MadeOf, search: SearchOptions) -> float:
    """Return how many times fewer states there are within the same distance, as far as both were explored."""
    quick = replace(search, states_max=QUICKLY, checkpoint=None)
    tables = Tables(replace(smaller.model(), properties=()), merging=search.merging is not False)
    found = python.Search(tables, quick, None)
    found.run()
    layers = found.layer_sizes[:-1] or found.layer_sizes if found.stopped else found.layer_sizes
    within = min(len(layers), len(made_of.layers)) if found.stopped else len(made_of.layers)
    return sum(made_of.layers[:within]) / sum(layers[:within])
