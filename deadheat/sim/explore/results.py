"""What an exploration is asked for, and what it found: the same for every explorer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from deadheat.sim.counting import counted
from deadheat.sim.explore.memory import out_of_memory
from deadheat.sim.learn.growth import SUSPICIOUS
from deadheat.sim.model import Model
from deadheat.sim.run.coverage import Site
from deadheat.sim.trace import Schedule

__all__ = ["Exploration", "Explorer", "Limits", "Progress", "Report", "never", "reductions"]


def never() -> bool:
    """Never ask for a stop."""
    return False


def unknown(at_least: int) -> None:
    """Know nothing of what grows."""
    del at_least


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a search stops short; what it has not seen by then is inconclusive.

    `memory_bytes_max` bounds what the process takes; 0 stands for a safe share of the machine. A search that `asked`
    says is no longer wanted ends soon, with what it has. It may use so many `cores`. A counter in a
    role or component that takes on `values_max` values is taken for one without a bound; 0 stands for no such limit.
    """

    states_max: int = 10_000_000
    memory_bytes_max: int = 0
    asked: Callable[[], bool] = never
    cores: int = 1
    values_max: int = 0

    def reached(self, states: int, growing: Callable[[int], str | None] = unknown) -> str | None:
        """Return which limit a search with so many states has reached, or None.

        `growing` tells what has grown most, if it took on so many values (see `Tables.growing`).
        """
        reason = self._reached(states)
        if reason is not None:
            grown = growing(SUSPICIOUS)
            return f"{reason}; {grown}, and may have no bound" if grown else reason
        grown = growing(self.values_max) if self.values_max else None
        return f"{grown}, and seems to have no bound; give it one, or raise --max-values" if grown else None

    def _reached(self, states: int) -> str | None:
        if self.asked():
            return "it was interrupted"
        if states > self.states_max:
            return f"it reached {counted(self.states_max, 'state')} (--max-states)"
        return out_of_memory(self.memory_bytes_max) if states >= STATES_WITHOUT_LOOKING else None


STATES_WITHOUT_LOOKING = 20_000
"""A search with fewer states than this does not ask how much memory it has taken."""


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
    `values` are those that each component was seen to take.
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
    stopped: str | None = None
    bytes_per_state: float | None = None
    cores: int = 1
    remarks: tuple[str, ...] = ()
    values: Mapping[str, Collection[Any]] = field(default_factory=dict, compare=False)


def reductions(**used: bool) -> tuple[str, ...]:
    """Return the names of the reductions that were used."""
    return tuple(name.replace("_", "-") for name, is_used in used.items() if is_used)


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
