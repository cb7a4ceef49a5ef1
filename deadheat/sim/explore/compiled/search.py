"""The compiled breadth-first search at work: what it has found, and what it does next.

Within a round, the workers expand a piece of the frontier each and add what is new to their shards; then what was not
learned yet is learned in one batch and made up for. So every transition is taken exactly once, in its layer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from deadheat.sim.errors import UsageError
from deadheat.sim.explore.compiled.ample import standings_of
from deadheat.sim.explore.compiled.fired import Fired
from deadheat.sim.explore.compiled.judging import different_steps, states_of_steps, violating_among
from deadheat.sim.explore.compiled.layout import Words
from deadheat.sim.explore.compiled.paths import Endpoint, PathFinder
from deadheat.sim.explore.compiled.sharing import can_spread, cores_for, is_uneven
from deadheat.sim.explore.compiled.stored.made_of_stored import made_of_stored
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.stored.stores import empty_store
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.compiled.threads import nothing
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.compiled.workers import CHUNK, Team, learn_of, missing_rows
from deadheat.sim.explore.limits import limit_reached
from deadheat.sim.explore.memory import NoRoomError, no_more_memory
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions.partial_order import Dependence
from deadheat.sim.explore.reductions.symmetry import Symmetry, images
from deadheat.sim.explore.results import Exploration, Progress, Report, reductions
from deadheat.sim.explore.saved.checkpoint import Checkpoint, Saved
from deadheat.sim.explore.stop import Stop
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import Watch
from deadheat.sim.model import Kind
from deadheat.sim.trace import Choice, Schedule

__all__ = ["KernelSearch"]

FIRST_CHUNK = 1 << 10
"""How many states are expanded first; then twice as many each time, so that a small limit is met closely."""

STATES_TRIED, MOSTLY_WHOLE = 100_000, 32
"""Beyond so many states, partial order is given up where fewer than one in so many were expanded in part."""


class KernelSearch:
    """One search at work; it goes on where another has stopped.

    With a `dependence`, a state in which some processes cannot be disturbed by the others is expanded by the steps of
    those alone (see `partial_order`).
    """

    def __init__(
        self,
        tables: Tables,
        saved: Saved,
        options: SearchOptions = SearchOptions(),
        report: Report | None = None,
        tuning: Tuning = Tuning(),
        dependence: Dependence | None = None,
    ) -> None:
        self.tables = tables
        self.options = options
        self.report = report
        self._tuning = tuning
        self.checkpoint: Checkpoint | None = None
        self.schedules = dict(saved.schedules)
        self.found = dict(saved.found)
        self.cycles: dict[str, list[Choice]] = {}
        self.symmetry = Symmetry(tables) if saved.folded is not None else None
        self.folded = saved.folded or 0
        self.undecided = {watch.property.name for watch in tables.watches} - {*self.schedules, *self.found}
        self.transitions = self._transitions_saved = saved.transitions
        self.depth = saved.depth
        self.stopped: Stop | None = None
        self.fired = Fired(tables, saved.faults_fired, saved.marks)
        self.expanded_in_part = 0
        self._standings = standings_of(dependence)
        self.dense = DenseTables(tables, tuning.dense_bits, self.symmetry)
        self.team = Team(self.dense, cores_for(saved.transitions, options, tuning), len(tables.watches))
        self.omission_odds = saved.omission_odds
        try:
            self.store = self._empty_store()
            self.store.add_layers(saved.parts, saved.layout)
        except NoRoomError as error:
            stop = self._why(error)
            raise UsageError(f"This search cannot be done, since {stop}.", about=stop.limit) from None
        self.cursors = self._begun_at = self.store.join(self.depth)
        self.team.forget(self.store)
        self.chunk, self.growth, self.at_end = FIRST_CHUNK, 0.0, False

    # The search

    def finish(self) -> Exploration:
        """Search to the end, and return what was found; raises AsymmetricError where symmetry is relied on in vain."""
        try:
            while self.at_work:
                self._expand_layer()
            if self.at_end and not self.stopped:
                self._look_back()
            if self.symmetry is not None:
                self.symmetry.learn()
        finally:
            self.team.close()
        self._save_or_remove()
        self.tables.verify_purity()
        return self.result()

    @property
    def at_work(self) -> bool:
        """Whether there is something to expand, something to decide, and no limit reached."""
        return not self.at_end and not self.stopped and bool(self.undecided or not self.tables.watches)

    def _expand_layer(self) -> None:
        """Expand what is left of the frontier."""
        if len(self.store.layers[0]) == self.depth + 1:
            self.store.end_layer()
        while not self.stopped and self._waiting():
            self._expand_some()
            self._report()
            self._share_out()
            self.stopped = self.stopped or limit_reached(self.options, self.store.states, self.tables.growing)
            self._save_now_and_then()
        if self._waiting():
            return
        self.growth = self.store.layer_size(self.depth + 1) / self.store.layer_size(self.depth)
        self.at_end = not self.growth
        if not self.at_end:
            self.depth += 1
            self.cursors = [first for first, _ in self._ranges(self.depth)]

    def _share_out(self) -> None:
        """Share states out among more cores, once that pays; and by more of their fields, where it is done unevenly."""
        cores = cores_for(self.store.states, self.options, self._tuning)
        more, uneven = cores > len(self.team.workers), is_uneven(self._ranges(self.depth), self._tuning)
        if self.stopped or not (more or (uneven and can_spread(self.dense.layout, self.dense.spread))):
            return
        if more:
            self.team.close()
            self.team = Team(self.dense, cores, len(self.tables.watches))
        self.dense.spread += uneven
        self._repack()

    def _waiting(self) -> int:
        """Return how many states of the frontier are not expanded yet."""
        return sum(last - at for at, (_, last) in zip(self.cursors, self._ranges(self.depth), strict=True))

    def _ranges(self, layer: int) -> list[tuple[int, int]]:
        return [self.store.layer_range(shard, layer) for shard in range(self.store.shards)]

    def _expand_some(self) -> None:
        """Expand a piece of the frontier; where there is no room for all its successors, leave it to be done again."""
        transitions, self._begun_at = self.transitions, self.cursors
        self._expand_piece()
        if self.stopped:
            self.transitions, self.cursors = transitions, self._begun_at
        if self.store.states > max(STATES_TRIED, MOSTLY_WHOLE * self.expanded_in_part):
            self._standings = standings_of(None)  # asking for ample sets takes longer than it saves

    def _expand_piece(self) -> None:
        self.team.suit(self.dense, self.store)
        self._reset_workers()
        t, standings, store, chunk = self.dense.arrays(), self._standings, self.store, self.chunk
        ends = [last for _, last in self._ranges(self.depth)]
        self.cursors = self.team.each(
            lambda number, worker: worker.expand(
                t,
                standings,
                store,
                self.fired.array,
                self.cursors[number],
                min(ends[number], self.cursors[number] + chunk),
            )
        )
        self.chunk = min(2 * chunk, CHUNK)
        self._check_quiet()
        pending = [each for worker in self.team.workers for each in missing_rows(self.dense, self.store, worker)]
        uncertain = [state for worker in self.team.workers for state in self._states(worker.uncertain_states)]
        self._collect(lambda: learn_of(pending))
        if pending and not self.stopped:
            self._make_up_for(pending)
        self._check_quiescent([state for state in uncertain if self.tables.is_quiescent(state)])

    def _reset_workers(self) -> None:
        decided = [number for name, number in self.dense.property_numbers.items() if name not in self.undecided]
        for worker in self.team.workers:
            worker.reset(self.dense, decided)

    def _collect(self, meanwhile: Callable[[], None] = nothing) -> None:
        """Add the successors that the workers found to the store, and look at what happened on the way."""
        for worker in self.team.workers:
            self.transitions += worker.transitions
            self.expanded_in_part += worker.expanded_in_part
            self.folded += worker.folded
            self._judge(worker.take_events(), self.depth + 1)
        reached = [[0] * len(self.team.workers) for _ in range(self.store.shards)]
        while True:
            t = self.dense.arrays()
            done = self.team.each(lambda shard, _, t=t: self._add(t, shard, reached[shard]), meanwhile)  # type: ignore[misc]
            meanwhile = nothing
            for shard, worker in enumerate(self.team.workers):
                self._judge(worker.take_added(self.store.counters[shard]), self.depth + 1)
            if all(done):
                return
            if any(self.store.is_full(shard) for shard in range(self.store.shards)):
                self.stopped = self._why(NoRoomError(self.store.full_because))
                return

    def _add(self, t: Any, shard: int, reached: list[int]) -> bool:
        """Add what all workers have for one shard; return whether all was added."""
        mine = self.team.workers[shard]
        for number, worker in enumerate(self.team.workers):
            candidates, by = worker.candidates(shard)
            reached[number] = self.store.insert(
                t, shard, candidates, by, reached[number], len(by), mine.muted, mine.added, self.dense.watchers_max
            )
            if reached[number] < len(by):
                return False
        return True

    # What was not learned yet

    def _make_up_for(self, pending: list[tuple[Any, int]]) -> None:
        """Learn what was missing, and expand it now."""
        if self.dense.learn(pending) and not self._repack():
            return
        self.team.suit(self.dense, self.store)
        rows = numpy.array([self.dense.number(key) for key, _ in pending], dtype=numpy.int64)
        states = self.dense.layout.pack([state for _, state in pending])
        place = 0
        while place < len(rows) and not self.stopped:
            self._reset_workers()
            place = self.team.workers[0].expand_pending(self.dense.arrays(), self.fired.array, rows, states, place)
            self._collect()

    def _repack(self) -> bool:
        """Pack every state anew, for the layout that the tables have now; return whether there was room for it."""
        self.omission_odds = self._odds()
        try:
            anew = self._empty_store()
            cuts = self.store.move_to(anew, self.depth, [self._begun_at, self.cursors])
        except NoRoomError as error:
            self.stopped = self._why(error)
            return False
        self.store, (self._begun_at, self.cursors) = anew, cuts
        self.team.suit(self.dense, self.store)
        self.team.forget(self.store)
        return True

    # Properties

    def _judge(self, events: Words, layer: int) -> None:
        """Decide what a watch has to say about transitions into a layer, or about new states in it."""
        if not len(events):
            return
        events = events[different_steps(self.dense, events)[0]]
        befores, afters = states_of_steps(self.dense, events)
        for part, before, after in zip(events[:, 0].tolist(), befores, afters, strict=True):
            prop = self.dense.watched_parts[part].property
            if prop.name in self.undecided and self.dense.judge(part, before, after):
                is_step = prop.kind is Kind.STEP
                self._violated(prop.name, Endpoint(before, layer - 1, after) if is_step else Endpoint(after, layer))

    def _violated(self, name: str, where: Endpoint) -> None:
        self.found[name] = where
        self.undecided.discard(name)

    def _check_quiet(self) -> None:
        """Look at the states just expanded in which no owed step changes anything any more."""
        for watch in self._undecided(Kind.SETTLED):
            for worker in self.team.workers:
                violating = violating_among(self.dense, self.store, watch, worker.quiet_states)
                if len(violating):
                    [state] = self._states(violating[:1])
                    self._violated(watch.property.name, Endpoint(state, self.depth))
                    break

    def _check_quiescent(self, states: list[int]) -> None:
        for watch in self._undecided(Kind.SETTLED):
            first = next((state for state in states if watch.violated(state)), None)
            if first is not None:
                self._violated(watch.property.name, Endpoint(first, self.depth))

    def _undecided(self, kind: Kind) -> list[Watch]:
        return [watch for watch in self.tables.watches_of(kind) if watch.property.name in self.undecided]

    def _look_back(self) -> None:
        """Look for violations that only all states together show."""
        settled, for_ever = self._undecided(Kind.SETTLED), self._undecided(Kind.EVENTUALLY)
        if not settled and not for_ever:
            return
        try:
            self._judge_in_hindsight(settled, for_ever)
        except NoRoomError as error:
            self.stopped = self._why(error)

    def _judge_in_hindsight(self, settled: list[Watch], for_ever: list[Watch]) -> None:
        from deadheat.sim.explore.compiled.hindsight import Hindsight

        hindsight = Hindsight(self)
        for watch in settled:
            number = hindsight.settled(watch)
            if number is not None:
                self._violated(watch.property.name, self._endpoint(number))
        for watch in for_ever:
            lasso = hindsight.lasso(watch)
            if lasso is not None:
                self.cycles[watch.property.name] = lasso.cycle
                self._violated(watch.property.name, self._endpoint(lasso.number))

    def _endpoint(self, number: int) -> Endpoint:
        [state] = self._states(numpy.array([number]))
        return Endpoint(state, self.store.layer_of(number))

    # Results

    def result(self) -> Exploration:
        """Return what was found."""
        self.tables.cover(self.fired.marks)
        used = {"merging": self.tables.merging, "symmetry": self.folded > 0, "partial_order": self.expanded_in_part > 0}
        return Exploration(
            explorer="kernel",
            states=self.store.states,
            transitions=self.transitions,
            depth=self.depth,
            complete=not self.stopped,
            counterexamples={**self.schedules, **self._schedules()},
            reached=frozenset(self.tables.reached),
            labels_reached=frozenset(images(self.symmetry, self.tables.labels_reached)),
            faults_fired=self.fired.kinds,
            reductions=reductions(**used),
            stopped=self.stopped,
            storage="fingerprint" if self.options.fingerprint or self._odds() else "exact",
            omission_odds=self._odds(),
            bytes_per_state=self.store.bytes_used / self.store.states,
            cores=len(self.team.workers),
            remarks=(self.symmetry.remark,) if self.symmetry is not None and self.folded else (),
            values=self.tables.values(),
            made_of=made_of_stored(self.tables, self.store, self.depth, complete=not self.stopped),
        )

    def _schedules(self) -> dict[str, Schedule]:
        if self.store.layout != self.dense.layout:  # there was no room to pack the states anew
            return {}
        schedules = {}
        for name, stem in PathFinder(self.dense, self.store).paths(self.found).items():
            cycle = tuple(self.cycles.get(name, ()))
            schedules[name] = Schedule(stem + cycle, cycle_from=len(stem) if name in self.cycles else None)
        return schedules

    def _save_now_and_then(self) -> None:
        """Save the search, if enough was done since it was last saved to make the saving a small part of it."""
        done = self.transitions - self._transitions_saved
        if self.checkpoint is not None and done > self._tuning.enough_to_save(self.store.states):
            self._save(self.checkpoint)

    def _save_or_remove(self) -> None:
        """Save a search that was stopped; remove what was saved of one that is done."""
        if self.checkpoint is not None:
            self._save(self.checkpoint) if self.stopped else self.checkpoint.remove()

    def _save(self, checkpoint: Checkpoint) -> None:
        self._transitions_saved = self.transitions
        saved = Saved(
            layout=self.store.layout,
            parts=list(self.store.split(self.depth, self.cursors)),
            depth=self.depth,
            transitions=self.transitions,
            faults_fired=sorted(self.fired.kinds),
            marks=self.fired.marks,
            found={name: end for name, end in self.found.items() if name not in self.cycles},
            schedules=self.schedules,
            omission_odds=self._odds(),
            folded=self.folded if self.symmetry is not None else None,
        )
        checkpoint.save(self.tables, saved)

    def _empty_store(self) -> Store:
        dense, shards = self.dense, len(self.team.workers)
        return empty_store(dense.layout, self.options, self._tuning, shards, spread=dense.spread)

    def _why(self, error: NoRoomError) -> Stop:
        return error.stop or no_more_memory(self.options.memory_bytes_max)

    def _odds(self) -> float:
        """Return an upper bound of the odds that a state was left out, now or before the search was saved."""
        return max(self.omission_odds, self.store.omission_odds)

    def _states(self, numbers: Any) -> list[int]:
        return self.dense.layout.unpack(self.store.states_at(numbers)) if len(numbers) else []

    def _report(self) -> None:
        if self.report:
            used, waiting = self.store.bytes_used + self.team.bytes_used, self._waiting()
            waiting += self.store.layer_size(self.depth + 1)
            self.report(Progress(self.store.states, self.transitions, waiting, self.depth, used, self.growth))
