"""How many states there will have been: extrapolated from the layers that were seen whole.

A layer is what lies at one distance from the initial state. Where processes take their steps side by side, layers grow
ever more slowly, and then shrink: the logarithm of their growth falls about as a line does, as it does for a bell. So a
line is laid through the last growths, and followed until the layers are empty. Lines through more or fewer growths say
how far that can be trusted; where they show no end, nothing is said. It is a guess all the same: what begins only late,
such as a retry that a fault brings about after all else is done, no layer has announced yet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

__all__ = ["Estimate", "estimated"]

WINDOWS = (4, 6, 8, 12, 16)
"""Lines are laid through so many of the last growths."""

LAYERS_MIN, STATES_MIN = 6, 1_000
"""Fewer layers, or states, say nothing."""

MARGIN = 2
"""What the lines agree on may still be so many times too much, or too little."""

WIDEST = 100
"""A bound that is so many times what is likely is none."""

LAYERS_MAX = 2_000
"""A space of more layers than these is one whose end cannot be seen."""


class Estimate(NamedTuple):
    """The states that there may be in all, and between which bounds.

    Where no end is in sight, `high` is None, and `low` is what was seen.
    """

    likely: int
    low: int
    high: int | None


def estimated(layers: Sequence[int]) -> Estimate | None:
    """Return how many states there may be, by the sizes of the layers seen so far; None where they say nothing."""
    growths = [math.log(after / before) for before, after in pairwise(layers)]
    seen = sum(layers)
    if len(layers) < LAYERS_MIN or seen < STATES_MIN:
        return None
    totals = sorted(seen + _to_come(layers, growths, window) for window in WINDOWS if window <= len(growths))
    finite = [total for total in totals if math.isfinite(total)]
    if 2 * len(finite) <= len(totals):
        return None
    likely, high = median(finite), totals[-1] * MARGIN
    if high > WIDEST * likely:
        return Estimate(round(likely), seen, None)
    low = max(seen, math.sqrt(seen * finite[0]) / MARGIN)  # the farther a line is followed, the less it says
    return Estimate(round(likely), round(low), round(high))


def _to_come(layers: Sequence[int], growths: Sequence[float], window: int) -> float:
    """Return how many states are still to come, by a line through so many of the last growths."""
    last = growths[-window:]
    middle, mean = (window - 1) / 2, sum(last) / window
    slope = sum((n - middle) * growth for n, growth in enumerate(last)) / sum((n - middle) ** 2 for n in range(window))
    size, total = float(layers[-1]), 0.0
    for number in range(window, window + LAYERS_MAX):
        size *= math.exp(min(mean + slope * (number - middle), 50.0))
        total += size
        if size < 1:
            return total
        if total > 1e18:
            break
    return math.inf
