"""The race window of a counterexample, in steps: between which two the race is on, and what makes it so.

It is what `deadheat window` says of the first step that comes when it likes and had to come in time: it came late
enough for some steps, and early enough for others. The race is on from the first of those that it came after to the
last of those that it came before.
"""

from __future__ import annotations

from dataclasses import dataclass

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.window import race_window
from deadheat.sim.errors import DeadheatError

__all__ = ["Race", "race_of"]

CUTS_MAX = 5_000
"""Nobody waits longer than a second or two for the window in a timeline; `deadheat window` takes its time."""


@dataclass(frozen=True, slots=True)
class Race:
    """The step that had to come in time, by its number, and the orders of steps (earlier, later) that this made.

    It had to come late enough for the orders in `late`, and early enough for those in `early`.
    """

    step: int
    late: tuple[tuple[int, int], ...]
    early: tuple[tuple[int, int], ...]

    @property
    def opens(self) -> int:
        """The step by which the window opens; 0 is the start."""
        return min((earlier for earlier, _ in self.late), default=0)

    @property
    def closes(self) -> int:
        """The step by which it closes."""
        return max(later for _, later in self.early)

    def is_on(self, number: int) -> bool:
        """Return whether the race is on at a step, the one that closes it included."""
        return self.opens < number <= self.closes


def race_of(counterexample: Counterexample) -> Race | None:
    """Return the race window; None where no step has to come in time, or where that is not to be told."""
    try:
        window = race_window(counterexample, (), CUTS_MAX)
    except DeadheatError:  # a run that never ends has none, and one of very many orders is not worth the wait
        return None
    for each in window.free:
        early = tuple(pair for pair in each.closes if window.steps[pair[1] - 1].previous != pair[0])
        if early:  # that a step comes before its own process's next is no race
            return Race(each.number, each.opens, early)
    return None
