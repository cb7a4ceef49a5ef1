"""Where a search stops short."""

from __future__ import annotations

from collections.abc import Callable

from deadheat.sim.counting import counted
from deadheat.sim.explore.memory import out_of_memory
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.growth import SUSPICIOUS

__all__ = ["limit_reached"]

STATES_WITHOUT_LOOKING = 20_000
"""A search with fewer states than this does not ask how much memory it has taken."""


def _nothing_known(at_least: int) -> None:
    """Know nothing of what grows."""
    del at_least


def limit_reached(
    options: SearchOptions, states: int, growing: Callable[[int], str | None] = _nothing_known
) -> str | None:
    """Return which limit a search with so many states has reached, or None.

    `growing` tells what has grown most, if it took on so many values (see `Tables.growing`).
    """
    reason = _limit_reached(options, states)
    if reason is not None:
        grown = growing(SUSPICIOUS)
        return f"{reason}; {grown}, and may have no bound" if grown else reason
    grown = growing(options.values_max) if options.values_max else None
    return f"{grown}, and seems to have no bound; give it one, or raise --max-values" if grown else None


def _limit_reached(options: SearchOptions, states: int) -> str | None:
    if options.asked():
        return "it was interrupted"
    if states > options.states_max:
        return f"it reached {counted(options.states_max, 'state')} (--max-states)"
    return out_of_memory(options.memory_bytes_max) if states >= STATES_WITHOUT_LOOKING else None
