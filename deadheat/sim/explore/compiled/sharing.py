"""Among how many cores a search is shared out, and whether it is shared out evenly."""

from __future__ import annotations

from collections.abc import Sequence

from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.options import SearchOptions, cores_of_the_process

__all__ = ["can_spread", "cores_for", "is_uneven"]

UNEVEN = 1.5
"""How many times its part of a layer a core may get."""


def cores_for(states: int, options: SearchOptions, tuning: Tuning) -> int:
    """Return how many cores a search with so many states should use."""
    return options.cores or (cores_of_the_process() if states >= tuning.states_before_all_cores else 1)


def is_uneven(layer: Sequence[tuple[int, int]], tuning: Tuning) -> bool:
    """Return whether some core has far more than its part of a layer, of which each has a range, and it is large."""
    sizes = [last - first for first, last in layer]
    return len(sizes) > 1 and sum(sizes) >= tuning.states_spread and max(sizes) > UNEVEN * sum(sizes) / len(sizes)


def can_spread(layout: Layout, spread: int) -> bool:
    """Return whether states that were spread so widely could be spread more widely (see `Layout.shard_masks`)."""
    return layout.shard_masks(spread=spread) != layout.shard_masks(spread=spread + 1)
