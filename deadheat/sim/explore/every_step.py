"""Step properties that a step can violate although it changes nothing of what they read.

A search asks a step property only of steps that change something it reads: for most, no other step matters. Where one
does, the tables notice that as soon as they know the values it reads, and the search is done again, with that property
asked of every step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, cast

from deadheat.sim.model import Model
from deadheat.sim.tables import EveryStepError

__all__ = ["asking_every_step"]

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
                model = _asking_every_step(model, error.name)

    return cast(Search, searched)


def _asking_every_step(model: Model, name: str) -> Model:
    properties = (replace(each, every_step=each.every_step or each.name == name) for each in model.properties)
    return replace(model, properties=tuple(properties))
