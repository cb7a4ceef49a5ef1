"""What would make a space that was too large smaller: one fault less, one evaluation less, a size less.

For a fault that is in what was seen (see `made_of`). For anything else, the smaller space is explored, as far as that
is quickly done, and compared with what was seen within the same distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import ModelError, UsageError
from deadheat.sim.explore import python
from deadheat.sim.explore.made_of import MadeOf
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.tables import Tables

__all__ = ["Cut", "cuts"]

QUICKLY = 20_000
"""So many states of a smaller space are explored, at most."""

WORTH_IT = 1.2
"""What leaves more than that part of the states helps nobody."""


@dataclass(frozen=True, slots=True)
class Cut:
    """An option, in words, and how many times fewer states there are with it."""

    option: str
    factor: float


def cuts(scenario: Scenario, made_of: MadeOf, search: SearchOptions) -> tuple[Cut, ...]:
    """Return what would cut a space, and by how much; what cuts most comes first."""
    found = [*_less_of_faults(scenario, made_of), *_smaller(scenario, made_of, search)]
    return tuple(sorted((each for each in found if each.factor >= WORTH_IT), key=lambda each: -each.factor))


def _less_of_faults(scenario: Scenario, made_of: MadeOf) -> Iterator[Cut]:
    for part in made_of.of_kind("fault"):
        yield Cut(f"without {part.name}", part.factor)
        if part.once_less is not None:
            budget = dict(scenario.faults)[part.name]
            yield Cut(f"with {part.name}={budget - 1}", part.once_less)


def _smaller(scenario: Scenario, made_of: MadeOf, search: SearchOptions) -> Iterator[Cut]:
    smaller: list[tuple[str, dict[str, object]]] = []
    if scenario.evaluations > 1:
        smaller.append((f"with --evaluations {scenario.evaluations - 1}", {"evaluations": scenario.evaluations - 1}))
    for name, value in scenario.settings:
        if value.isdecimal() and int(value) > 1:
            less = str(int(value) - 1)
            settings = tuple((each, less if each == name else held) for each, held in scenario.settings)
            smaller.append((f"with --set {name}={less}", {"settings": settings}))
    for option, changes in smaller:
        try:
            factor = _times_fewer(replace(scenario, **changes), made_of, search)  # type: ignore[arg-type]
        except (ModelError, UsageError):  # there is none so small
            continue
        yield Cut(option, factor)


def _times_fewer(smaller: Scenario, made_of: MadeOf, search: SearchOptions) -> float:
    """Return how many times fewer states there are within the same distance, as far as both were explored."""
    quick = replace(search, states_max=QUICKLY, checkpoint=None)
    tables = Tables(replace(smaller.model(), properties=()), merging=search.merging is not False)
    found = python.Search(tables, quick, None)
    found.run()
    layers = found.layer_sizes[:-1] if found.stopped else found.layer_sizes
    within = min(len(layers), len(made_of.layers)) if found.stopped else len(made_of.layers)
    return sum(made_of.layers[:within]) / sum(layers[:within])
