"""Breadth-first search over transition tables, in plain Python.

Every state is expanded once, in the order of its distance from the initial state, so the first violation found of a
property is at the end of a shortest path. Nothing is reduced but what the tables merge.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from deadheat.sim.explore.lassos import nearest_lasso
from deadheat.sim.explore.results import Exploration, Limits, Progress, Report
from deadheat.sim.explore.settled import shallowest_settled_violation
from deadheat.sim.model import Kind, Model
from deadheat.sim.tables import FIELD_BITS, FIELD_MASK, Tables, Watch
from deadheat.sim.trace import Choice, Schedule

__all__ = ["explore", "explore_tables"]

STATES_BETWEEN_REPORTS = 5_000


def explore(
    model: Model, limits: Limits = Limits(), *, merging: bool = True, report: Report | None = None
) -> Exploration:
    """Explore a model breadth first (see `Explorer`).

    Raises ModelError or PurityError where the model breaks a rule of the engine.
    """
    return explore_tables(Tables(model, merging=merging), limits, report)


def explore_tables(tables: Tables, limits: Limits = Limits(), report: Report | None = None) -> Exploration:
    """Explore the model of these tables, which afterwards hold all that was learned on the way (see `explore`)."""
    search = _Search(tables, limits, report)
    search.run()
    search.tables.verify_purity()
    return search.result()


class _Search:
    """One search at work.

    `parents` maps each state seen to the state that it was first reached from; `found` maps a violated property to
    the states at the two ends of its last transition, and `cycles` to what then goes on for ever, if it is liveness.
    """

    def __init__(self, tables: Tables, limits: Limits, report: Report | None) -> None:
        self.tables = tables
        self.limits = limits
        self.report = report
        self.initial = tables.initial()
        self.parents: dict[int, int] = {self.initial: -1}
        self.found: dict[str, tuple[int, int]] = {}
        self.cycles: dict[str, tuple[Choice, ...]] = {}
        self.undecided = {each.property.name for each in tables.watches}
        self.transitions = 0
        self.depth = 0
        self.budgets_drawn_on = 0
        self.complete = True
        self._quiescent: list[int] = []

    def run(self) -> None:
        """Search until there is nothing new, nothing left to decide, or a limit is reached."""
        for watch in self.tables.watches_of(Kind.ALWAYS):
            if watch.violated(self.initial):
                self._violated(watch, -1, self.initial)
        layer = [self.initial]
        while layer and self.complete and (self.undecided or not self.tables.watches):
            following: list[int] = []
            for start in range(0, len(layer), STATES_BETWEEN_REPORTS):
                self._expand(layer[start : start + STATES_BETWEEN_REPORTS], following)
                if self.report:
                    waiting = len(layer) - start + len(following)
                    self.report(Progress(len(self.parents), self.transitions, waiting, self.depth))
                if len(self.parents) > self.limits.states_max:
                    self.complete = False
                    break
            self._check_quiescent()
            layer = following
            self.depth += bool(layer)
        if self.complete and not layer:
            self._check_settled()
            self._check_for_ever()

    def _expand(self, states: list[int], following: list[int]) -> None:
        """Take every transition of the given states; those not seen before are added to `following`."""
        parents = self.parents
        transitions = 0
        processes = [(process * FIELD_BITS, rows) for process, rows in enumerate(self.tables.rows)]
        for state in states:
            moves = False
            for shift, rows in processes:
                for mask, learned in rows[(state >> shift) & FIELD_MASK]:
                    for delta, budget, owed, watches, _ in learned[state & mask]:
                        if budget:
                            if not state & budget:
                                continue
                            self.budgets_drawn_on |= budget
                        transitions += 1
                        successor = state + delta
                        if watches:
                            self._check_transition(watches, state, successor)
                        if owed and delta:
                            moves = True
                        if successor not in parents:
                            parents[successor] = state
                            following.append(successor)
            if not moves:
                self._quiescent.append(state)
        self.transitions += transitions

    def _check_transition(self, watches: Iterable[Watch], before: int, after: int) -> None:
        for watch in watches:
            if watch.property.name in self.undecided and watch.violated_by(before, after):
                self._violated(watch, before, after)

    def _check_quiescent(self) -> None:
        """Look at the states of this layer in which no owed step changes anything any more."""
        for watch in self.tables.watches_of(Kind.SETTLED):
            if watch.property.name in self.undecided:
                violating = (state for state in self._quiescent if watch.violated(state))
                first = next(violating, None)
                if first is not None:
                    self._violated(watch, self.parents[first], first)
        self._quiescent.clear()

    def _check_settled(self) -> None:
        """Look for settled states that are not quiescent: steps go on for ever, and change nothing for good."""
        for watch in self.tables.watches_of(Kind.SETTLED):
            if watch.property.name in self.undecided:
                violating = [state for state in self.parents if watch.violated(state)]
                first = shallowest_settled_violation(self.tables, violating)
                if first is not None:
                    self._violated(watch, self.parents[first], first)

    def _check_for_ever(self) -> None:
        """Look for fair runs that violate a property from some point on."""
        for watch in self.tables.watches_of(Kind.EVENTUALLY):
            lasso = nearest_lasso(self.tables, [state for state in self.parents if watch.violated(state)])
            if lasso is not None:
                self.cycles[watch.property.name] = tuple(lasso.cycle)
                self._violated(watch, self.parents[lasso.state], lasso.state)

    def _violated(self, watch: Watch, before: int, after: int) -> None:
        self.found[watch.property.name] = (before, after)
        self.undecided.discard(watch.property.name)

    def result(self) -> Exploration:
        """Return what was found."""
        return Exploration(
            explorer="python",
            states=len(self.parents),
            transitions=self.transitions,
            depth=self.depth,
            complete=self.complete,
            counterexamples={name: self._schedule(name, *ends) for name, ends in self.found.items()},
            reached=frozenset(self.tables.reached),
            labels_reached=frozenset(self.tables.labels_reached),
            faults_fired=frozenset(self.tables.faults_in(self.budgets_drawn_on)),
            reductions=("merging",) if self.tables.merging else (),
        )

    def _schedule(self, name: str, before: int, after: int) -> Schedule:
        path = [after]
        while before >= 0:
            path.append(before)
            before = self.parents[before]
        path.reverse()
        stem = tuple(self._choice(*ends) for ends in pairwise(path))
        if name not in self.cycles:
            return Schedule(stem)
        return Schedule(stem + self.cycles[name], cycle_from=len(stem))

    def _choice(self, before: int, after: int) -> Choice:
        return next(successor.choice for successor, state in self.tables.choices(before) if state == after)
