"""What a search by runs was worth: what it has seen, and an estimate of what there is.

How many states there are is estimated from how many were met in one run alone, and in two (Chao2, in which runs are
the samples: Anne Chao, "Estimating the population size for capture-recapture data with unequal catchability", 1987).
That is a lower bound of what runs like these would come to see in the end, and no more: what they hardly ever reach is
not in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from deadheat.sim.sample.walker import Walker

__all__ = ["Estimate", "Worth", "chao2", "worth_of"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """How many states there are at least, and the standard error of that; None where nothing can be said of it."""

    states: int
    error: int | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What was seen by all runs together.

    `labels` are the labelled steps that were taken. Of pairs of steps of two processes that are in conflict, `pairs`
    were seen in one order or the other, and `both_orders` in both. `is_whole` says that all states seen were counted.
    """

    states: int
    labels: tuple[str, ...]
    pairs: int
    both_orders: int
    faults: tuple[str, ...]
    estimate: Estimate | None
    is_whole: bool


def worth_of(walker: Walker) -> Worth:
    """Return what all runs of a walker were worth."""
    seen, pairs = walker.seen, walker.seen.pairs
    either = pairs | pairs.T
    visits = seen.visits
    once, twice = int((visits == 1).sum()), int((visits == 2).sum())
    return Worth(
        walker.states,
        seen.labels,
        int(either.sum() + either.diagonal().sum()) // 2,
        int((pairs & pairs.T).sum() + (pairs & pairs.T).diagonal().sum()) // 2,
        tuple(sorted(seen.faults)),
        chao2(walker.states, once, twice, walker.runs) if walker.is_whole else None,
        walker.is_whole,
    )


def chao2(seen: int, once: int, twice: int, runs: int) -> Estimate | None:
    """Return how many there are, of which so many were seen, some in one run alone, some in two; None before two."""
    if runs < 2:
        return None
    factor = (runs - 1) / runs
    if not twice:  # the form without bias, which has no error of its own
        return Estimate(round(seen + factor * once * (once - 1) / 2), None)
    ratio = once / twice
    variance = twice * (factor * ratio**2 / 2 + factor**2 * ratio**3 + factor**2 * ratio**4 / 4)
    return Estimate(round(seen + factor * once**2 / (2 * twice)), round(math.sqrt(variance)))
