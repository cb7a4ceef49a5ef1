"""What an exploration is asked for, and what it found: the same for every explorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from deadheat.sim.coverage import Site
from deadheat.sim.model import Model
from deadheat.sim.trace import Schedule

__all__ = ["Exploration", "Explorer", "Limits", "Progress", "Report"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a search stops short; what it has not seen by then is inconclusive."""

    states_max: int = 10_000_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: distinct states stored, transitions taken, states waiting, and depth in transitions."""

    states: int
    transitions: int
    frontier: int
    depth: int


Report = Callable[[Progress], None]
"""Receives the progress of a search now and then."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a search found.

    `counterexamples` maps each property that is violated to a shortest schedule that violates it. A property that is
    not in it holds if the search is `complete`, and is undecided otherwise. `reductions` names what merged or left
    out states; `storage` says whether states were told apart exactly. `reached` and `faults_fired` are what some
    explored run did.
    """

    explorer: str
    states: int
    transitions: int
    depth: int
    complete: bool
    counterexamples: Mapping[str, Schedule]
    reached: frozenset[Site]
    labels_reached: frozenset[str]
    faults_fired: frozenset[str]
    reductions: tuple[str, ...]
    storage: str = "exact"


class Explorer(Protocol):
    """The one face of all searches: a model in, an `Exploration` out.

    Counterexamples are shortest, in transitions. `merging` allows histories of a process to be merged where they
    cannot be told apart.
    """

    def __call__(
        self, model: Model, limits: Limits = ..., *, merging: bool = ..., report: Report | None = ...
    ) -> Exploration:
        """Explore a model."""
        ...
