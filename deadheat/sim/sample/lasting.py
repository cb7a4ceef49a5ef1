"""What lasts, looked at from one state: whether a run there has settled, or can go round for ever, in violation.

These are the definitions of `check` (see `cycles/settled.py` and `cycles/fairness.py`), asked of what can be reached
from the state, instead of all states. A closed walk is made of steps of processes that can come back to where they
were, so only those are followed. What was found out is kept for every state that was looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

from deadheat.sim.explore.cycles.fairness import FairGraph
from deadheat.sim.explore.cycles.graphs import terminal_components
from deadheat.sim.explore.cycles.lassos import edges_from, is_cyclic
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind
from deadheat.sim.trace import Choice

__all__ = ["Lasting"]

STATES_MAX = 2_000
"""So many states are looked at from one; a lasso that is larger is found from a state within it, if at all."""


class Lasting:
    """Which states are the beginning of what violates a part of a property for good; `known` holds what was asked."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.known: dict[tuple[WatchedPart, int], bool] = {}
        self.truncated = 0
        self._lessons = -1
        self._cyclic: list[int] = []

    def violated(self, part: WatchedPart, state: int) -> bool:
        """Return whether a run that has come to this state violates the part of a property for good."""
        if (part, state) not in self.known:
            found = self._settled(part, state) if part.property.kind is Kind.SETTLED else self._lassos(part, state)
            self.known.update(((part, each), violated) for each, violated in found.items())
        return self.known[part, state]

    def cycle(self, part: WatchedPart, state: int) -> tuple[Choice, ...]:
        """Return the choices by which a run goes round from a state in which it violates the part for ever."""
        region = self._region(part, state)
        for component, graph in self._fair(region):
            if state in component:
                return tuple(graph.tour(component, state))
        raise AssertionError("a state from which no fair run violates the property")

    def _settled(self, part: WatchedPart, start: int) -> dict[int, bool]:
        """Look at all that owed steps lead to, until one of it is fine, or cannot come back."""
        edges: dict[int, list[int]] = {start: []}
        waiting = [start]
        while waiting:
            state = waiting.pop()
            if not part.violated(state):
                return {start: False}
            for successor, after in self._tables.choices(state):
                if successor.owed:
                    edges[state].append(after)
                    if after not in edges:
                        edges[after] = []
                        waiting.append(after)
            if len(edges) > STATES_MAX:
                self.truncated += 1
                return {start: False}
        components = terminal_components(edges)
        if components == [set(edges)]:
            return dict.fromkeys(edges, True)
        return {start: False, **{state: True for component in components for state in component}}

    def _lassos(self, part: WatchedPart, start: int) -> dict[int, bool]:
        region = self._region(part, start)
        is_whole = len(region) <= STATES_MAX
        if not is_whole:
            self.truncated += 1
        found = dict.fromkeys(region if is_whole else region[: STATES_MAX // 2], False)  # which saw the other half
        for component, _ in self._fair(region):
            found.update(dict.fromkeys(component, True))
        return found

    def _fair(self, region: list[int]) -> Iterator[tuple[set[int], FairGraph[int]]]:
        """Yield the components in which a fair run can stay, first those without faults in them."""
        edges = {state: edges_from(self._tables, state) for state in region}
        for faults in (False,) if self._tables.model.quiet else (False, True):
            graph = FairGraph(edges, faults=faults)
            yield from ((component, graph) for component in graph.components())

    def _region(self, part: WatchedPart, start: int) -> list[int]:
        """Return the states of violation to which steps lead that may be on a cycle, as many as are looked at."""
        tables = self._tables
        if len(tables.lessons) > self._lessons + self._lessons // 4:
            self._lessons = len(tables.lessons)
            self._cyclic = [process for process in range(len(tables.locals)) if is_cyclic(tables, process)]
        region, known = [start], {start}
        for state in region:  # which grows
            for process in self._cyclic:
                for _, after in tables.choices_of(state, process):
                    if after not in known and part.violated(after):
                        known.add(after)
                        region.append(after)
            if len(region) > STATES_MAX:
                break
        return region
