"""What a search finds: the same for every explorer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deadheat.sim.explore.made_of import MadeOf
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Stop
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import Site
from deadheat.sim.trace import Schedule

__all__ = ["LARGE", "Exploration", "Explorer", "Progress", "Report", "reductions"]


LARGE = 1_000_000
"""With so many states, what they are made of is of interest."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a search is: distinct states stored, transitions taken, states waiting, and depth in transitions.

    `bytes_used` is the memory that the states take, where that is known. `growth` is how many states the last layer
    had for each one of the layer before it: below 1, the search is past its widest.
    """

    states: int
    transitions: int
    frontier: int
    depth: int
    bytes_used: int = 0
    growth: float = 0.0


Report = Callable[[Progress], None]
"""Receives the progress of a search now and then."""


@dataclass(frozen=True, slots=True)
class Exploration:
    """What a search found.

    `counterexamples` maps each property that is violated to a shortest schedule that violates it. A property that is
    not in it holds if the search is `complete`, and is undecided otherwise. `reductions` names what merged or left
    out states; `storage` says whether states were told apart exactly, and `omission_odds` bounds the odds that some
    state was taken for another one and so left out. `reached` and `faults_fired` are what some
    explored run did. `stopped` says which limit cut the search short; `bytes_per_state` what a stored state took,
    where that was measured; `cores` how many worked on it. `remarks` are sentences on why what was done is sound.
    `values` are those that each component was seen to take. `made_of` says what multiplies the states of a search that
    was cut short, or that has `LARGE` many.
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
    omission_odds: float = 0.0
    stopped: Stop | None = None
    bytes_per_state: float | None = None
    cores: int = 1
    remarks: tuple[str, ...] = ()
    values: Mapping[str, Collection[Any]] = field(default_factory=dict, compare=False)
    made_of: MadeOf | None = field(default=None, compare=False)


def reductions(**used: bool) -> tuple[str, ...]:
    """Return the names of the reductions that were used."""
    return tuple(name.replace("_", "-") for name, is_used in used.items() if is_used)


class Explorer(Protocol):
    """The one face of all searches: a model in, an `Exploration` out.

    Counterexamples are shortest, in transitions. Raises ModelError or PurityError where the model breaks a rule of the
    engine.
    """

    def __call__(self, model: Model, options: SearchOptions = ..., report: Report | None = ...) -> Exploration:
        """Explore a model."""
        ...
