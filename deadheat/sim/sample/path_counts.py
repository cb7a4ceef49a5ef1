"""How many interleavings there are from each state on, counted exactly where a model's space can be exhausted.

An interleaving ends where nothing can happen any more. States that can come back to each other, a *component*, would
give it no end: what leads out of a component counts, and one for staying in it, and all its states have that number.
Without such cycles, choosing a transition with the weight of what it leads to makes every interleaving as likely as any
other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.learn.tables import Tables

__all__ = ["STATES_MAX", "Space", "counts_of", "explored", "thresholds_of"]

STATES_MAX = 5_000
"""Spaces of up to so many states are counted."""

WORD = 1 << 64

Space = Mapping[int, Sequence[int]]
"""Every state of a model, with the states that its transitions lead to, in their order."""


def explored(tables: Tables, states_max: int = STATES_MAX) -> Space | None:
    """Return all states of a model; None if there are more than so many."""
    initial = tables.initial()
    space: dict[int, list[int]] = {initial: []}
    waiting = [initial]
    while waiting:
        state = waiting.pop()
        space[state] = [after for _, after in tables.choices(state)]
        for after in space[state]:
            if after not in space:
                space[after] = []
                waiting.append(after)
        if len(space) > states_max:
            return None
    return space


def counts_of(space: Space) -> dict[int, int]:
    """Return the number of interleavings from each state on."""
    counts: dict[int, int] = {}
    for component in strong_components(space):  # those that others lead to come first
        leaving = sum(counts[after] for state in component for after in space[state] if after not in component)
        comes_back = any(after in component for state in component for after in space[state])
        counts.update(dict.fromkeys(component, leaving + comes_back or 1))
    return counts


def thresholds_of(space: Space, counts: Mapping[int, int]) -> dict[int, tuple[int, ...]]:
    """Return how to choose in each state: the n-th transition for a word of 64 bits below the n-th threshold."""
    return {
        state: tuple(
            min(WORD * part // whole, WORD - 1)
            for whole in [sum(counts[after] for after in following)]
            for part in accumulate(counts[after] for after in following)
        )
        for state, following in space.items()
        if following
    }
