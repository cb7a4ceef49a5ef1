"""Where a run is over: nothing that is measured can change any more, in whatever way it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations

from deadheat.sim.errors import UsageError
from deadheat.sim.timed.graph import Graph

__all__ = ["Endings", "can_reach", "endings_of"]

Endings = Mapping[frozenset[int], tuple[bool, ...]]
"""Whether a run is over in each state, by the clocks that have turned out never to come."""

NEVER_MAX = 4


def endings_of(graph: Graph) -> Endings:
    """Return where a run is over.

    Raises UsageError for a clock that may never come, and that something else can end.
    """
    maybe = [place for place, clock in enumerate(graph.clocks) if clock.law is not None and clock.law.never > 0]
    for place in maybe:
        _require_lasting(graph, place)
    if len(maybe) > NEVER_MAX:
        raise UsageError(f"{len(maybe)} steps may never come, of {NEVER_MAX} that are allowed; let fewer of them.")
    subsets = [frozenset(each) for size in range(len(maybe) + 1) for each in combinations(maybe, size)]
    return {subset: _over(graph, subset) for subset in subsets}


def can_reach(graph: Graph, goals: Iterable[int], without: frozenset[int] = frozenset()) -> tuple[bool, ...]:
    """Return from which states some of the goals can be reached, without the steps of these clocks."""
    before: list[list[int]] = [[] for _ in graph.enabled]
    for state, enabled in enumerate(graph.enabled):
        for clock, branches in enabled:
            for branch in branches if clock not in without else ():
                before[branch.target].append(state)
    found = [False] * len(graph.enabled)
    waiting = []
    for goal in goals:
        if not found[goal]:
            found[goal] = True
            waiting.append(goal)
    while waiting:
        for state in before[waiting.pop()]:
            if not found[state]:
                found[state] = True
                waiting.append(state)
    return tuple(found)


def _over(graph: Graph, without: frozenset[int]) -> tuple[bool, ...]:
    counts = [
        state
        for state, enabled in enumerate(graph.enabled)
        if graph.marks[state]
        or any(
            branch.counted.marks or branch.counted.calls
            for clock, branches in enabled
            for branch in (branches if clock not in without else ())
        )
    ]
    return tuple(not each for each in can_reach(graph, counts, without))


def _require_lasting(graph: Graph, clock: int) -> None:
    """Raise UsageError unless, once a clock runs, it runs until its step happens."""
    for enabled in graph.enabled:
        if clock not in [each for each, _ in enabled]:
            continue
        for other, branches in enabled:
            for branch in branches if other != clock else ():
                if clock not in [each for each, _ in graph.enabled[branch.target]]:
                    raise UsageError(
                        f"The step {graph.clocks[clock].name!r} may never come, and something else can prevent it; "
                        "only what comes by itself, such as T3, can be left out like that."
                    )
