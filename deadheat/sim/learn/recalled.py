"""Tables that take what they are asked for from what an earlier run has learned.

They give out the same numbers in the same order as tables that learn, as long as they are asked in the same order, and
have seen and reached no more than was asked of them in this run: so a search over them is the search that it would be.
They hold numbers and values, and no requests and no generators. Whoever asks for these, or for something that was not
learned, ends the search with a WantsMoreError, and it is done again over tables that learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any, overload

from deadheat.sim.learn.entry import Entry, Step, Taught, mark_of
from deadheat.sim.learn.lessons import Learned, Lesson, Row, Successor
from deadheat.sim.learn.tables import Tables, WantsMoreError
from deadheat.sim.learn.values import UnwritableError, read
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Model, Process
from deadheat.sim.rules.purity import turned
from deadheat.sim.trace import Choice

__all__ = ["Recalled"]


class Recalled(Tables):
    """The tables of a model of which an entry says what an earlier run has learned."""

    def __init__(self, model: Model, entry: Entry, *, merging: bool = True) -> None:
        self.entry = entry
        self.was_not_enough: Callable[[bool], None] = lambda _: None
        """Called with whether a lesson was missing, before the search ends; else something else than numbers was."""
        super().__init__(model, merging=merging)
        self._components = self.fields.every
        self._kinds = list(model.budgets)
        self._seen = [{number} for number in entry.initial]
        self._highest = [0 for _ in model.processes]
        self._taught = {self._lesson_of(each): each for each in entry.lessons}
        self._known_marks = [mark_of(each) for each in entry.marks]
        self._cyclic: dict[int, tuple[int, bool]] = {}
        self._watching: dict[int, tuple[WatchedPart, ...]] = {}
        parts = [part for watch in self.watches for part in watch.parts]
        for part, known in zip(parts, entry.parts, strict=True):
            for numbers, verdict in zip(known.numbers, known.verdicts, strict=True):
                part.known[self._states_of(part, numbers)] = verdict

    def _begin(self) -> None:
        known: list[Any] = [_KnownLocals(self, *each) for each in enumerate(self.model.processes)]
        self.locals = known
        values: list[Any] = [_KnownValues(self, *each) for each in enumerate(self.fields.names)]
        self._values = values

    def want_more(self, *, lesson: bool = False) -> WantsMoreError:
        """Return what ends the search."""
        self.was_not_enough(lesson)
        return WantsMoreError(f"this was not learned yet: {'a lesson' if lesson else 'more than numbers'}")

    # What others ask

    def initial(self) -> int:
        """Return the packed initial state."""
        state = 0
        for field, number in zip(self._components, self.entry.initial, strict=True):
            state |= number << self._shift(field)
        for kind, budget in self.model.budgets.items():
            state |= abs(budget) << self._shift(self._budget_fields[kind])
        return state

    def values(self) -> dict[str, list[Any]]:
        """Return the values that each component was seen to take, in this run.

        Those that could not be written down are left out: nobody looks at values of the user's own classes.
        """
        written = zip(self._values, self._seen, self.entry.values, strict=True)
        return {
            each.name: [] if forms is None else [each.values[number] for number in sorted(seen)]
            for each, seen, forms in written
            if self.fields.is_whole(each.name)
        }

    def growing(self, at_least: int) -> str | None:  # noqa: ARG002
        """Return nothing: what grows is not kept."""
        return None

    def operations_in(self, process: int, local: int) -> int:
        """Return for how many operations a process waits in a local state."""
        rows = self.entry.rows[process][local]
        if rows is None:
            raise self.want_more()
        return len(rows.labels)

    def verify_purity(self) -> None:
        """Do nothing: all was run once more when it was learned."""

    def count_of_locals(self, process: int) -> int:
        """Return how many local states of a process this run has come to know."""
        return self._highest[process] + 1

    def count_of_values(self, component: int) -> int:
        """Return how many values of a component this run has come to know."""
        return max(self._seen[component]) + 1

    def cyclic(self, process: int) -> bool:
        """Return whether a process can come back to a local state that it has left, as far as was asked."""
        if self.model.processes[process].repeats:
            return True
        known, is_cyclic = self._cyclic.get(process, (-1, False))
        if known != len(self.lessons):
            is_cyclic = self._is_cyclic(process)
            self._cyclic[process] = len(self.lessons), is_cyclic
        return is_cyclic

    def _is_cyclic(self, process: int) -> bool:
        sorter: TopologicalSorter[int] = TopologicalSorter()
        for lesson in self.lessons:
            if lesson.process == process and lesson.row < self.first_crash(process, lesson.local):
                for step in self._taught[lesson].steps:
                    sorter.add(lesson.local + _move_of(step, process), lesson.local)
        try:
            sorter.prepare()
        except CycleError:
            return True
        return False

    # What was learned

    def recall_all(self) -> None:
        """Ask for all that was learned, in that order: a search then finds everything from its first state on."""
        for lesson in self._taught:
            self.rows[lesson.process][lesson.local][lesson.row].successors[lesson.fields]

    def label_of(self, process: int, local: int, alternative: int) -> str | None:
        """Return the label of an operation that a process waits for in a local state, if it has one."""
        rows = self.entry.rows[process][local]
        if rows is None:
            raise self.want_more()
        return rows.labels[alternative]

    def _make_rows(self, process: int, local: int) -> tuple[Row, ...]:
        known = self.entry.rows[process][local] if local < len(self.entry.rows[process]) else None
        if known is None:
            raise self.want_more(lesson=True)
        made = []
        for number, fields in enumerate(known.masks):
            learn = partial(self._told, process, local, number)
            made.append(Row(sum(map(self.field_mask, fields)), Learned(learn)))
        return tuple(made)

    def _told(self, process: int, local: int, row: int, fields: int) -> tuple[Successor, ...]:
        """Take for learned what was learned earlier."""
        lesson = Lesson(process, local, row, fields)
        taught = self._taught.get(lesson)
        if taught is None:
            raise self.want_more(lesson=True)
        self.lessons.append(lesson)
        for number in taught.certain:
            self._cover(self._known_marks[number])
        for step in taught.steps:
            self._highest[process] = max(self._highest[process], local + _move_of(step, process))
            for field, move in step.moves:
                if field in self._components:
                    self._seen[field - self._components.start].add(self.field(fields, field) + move)
        name = self.model.processes[process].name
        return tuple(self._successor_of(name, step) for step in taught.steps)

    def _successor_of(self, name: str, step: Step) -> Successor:
        changed = delta = 0
        for field, move in step.moves:
            delta += move << self._shift(field)
            changed |= self.field_mask(field)
        if changed not in self._watching:
            self._watching[changed] = tuple(part for each in self.watches for part in each.parts if part.sees(changed))
        budget = self.budget_fields([self._kinds[step.fault]]) if step.fault >= 0 else 0
        mark = -1
        if step.mark >= 0:
            mark = self._marks.setdefault(self._known_marks[step.mark], len(self._marks))
        choice = Choice(name, step.alternative, step.branch)
        return Successor(delta, budget, step.owed, self._watching[changed], choice, mark)

    def _lesson_of(self, taught: Taught) -> Lesson:
        rows = self.entry.rows[taught.process][taught.local]
        masks = rows.masks[taught.row] if rows is not None else []
        fields = sum(number << self._shift(field) for field, number in zip(masks, taught.numbers, strict=True))
        return Lesson(taught.process, taught.local, taught.row, fields)

    def _states_of(self, part: WatchedPart, numbers: list[int]) -> tuple[int, ...]:
        """Return the contents of the fields that a part reads, of one state or of two, from their numbers in a row."""
        width = max(len(part.fields), 1)
        return tuple(
            sum(number << self._shift(field) for field, number in zip(part.fields, numbers[first:], strict=False))
            for first in range(0, max(len(numbers), 1), width)
        )


def _move_of(step: Step, field: int) -> int:
    return next((move for each, move in step.moves if each == field), 0)


class _Unseen(Sequence[Any]):
    """So many things, none of which can be had."""

    def __init__(self, tables: Recalled, count: Callable[[], int]) -> None:
        self._tables = tables
        self._count = count

    def __len__(self) -> int:
        return self._count()

    @overload
    def __getitem__(self, number: int) -> Any: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Any]: ...

    def __getitem__(self, number: Any) -> Any:
        raise self._tables.want_more()


class _KnownLocals:
    """The local states of a process, by their numbers."""

    def __init__(self, tables: Recalled, number: int, process: Process) -> None:
        self.process = process
        states = _Unseen(tables, lambda: tables.count_of_locals(number))
        self.states: Sequence[Any] = states
        self._tables = tables
        self._number = number

    def cyclic(self) -> bool:
        """Return whether the process can come back to a local state that it has left, as far as was asked."""
        return self._tables.cyclic(self._number)

    def __getattr__(self, name: str) -> Any:
        raise self._tables.want_more()


class _KnownValues:
    """The values of a component, by their numbers: read once somebody wants to see one."""

    def __init__(self, tables: Recalled, number: int, name: str) -> None:
        self.name = name
        self._tables = tables
        self._number = number
        self._read: Sequence[Any] | None = None

    @property
    def values(self) -> Sequence[Any]:
        """So many values as this run has come to know."""
        return _Values(self._tables, self._number, self._all)

    def _all(self) -> Sequence[Any]:
        if self._read is None:
            forms = self._tables.entry.values[self._number]
            if forms is None:
                raise self._tables.want_more()
            try:
                self._read = [read(each) for each in forms]
            except UnwritableError:
                raise self._tables.want_more() from None
        return self._read

    def turned(self, number: int) -> Any:
        """Return the value of that number with its sets turned."""
        return turned(self._all()[number])

    def __getattr__(self, name: str) -> Any:
        raise self._tables.want_more()


class _Values(Sequence[Any]):
    """Values of a component."""

    def __init__(self, tables: Recalled, number: int, every: Callable[[], Sequence[Any]]) -> None:
        self._tables = tables
        self._number = number
        self._every = every

    def __len__(self) -> int:
        return self._tables.count_of_values(self._number)

    @overload
    def __getitem__(self, number: int) -> Any: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[Any]: ...

    def __getitem__(self, number: Any) -> Any:
        return self._every()[number]
