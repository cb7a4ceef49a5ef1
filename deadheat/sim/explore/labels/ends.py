"""How a labelled search ends: with a shortest violation of a property, or with a limit."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.explore.stop import Stop

__all__ = ["End", "StoppedError"]


class StoppedError(Exception):
    """A limit ended the search; `stop` says which."""

    def __init__(self, stop: Stop) -> None:
        super().__init__(str(stop))
        self.stop = stop


@dataclass(frozen=True, slots=True)
class End:
    """Where a shortest violation of a property is found: a pair, or a step from it to the state `after`.

    `rank` is 1 where what violates is not quiescent, or meets faults; `length` counts the steps to there, and `whole`
    also those of other parts of the system, where they are searched alone.
    """

    label: Kinds
    pair: int
    length: int
    after: int | None = None
    rank: int = 0
    whole: int = 0
