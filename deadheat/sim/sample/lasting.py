"""What lasts, looked at from one state: whether a run there has settled, or can go round for ever, in violation.

These are the definitions of `check` (see `cycles/settled.py` and `cycles/fairness.py`), asked of what can be reached
from the state, instead of all states. A closed walk is made of steps of processes that can come back to where they
were, and draws on no budget that has an end, so only such steps are followed. What was found out is kept for every
state that was looked at; where a process turns out to come back that was not known to, what was fine is asked anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from deadheat.sim.explore.cycles.fairness import Edge, FairGraph
from deadheat.sim.explore.cycles.graphs import strong_components, terminal_components
from deadheat.sim.explore.cycles.lassos import is_cyclic
from deadheat.sim.learn.lessons import Row, Successor
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import UNLIMITED, Kind, Process
from deadheat.sim.trace import Choice

__all__ = ["Lasting"]

STATES_MAX = 2_000
"""So many states are looked at from one; a lasso that is larger is found from a state within it, if at all."""


FOLLOWING_MAX = 100_000
"""So many states are remembered with what follows them: regions that are looked at overlap."""


class Lasting:
    """Which states are the beginning of what violates a part of a property for good.

    `known` holds what was asked, and `returning` the processes that can come back to where they were, as far as was
    learned.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.known: dict[tuple[WatchedPart, int], bool] = {}
        self.truncated = 0
        self.returning: tuple[int, ...] = ()
        self._new: list[tuple[WatchedPart, int]] = []
        self._following: dict[WatchedPart, dict[int, list[int]]] = {}
        self._lessons = -1
        self._endless = [_endless_crashes(tables, each) for each in tables.model.processes]
        self._rows: list[dict[int, list[Row]]] = [{} for _ in tables.locals]
        self.look_again()

    def look_again(self) -> bool:
        """Find out which processes come back; return whether what was fine was forgotten for it."""
        if self._lessons == len(self._tables.lessons):
            return False
        self._lessons = len(self._tables.lessons)
        returning = tuple(process for process in range(len(self._tables.locals)) if is_cyclic(self._tables, process))
        if returning == self.returning:
            return False
        self.returning = returning
        self.known = {
            key: violated for key, violated in self.known.items() if violated or key[0].property.kind is Kind.SETTLED
        }
        self._new.clear()
        self._following.clear()
        return True

    def take_new(self) -> list[tuple[WatchedPart, int]]:
        """Return what became known since this was asked last, or since something was forgotten."""
        new, self._new = self._new, []
        return new

    def violated(self, part: WatchedPart, state: int) -> bool:
        """Return whether a run that has come to this state violates the part of a property for good."""
        self.look_again()
        if (part, state) not in self.known:
            found = self._settled(part, state) if part.property.kind is Kind.SETTLED else self._lassos(part, state)
            self._new += ((part, each) for each in found if (part, each) not in self.known)
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
        """Look at all that owed steps lead to, until one of it is fine, or cannot come back.

        Where a process can move that never comes back to where it is, nothing has settled, and no more is looked at.
        """
        tables = self._tables
        passing = [number for number, states in enumerate(tables.locals) if not states.cyclic()]
        edges: dict[int, list[int]] = {start: []}
        waiting = [start]
        while waiting:
            state = waiting.pop()
            if not part.violated(state) or any(self._moves(state, process) for process in passing):
                return {start: False, state: False}
            for _, after in self._owed(state):
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
        elif self._starves(region):
            return dict.fromkeys(region, False)
        seen = list(region)
        found = dict.fromkeys(seen if is_whole else seen[: STATES_MAX // 2], False)  # which saw the other half
        for component, _ in self._fair(region):
            found.update(dict.fromkeys(component, True))
        return found

    def _starves(self, region: dict[int, list[int]]) -> bool:
        """Return whether a process that never comes back owes a step in all of a region: no run stays there, fairly."""
        waiting = [process for process in range(len(self._tables.locals)) if process not in self.returning]
        for state in region:
            waiting = [process for process in waiting if self._owes(state, process)]
            if not waiting:
                return False
        return bool(waiting)

    def _owes(self, state: int, process: int) -> bool:
        return any(
            successor.owed
            for mask, successors in self._endless_rows(process, state)
            for successor in successors[state & mask]
        )

    def _fair(self, region: dict[int, list[int]]) -> Iterator[tuple[set[int], FairGraph[int]]]:
        """Yield the components in which a fair run can stay, first those without faults in them."""
        edges = {state: self._edges(state) for state in self._staying(region)}
        for faults in (False,) if self._tables.model.quiet else (False, True):
            graph = FairGraph(edges, faults=faults)
            yield from ((component, graph) for component in graph.components())

    def _staying(self, region: dict[int, list[int]]) -> Iterator[int]:
        """Yield the states that are on a cycle, or in which nothing is owed."""
        for component in strong_components(region):
            [first, *others] = component
            if others or first in region[first] or next(self._owed(first), None) is None:
                yield from component

    def _region(self, part: WatchedPart, start: int) -> dict[int, list[int]]:
        """Return the states of violation to which steps lead that may be on a cycle, as many as are looked at."""
        region: dict[int, list[int]] = {start: []}
        order, following = [start], self._following.setdefault(part, {})
        for state in order:  # which grows
            if state not in following:
                following[state] = list(self._within(part, state))
            region[state] = following[state]
            for after in region[state]:
                if after not in region:
                    region[after] = []
                    order.append(after)
            if len(region) > STATES_MAX:
                break
        if len(following) > FOLLOWING_MAX:
            following.clear()
        return region

    def _within(self, part: WatchedPart, state: int) -> Iterator[int]:
        """Yield the states of violation to which a step leads that may be on a cycle."""
        for process in self.returning:
            for mask, successors in self._endless_rows(process, state):
                for successor in successors[state & mask]:
                    after, budget = state + successor.delta, successor.budget
                    spends = budget and (not state & budget or (state ^ after) & budget)
                    if not spends and part.violated(after):
                        yield after

    def _endless_rows(self, process: int, state: int) -> list[Row]:
        """Return a process's rows in a state but those of crashes that draw on a budget that has an end."""
        local = self._tables.field(state, process)
        known = self._rows[process].get(local)
        if known is None:
            rows, operations = self._tables.rows[process][local], self._tables.operations_in(process, local)
            endless = self._endless[process]
            known = [row for n, row in enumerate(rows) if n < operations or n - operations in endless]
            self._rows[process][local] = known
        return known

    def _steps(self, state: int, process: int, *, crashes: bool = True) -> Iterator[tuple[Successor, int]]:
        """Yield a process's transitions that draw on no budget that has an end.

        Crashes that draw on one are not even learned: how often a process may be killed has nothing to do with this.
        """
        tables = self._tables
        local = tables.field(state, process)
        rows = tables.rows[process][local]
        operations = tables.operations_in(process, local)
        endless = self._endless[process] if crashes else ()
        for number, row in enumerate(rows):
            if number >= operations and number - operations not in endless:
                continue
            for successor in row.successors[state & row.mask]:
                after = state + successor.delta
                if not successor.budget or (state & successor.budget and not (state ^ after) & successor.budget):
                    yield successor, after

    def _owed(self, state: int) -> Iterator[tuple[Successor, int]]:
        """Yield the owed transitions of a state."""
        for process in range(len(self._tables.locals)):
            for successor, after in self._steps(state, process, crashes=False):
                if successor.owed:
                    yield successor, after

    def _moves(self, state: int, process: int) -> bool:
        steps = self._steps(state, process, crashes=False)
        return any(successor.owed and successor.delta for successor, _ in steps)

    def _edges(self, state: int) -> list[Edge[int]]:
        return [
            Edge(after, successor.choice, successor.owed, fault=bool(successor.budget))
            for process in range(len(self._tables.locals))
            for successor, after in self._steps(state, process)
        ]


def _endless_crashes(tables: Tables, process: Process) -> frozenset[int]:
    """Return which of the crashes that a process can have draw on no budget, by their numbers among them."""
    budgets = [tables.model.budgets.get(each.kind) for each in process.crashes]
    return frozenset(number for number, budget in enumerate(filter(None, budgets)) if budget == UNLIMITED)
