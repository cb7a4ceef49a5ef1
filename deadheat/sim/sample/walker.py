"""Runs drawn by compiled code over a model's tables: what is not known yet is learned on the way, and the run goes on.

A run is determined by the seed, its strategy and its number, but for one that follows others. What it found comes as a
`Failure`: the choices that lead there, which are a schedule for the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from deadheat.sim.explore.compiled import walks
from deadheat.sim.explore.compiled.arrays import FINE, VIOLATED
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.tables import DenseTables, RowKey
from deadheat.sim.explore.compiled.walking import walk
from deadheat.sim.explore.compiled.walks import Plan, Walk
from deadheat.sim.explore.compiled.wide import EVERY_BIT, WideTable
from deadheat.sim.explore.options import never
from deadheat.sim.learn.lessons import Lesson
from deadheat.sim.learn.tables import Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind
from deadheat.sim.random_words import mixed, stream
from deadheat.sim.sample.codes import choices_of
from deadheat.sim.sample.lasting import Lasting
from deadheat.sim.sample.seen import SeenSoFar
from deadheat.sim.sample.strategies import CHOOSING, Strategy
from deadheat.sim.sample.warm_up import Measured, warm_up
from deadheat.sim.trace import Choice, Schedule

__all__ = ["STEPS_MAX", "Failure", "Walker", "never_new"]

STEPS_MAX = 1_000
"""A run that has not come to an end by then is cut off there."""

OPTIONS_ROOM = 256

SMALL = 500
"""With more local states than these, after a few runs, tables are laid out so that it costs little to learn more."""

LARGE_BITS = 6


@dataclass(frozen=True, slots=True)
class Failure:
    """A run that violates a property, and how it was drawn."""

    property: str
    schedule: Schedule
    strategy: Strategy
    run: int
    steps: int
    """The steps that all runs had made by then."""


def never_new(_: tuple[int, ...]) -> None:
    """Do nothing about a run that did something new."""


def _options(room: int) -> tuple[Any, Any, Any, Any]:
    """Return the arrays of so many options (see `Walk`)."""
    first, second, third, fourth = (numpy.zeros(room, dtype=numpy.int64) for _ in range(4))
    return first, second, third, fourth


class Walker:
    """Draws runs of one model; what was seen is of all of them together."""

    def __init__(
        self,
        tables: Tables,
        steps_max: int = STEPS_MAX,
        handed_max: int = 100,
        asked: Callable[[], bool] = never,
        measured: Measured | None = None,
    ) -> None:
        self.tables = tables
        self.steps_max = steps_max
        self.measured = warm_up(tables, steps_max, asked) if measured is None else measured
        self.lasting = Lasting(tables)
        is_large = sum(len(each.states) for each in tables.locals) > SMALL
        self.dense = DenseTables(tables, LARGE_BITS) if is_large else DenseTables(tables)
        self._part_numbers = {part: number for number, part in enumerate(self.dense.watched_parts)}
        self.properties = [watch.property.name for watch in tables.watches]
        self.runs = 0
        self.seen = SeenSoFar(tables, self.dense)
        self._options = _options(OPTIONS_ROOM)
        self._misses = numpy.zeros(OPTIONS_ROOM, dtype=numpy.int64)
        self._counted: dict[int, tuple[int, ...]] = {}
        count, processes = max(len(self.properties), 1), len(tables.locals)
        self._counters = numpy.zeros(walks.SIZE, dtype=numpy.int64)
        self._picks = numpy.zeros(steps_max + 1, dtype=numpy.int64)
        self._muted = numpy.zeros(count, dtype=numpy.uint8)
        self._found = numpy.zeros(count, dtype=numpy.int64)
        self._handed = numpy.full(count, handed_max, dtype=numpy.int64)
        self._random = numpy.zeros(1, dtype=numpy.uint64)
        self._ranks = numpy.zeros(2 * processes, dtype=numpy.int64)
        self._priorities = numpy.zeros(2 * processes, dtype=numpy.uint64)
        self._waiting = numpy.zeros(processes, dtype=numpy.uint8)
        self._changes = numpy.zeros(64, dtype=numpy.int64)
        self._slots = numpy.zeros(walks.SLOTS, dtype=numpy.int64)
        self._kept = numpy.ones(len(tables.model.budgets), dtype=numpy.uint8)
        self._taken_over = len(tables.lessons)
        self._lay_out(None)

    @property
    def states(self) -> int:
        """How many different states were seen."""
        return int(self._counters[walks.STATES])

    @property
    def steps(self) -> int:
        """How many steps all runs made."""
        return int(self._counters[walks.STEPS])

    def counts(self) -> dict[str, int]:
        """Return in how many runs each property was violated."""
        return dict(zip(self.properties, self._found.tolist(), strict=False))

    @property
    def is_whole(self) -> bool:
        """Whether there was room for all states that were seen."""
        return not self._counters[walks.CLOSED]

    # What the compiled walk works on

    def _lay_out(self, old: Layout | None) -> None:
        """Make all arrays that depend on the layout, and take over what was in those of an older one."""
        layout, words = self.dense.layout, self.dense.layout.words
        initial = layout.pack([self.tables.initial()])
        if old is None:
            self._state = initial.copy()
            self._writer = numpy.full(words * walks.PLACES, -1, dtype=numpy.int64)
            self._toucher = self._writer.copy()
        else:
            self._state = layout.pack(old.unpack(self._state))
            self._writer, self._toucher = (self._moved(each, old) for each in (self._writer, self._toucher))
            self.seen.lay_out(old)
        self._initial, self._after = initial, numpy.zeros(words, dtype=numpy.uint64)
        components = self.tables.fields.every
        self._components = numpy.array(layout.masks(components), dtype=numpy.uint64)
        budgets = range(components.stop, len(layout.bits))
        self._budgets = numpy.array(layout.masks(budgets), dtype=numpy.uint64)
        self._budget_word = numpy.array([layout.word[each] for each in budgets] or [0], dtype=numpy.int32)
        self._budget_mask = numpy.array([layout.mask(each) for each in budgets] or [0], dtype=numpy.uint64)
        self._passed = numpy.zeros(walks.PASSED * (1 + words), dtype=numpy.uint64)
        self._region = numpy.zeros((walks.REGION_MAX + 1) * words, dtype=numpy.uint64)
        self._every_bit = numpy.full(words, EVERY_BIT, dtype=numpy.uint64)
        self._known, self._counted_table = WideTable(layout), WideTable(layout)
        self.lasting.take_new()
        self._put_known(list(self.lasting.known))
        self._thresholds: list[int] = []
        for state, thresholds in self._counted.items():
            self._put_counted(state, thresholds)
        self._threshold_words = numpy.array(self._thresholds or [0], dtype=numpy.uint64)
        self._left = self._left_now()
        self._spendable = self._after.copy()
        self._allow()

    def _allow(self) -> None:
        """Let runs draw on those budgets that are kept."""
        layout = self.dense.layout
        first = len(layout.bits) - len(self._kept)
        others = layout.masks(first + number for number in numpy.flatnonzero(self._kept == 0).tolist())
        self._allowed = self._every_bit & ~numpy.array(others, dtype=numpy.uint64)

    def _moved(self, places: Any, old: Layout) -> Any:
        """Return what stood at the fields' places in an older layout, at those that they have now."""
        layout = self.dense.layout
        moved = numpy.full(layout.words * walks.PLACES, -1, dtype=numpy.int64)
        for field in range(len(layout.bits)):
            before = old.word[field] * walks.PLACES + old.shift[field]
            moved[layout.word[field] * walks.PLACES + layout.shift[field]] = places[before]
        return moved

    def _put_known(self, keys: Sequence[tuple[WatchedPart, int]]) -> None:
        for part, state in keys:
            violated = self.lasting.known[part, state]
            self._known.put(self._part_numbers[part] + 1, state, state, VIOLATED if violated else FINE)

    def _put_counted(self, state: int, thresholds: tuple[int, ...]) -> None:
        self._counted_table.put(1, state, state, len(self._thresholds))
        self._thresholds.extend(thresholds)

    def count_paths(self, counted: dict[int, tuple[int, ...]]) -> None:
        """Take over, for states that were counted, how to choose there (see `path_counts`)."""
        self._counted.update(counted)
        for state, thresholds in counted.items():
            self._put_counted(state, thresholds)
        self._threshold_words = numpy.array(self._thresholds or [0], dtype=numpy.uint64)

    def _left_now(self) -> Any:
        base, size = self.dense.arrays().process_base, len(self.dense.arrays().local_first)
        left = numpy.ones(size, dtype=numpy.int64)
        for (process, local), steps in self.measured.left.items():
            left[int(base[process]) + local] = steps
        return left

    def _look_again(self) -> None:
        """Find out which processes come back to where they were, as far as was learned."""
        if self.lasting.look_again():
            self._known = WideTable(self.dense.layout)
            self._passed[:] = 0
            self._put_known(list(self.lasting.known))
        self._passing = numpy.array([not each.cyclic() for each in self.tables.locals], dtype=numpy.uint8)
        self._returning = numpy.zeros(len(self.tables.locals), dtype=numpy.uint8)
        self._returning[list(self.lasting.returning)] = 1

    # Walking

    def walk(
        self,
        strategy: Strategy,
        seed: int,
        first: int,
        last: int,
        on_failure: Callable[[Failure], None],
        *,
        depth: int = 0,
        on_new: Callable[[tuple[int, ...]], None] = never_new,
        follow: Sequence[Sequence[int]] = (),
        asked: Callable[[], bool] = never,
    ) -> int:
        """Walk the runs of these numbers, `last` not among them; return how many were made before a stop was `asked`.

        With the strategy FEEDBACK, run n follows the n-th of those to `follow`, as far as that goes. `on_new` is told
        of every run that did something new.
        """
        counters = self._counters
        counters[walks.PHASE], counters[walks.RUN], counters[walks.RUNS_END] = walks.BEGIN, first, last
        counters[walks.FIRST_RUN] = first
        self._kept[:] = 1
        self._allow()
        base = numpy.array([mixed(stream(seed, CHOOSING[strategy]))], dtype=numpy.uint64)
        firsts = numpy.cumsum([0, *map(len, follow)], dtype=numpy.int64)
        codes = numpy.array([code for each in follow for code in each] or [0], dtype=numpy.int64)
        while True:
            status = self._go_on(strategy, base, depth, codes, firsts)
            if status == walks.DONE:
                break
            self._answer(status, strategy, on_failure, on_new)
            if asked():
                break
        made = int(counters[walks.RUN]) - first
        self.runs += made
        return made

    def choices(self, strategy: Strategy, seed: int, run: int, depth: int = 0) -> tuple[Choice, ...]:
        """Walk one run, and return what was chosen in it."""
        self.walk(strategy, seed, run, run + 1, lambda _: None, depth=depth)
        return choices_of(self.tables, self._picks[: int(self._counters[walks.STEP])].tolist())[0]

    def _go_on(self, strategy: Strategy, base: Any, depth: int, codes: Any, firsts: Any) -> int:
        self._look_again()
        seen = self.seen.arrays()
        plan, at_work = self._plan(codes, firsts), self._walk()
        status: int = walk(
            self.dense.witness,
            self.dense.arrays(),
            plan,
            at_work,
            seen,
            CHOOSING[strategy],
            base,
            self.steps_max,
            self.measured.length,
            depth,
        )
        return status

    def _answer(
        self,
        status: int,
        strategy: Strategy,
        on_failure: Callable[[Failure], None],
        on_new: Callable[[tuple[int, ...]], None],
    ) -> None:
        """Do what the compiled walk has stopped for."""
        counters = self._counters
        if status == walks.MISSED:
            self._learn()
        elif status == walks.FULL:
            counters[walks.CLOSED] = not self.seen.grow()
        elif status == walks.NEW:
            on_new(tuple(self._picks[: int(counters[walks.STEP])].tolist()))
        elif status in (walks.FOUND_HERE, walks.FOUND_STEP):
            on_failure(self._failure(strategy, taken=status == walks.FOUND_STEP))
        else:
            watch = int(counters[walks.WATCH])
            [before] = self.dense.layout.unpack(self._state)
            if status == walks.ASKS_LASTING:
                part = self.dense.watched_parts[watch]
                self.lasting.violated(part, before)
                self.relearned()
            else:
                [after] = self.dense.layout.unpack(self._after) if status == walks.ASKS_STEP else [before]
                self.dense.judge(watch, before, after)

    def _learn(self) -> None:
        [state] = self.dense.layout.unpack(self._state)
        numbers: list[int] = self._misses[: int(self._counters[walks.MISSES])].tolist()
        misses = [(self.dense.key(number), state) for number in numbers]
        old, lessons = self.dense.layout, self.tables.lessons
        nothing_else = self._taken_over == len(lessons)
        if self.dense.learn(misses):
            self._lay_out(old)
        if nothing_else:
            self._taken_over = len(lessons)

    def relearned(self) -> None:
        """Take over what was found out of what lasts, and what was learned for it, over the same tables."""
        old, lessons = self.dense.layout, self.tables.lessons
        if self.dense.learn(()) or self.dense.learn(map(self._key_of, lessons[self._taken_over :])):
            self._lay_out(old)
        else:
            self._put_known(self.lasting.take_new())
        self._taken_over = len(lessons)

    def _key_of(self, lesson: Lesson) -> tuple[RowKey, int]:
        process, local, place, fields = lesson
        return RowKey(process, local, place, self.tables.rows[process][local][place]), fields

    def _failure(self, strategy: Strategy, *, taken: bool) -> Failure:
        counters = self._counters
        codes = self._picks[: int(counters[walks.STEP]) + taken].tolist()
        choices, state = choices_of(self.tables, codes)
        part = self.dense.watched_parts[int(counters[walks.WATCH])]
        run, steps = int(counters[walks.RUN]), int(counters[walks.STEPS])
        schedule = Schedule(choices)
        if part.property.kind is Kind.EVENTUALLY:
            cycle = self.lasting.cycle(part, state)
            schedule = Schedule((*choices, *cycle), cycle_from=len(choices))
        return Failure(part.property.name, schedule, strategy, run, steps)

    def _plan(self, codes: Any, firsts: Any) -> Plan:
        parts = self.dense.watched_parts
        lasting = [n for n, part in enumerate(parts) if part.property.kind in (Kind.SETTLED, Kind.EVENTUALLY)]
        settling = [parts[number].property.kind is Kind.SETTLED for number in lasting]
        return Plan(
            self._initial,
            self._components,
            self._every_bit,
            numpy.array(lasting, dtype=numpy.int32),
            numpy.array(settling, dtype=numpy.uint8),
            self._passing,
            self._returning,
            self._budgets,
            self.seen.row_names,
            self.seen.row_spends,
            self._budget_word,
            self._budget_mask,
            self._left,
            self._threshold_words,
            *self._counted_table.arrays(),
            *self._known.arrays(),
            codes,
            firsts,
        )

    def _walk(self) -> Walk:
        if self._counters[walks.PHASE] != walks.TAKE and len(self._options[0]) <= self.dense.successors_max:
            room = 2 * self.dense.successors_max
            self._options = _options(room)
        if len(self._misses) <= self.dense.rows_max:
            self._misses = numpy.zeros(2 * self.dense.rows_max, dtype=numpy.int64)
        return Walk(
            self._counters,
            self._state,
            self._after,
            self._random,
            *self._options,
            self._misses,
            self._picks,
            self._muted,
            self._found,
            self._handed,
            self._ranks,
            self._priorities,
            self._changes,
            self._writer,
            self._toucher,
            self._region,
            self._waiting,
            self._passed,
            self._slots,
            self._kept,
            self._allowed,
            self._spendable,
        )
