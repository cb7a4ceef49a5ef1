"""Where a search stops short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from deadheat.sim.counting import counted
from deadheat.sim.explore.memory import out_of_memory
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop
from deadheat.sim.learn.growth import SUSPICIOUS

__all__ = ["limit_reached"]

STATES_WITHOUT_LOOKING = 20_000
"""A search with fewer states than this does not ask how much memory it has taken."""


def _nothing_known(at_least: int) -> None:
    """Know nothing of what grows."""
    del at_least


def limit_reached(
    options: SearchOptions, states: int, growing: Callable[[int], str | None] = _nothing_known
) -> Stop | None:
    """Return which limit a search with so many states has reached, or None.

    `growing` tells what has grown most, if it took on so many values (see `Tables.growing`).
    """
    stop = _limit_reached(options, states)
    if stop is not None:
        return replace(stop, grown=growing(SUSPICIOUS))
    grown = growing(options.values_max) if options.values_max else None
    if grown is None:
        return None
    return Stop(Limit.VALUES, f"{grown}, and seems to have no bound; give it one, or raise the limit")


def _limit_reached(options: SearchOptions, states: int) -> Stop | None:
    if options.asked():
        return Stop(Limit.INTERRUPTED, "it was interrupted")
    if states > options.states_max:
        return Stop(Limit.STATES, f"it reached {counted(options.states_max, 'state')}")
    return out_of_memory(options.memory_bytes_max) if states >= STATES_WITHOUT_LOOKING else None
