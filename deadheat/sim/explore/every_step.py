"""Step properties that a step can violate although it changes nothing of what they read.

A search asks a step property only of steps that change something it reads: for most, no other step matters. Where one
does, the tables notice that as soon as they know the values it reads, and the search is done again, with that property
asked of every step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

from deadheat.sim.learn.tables import WantsMoreError
from deadheat.sim.learn.watches import EveryStepError
from deadheat.sim.model import Model

__all__ = ["asked_of_every_step", "asking_every_step", "named_in"]

Search = TypeVar("Search", bound=Callable[..., Any])
"""A function of a model, and whatever else."""


def asking_every_step(search: Search) -> Search:
    """Return the search, done again as often as one more property has to be asked of every step."""

    @wraps(search)
    def searched(model: Model, *arguments: Any, **named: Any) -> Any:
        while True:
            try:
                return search(model, *arguments, **named)
            except EveryStepError as error:
                model = asked_of_every_step(model, [*named_in(model), error.name])
            except WantsMoreError:  # which is noted: all is learned the next time
                continue

    return cast(Search, searched)


def asked_of_every_step(model: Model, names: Collection[str]) -> Model:
    """Return the model with just the properties of these names asked of every step."""
    properties = (replace(each, every_step=each.name in names) for each in model.properties)
    return replace(model, properties=tuple(properties))


def named_in(model: Model) -> list[str]:
    """Return the names of the properties that are asked of every step."""
    return [each.name for each in model.properties if each.every_step]
