"""Shortest runs that violate a property, by the breadth-first search of a check: what shrinking comes to in the end.

A run that was found at random, and shrunk, has few faults. With these alone, and each set of some of them, a space is
often small enough to be searched whole, however large it is with all faults that were asked for: so the fewest faults
are found, and the fewest steps with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import combinations

from deadheat.sim.explore.explorers import explore
from deadheat.sim.explore.options import SearchOptions, never
from deadheat.sim.model import Model
from deadheat.sim.trace import Schedule

__all__ = ["shortest_runs", "smaller_sets"]

STATES_MAX = 30_000
"""So many states are searched with one set of faults."""

FAULTS_MAX = 2
"""Sets of so many faults are tried at most; for more, what was made of the run itself has to do."""

SETS_MAX = 24
"""With so many sets of faults at most."""

FaultSet = tuple[tuple[str, int], ...]
"""Kinds of fault, each with how often it may happen, by name."""


def shortest_runs(
    model: Model, found: Mapping[str, Mapping[str, int]], asked: Callable[[], bool] = never
) -> Iterator[tuple[str, Schedule]]:
    """Yield, for each property that is violated with certain faults, a shortest run with the fewest of them.

    Nothing is yielded for a property whose spaces are too large, or once a stop is `asked` for.
    """
    left = dict(found)
    for faults in smaller_sets(found.values())[:SETS_MAX]:
        names = [name for name, needed in left.items() if all(needed.get(kind, 0) >= n for kind, n in faults)]
        if not names or asked():
            continue
        searched = replace(
            model,
            budgets=dict(faults),
            properties=tuple(each for each in model.properties if each.name in names),
        )
        options = SearchOptions(STATES_MAX, asked=asked, values_max=0, cores=1, partial_order=False)
        for name, schedule in explore(searched, options).counterexamples.items():
            del left[name]
            yield name, schedule


def smaller_sets(found: Iterable[Mapping[str, int]]) -> list[FaultSet]:
    """Return the sets of up to `FAULTS_MAX` faults that are part of one of these, the smallest first."""
    sets: set[FaultSet] = set()
    for each in found:
        every = [kind for kind, count in each.items() for _ in range(min(count, FAULTS_MAX))]
        for size in range(FAULTS_MAX + 1):
            sets.update(tuple(sorted(Counter(some).items())) for some in combinations(every, size))
    return sorted(sets, key=lambda faults: (sum(n for _, n in faults), faults))
