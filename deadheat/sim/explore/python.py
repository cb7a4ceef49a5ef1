"""Breadth-first search over transition tables, in plain Python.

Every state is expanded once, in the order of its distance from the initial state, so the first violation found of a
property is at the end of a shortest path. Nothing is reduced but what the tables merge.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

from deadheat.sim.explore.cycles.lassos import Lasso, nearest_lasso
from deadheat.sim.explore.cycles.settled import shallowest_settled_violation
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.made_of import LOOKED_AT, MadeOf, made_of, nearest_layers
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions.partial_order import Dependence
from deadheat.sim.explore.results import LARGE, Exploration, Progress, Report, reductions
from deadheat.sim.explore.stop import Stop
from deadheat.sim.learn.lessons import Learned, Row
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from deadheat.sim.learn.watches import Watch, WatchedPart
from deadheat.sim.model import Kind, Model
from deadheat.sim.trace import Choice, Schedule

if TYPE_CHECKING:  # not at run time: a small space must not wait for it
    from deadheat.sim.explore.reductions.symmetry import Symmetry

__all__ = ["Search", "explore"]

STATES_BETWEEN_REPORTS = 5_000

NO_MARK = -1

_Processes = list[tuple[int, Learned[tuple[Row, ...]]]]
"""Where the number of a process's local state is in a packed state, and its rows."""


@asking_every_step
def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model breadth first (see `Explorer`).

    With `partial_order`, counterexamples may be longer than need be.
    """
    tables = remembering(model, merging=options.merging is not False, values_max=options.values_max)
    dependence = Dependence(tables) if options.partial_order else None
    while True:
        search = Search(tables, options, report, dependence)
        search.run()
        if dependence is None or search.stopped or (learned := Dependence(tables)).confirms(dependence):
            break
        dependence = learned
    tables.verify_purity()
    return search.result()


class Search:
    """One search at work.

    `parents` maps each state seen to the state that it was first reached from, in the order in which they were seen;
    `layer_sizes` counts those of each distance, and the last of them, `layer`, are yet to be expanded. `found` maps a
    violated property to the states at the two ends of its last transition, and `cycles` to what then goes on for
    ever, if it is liveness; `marks` are those of the faults that happened. `stopped` says which limit ended the search.
    With a `dependence`, a state in which some processes cannot be disturbed by the others is expanded by the steps of
    those alone (see `partial_order`). A `symmetry` is for searches that use it.
    """

    def __init__(
        self,
        tables: Tables,
        options: SearchOptions = SearchOptions(),
        report: Report | None = None,
        dependence: Dependence | None = None,
    ) -> None:
        self.tables = tables
        self.options = options
        self.report = report
        self._dependence = dependence
        self._expanded_in_part = 0
        self.initial = tables.initial()
        self.parents: dict[int, int] = {self.initial: -1}
        self.found: dict[str, tuple[int, int]] = {}
        self.cycles: dict[str, tuple[Choice, ...]] = {}
        self.undecided = {each.property.name for each in tables.watches}
        self.transitions = 0
        self.depth = 0
        self.budgets_drawn_on = 0
        self.marks = {NO_MARK}
        self.stopped: Stop | None = None
        self.symmetry: Symmetry | None = None
        self.layer = [self.initial]
        self.layer_sizes = [1]
        self._quiescent: list[int] = []
        for watch in self.tables.watches_of(Kind.ALWAYS):
            if watch.violated(self.initial):
                self._violated(watch, -1, self.initial)

    @property
    def at_work(self) -> bool:
        """Whether there is something to expand, something to decide, and no limit reached."""
        return bool(self.layer and not self.stopped and (self.undecided or not self.tables.watches))

    def run(self, states_max: int | None = None) -> None:
        """Search until there is nothing new, nothing left to decide, or a limit is reached.

        With `states_max`, stop at the end of the layer in which so many states were seen, ready to go on from there.
        """
        while self.at_work and (states_max is None or len(self.parents) < states_max):
            following: list[int] = []
            for start in range(0, len(self.layer), STATES_BETWEEN_REPORTS):
                self._expand(self.layer[start : start + STATES_BETWEEN_REPORTS], following)
                if self.report:
                    waiting = len(self.layer) - start + len(following)
                    self.report(Progress(len(self.parents), self.transitions, waiting, self.depth))
                self.stopped = limit_reached(self.options, len(self.parents), self.tables.growing)
                if self.stopped:
                    break
            self._check_quiescent()
            self.layer = following
            if following:
                self.depth += 1
                self.layer_sizes.append(len(following))
        if not self.layer and not self.stopped:
            self._check_settled()
            self._check_for_ever()

    def _expand(self, states: list[int], following: list[int]) -> None:
        """Take every transition of the given states; those not seen before are added to `following`."""
        parents = self.parents
        transitions = 0
        processes = [(process * FIELD_BITS, rows) for process, rows in enumerate(self.tables.rows)]
        for state in states:
            moves = False
            for shift, rows in processes if self._dependence is None else self._ample(state, processes):
                for mask, learned in rows[(state >> shift) & FIELD_MASK]:
                    for delta, budget, owed, watches, _, mark in learned[state & mask]:
                        if budget:
                            if not state & budget:
                                continue
                            self.budgets_drawn_on |= budget
                            self.marks.add(mark)
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

    def _ample(self, state: int, processes: _Processes) -> _Processes:
        """Return the processes whose steps are enough in a state; all of them, where none are."""
        assert self._dependence is not None
        for closed in self._dependence.closed_sets(state):
            if any(self.tables.can_move(state, process) for process in closed):
                self._expanded_in_part += 1
                return [processes[process] for process in closed]
        return processes

    def _check_transition(self, watches: Iterable[WatchedPart], before: int, after: int) -> None:
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
                first = shallowest_settled_violation(self.tables, watch, violating, self.symmetry)
                if first is not None:
                    self._violated(watch, self.parents[first], first)

    def _check_for_ever(self) -> None:
        """Look for fair runs that violate a property from some point on."""
        for watch in self.tables.watches_of(Kind.EVENTUALLY):
            lassos = (
                nearest_lasso(self.tables, [state for state in self.parents if single.violated(state)])
                for single in watch.singles
            )
            found = [each for each in lassos if each is not None]
            lasso = min(found, key=self._how_far, default=None)
            if lasso is not None:
                self.cycles[watch.property.name] = tuple(lasso.cycle)
                self._violated(watch, self.parents[lasso.state], lasso.state)

    def _how_far(self, lasso: Lasso) -> tuple[bool, int]:
        """Return what makes one lasso worse than another."""
        return lasso.meets_faults, len(self.path(self.parents[lasso.state], lasso.state))

    def _violated(self, watch: Watch | WatchedPart, before: int, after: int) -> None:
        self.found[watch.property.name] = (before, after)
        self.undecided.discard(watch.property.name)

    def result(self) -> Exploration:
        """Return what was found."""
        self.tables.cover(self.marks - {NO_MARK})
        return Exploration(
            explorer="python",
            states=len(self.parents),
            transitions=self.transitions,
            depth=self.depth,
            complete=not self.stopped,
            counterexamples=self.schedules(),
            reached=frozenset(self.tables.reached),
            labels_reached=frozenset(self.tables.labels_reached),
            faults_fired=frozenset(self.tables.faults_in(self.budgets_drawn_on)),
            reductions=reductions(merging=self.tables.merging, partial_order=self._expanded_in_part > 0),
            stopped=self.stopped,
            values=self.tables.values(),
            made_of=self._made_of() if self.stopped or len(self.parents) >= LARGE else None,
        )

    def _made_of(self) -> MadeOf:
        layers = self.layer_sizes[:-1] if self.stopped and len(self.layer_sizes) > 1 else self.layer_sizes
        states = list(islice(self.parents, sum(layers)))
        nearest = states[: sum(layers[: nearest_layers(layers)])]
        even = states[:: -(-len(states) // LOOKED_AT)]
        return made_of(self.tables, self._fields(even), self._fields(nearest), layers, complete=not self.stopped)

    def _fields(self, states: list[int]) -> Any:
        import numpy

        width = len(self.tables.numbers_in_use())
        raw = b"".join(state.to_bytes(width * FIELD_BITS // 8, "little") for state in states)
        return numpy.frombuffer(raw, dtype="<u2").reshape(-1, width)

    def schedules(self) -> dict[str, Schedule]:
        """Return a shortest schedule for each property found violated."""
        return {name: self._schedule(name, *ends) for name, ends in self.found.items()}

    def path(self, before: int, after: int) -> tuple[Choice, ...]:
        """Return a shortest way to a state seen, and on from there by one transition; -1 comes before the initial."""
        path = [after]
        while before >= 0:
            path.append(before)
            before = self.parents[before]
        path.reverse()
        return self._choices(path)

    def _choices(self, path: list[int]) -> tuple[Choice, ...]:
        return tuple(self._choice(*ends) for ends in pairwise(path))

    def _schedule(self, name: str, before: int, after: int) -> Schedule:
        stem = self.path(before, after)
        if name not in self.cycles:
            return Schedule(stem)
        return Schedule(stem + self.cycles[name], cycle_from=len(stem))

    def _choice(self, before: int, after: int) -> Choice:
        return next(successor.choice for successor, state in self.tables.choices(before) if state == after)
