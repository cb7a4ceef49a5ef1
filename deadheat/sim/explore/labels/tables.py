"""The tables of a model in which any number of faults may happen, each of which adds to a label.

A fault that is not in the base, the faults that are allowed anyhow, has no budget in a state: its field holds nothing
and takes no room, and so nothing that looks at states alone (what is settled, what goes on for ever) sees it happen.

What such faults do stands in rows of their own: most states are reached by as many faults as may happen, and what one
more would do there is never learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy

from deadheat.sim.explore.compiled.arrays import Int32
from deadheat.sim.explore.compiled.fired import FIRST_KIND, SIZE
from deadheat.sim.explore.compiled.labelled import EITHER, FREE_STEPS, LABELLED_FAULTS
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn import interned
from deadheat.sim.learn.entry import Entry
from deadheat.sim.learn.lessons import Learned, Lesson, Row, Successor
from deadheat.sim.learn.recalled import Recalled
from deadheat.sim.learn.remembering import remembering_as
from deadheat.sim.learn.tables import FIELD_BITS, Tables
from deadheat.sim.model import UNLIMITED, Model
from deadheat.sim.run.stepping import JointStep

__all__ = ["LabelTables", "Labelled", "label_tables"]

FOR_LABELS = "labels, by parts of values"
"""What tells what was learned for a labelled search from what was for others, which number things in another order."""


class Labelled(NamedTuple):
    """A transition, the state that it leads to, and the kind of fault that it adds to the label, if any."""

    successor: Successor
    after: int
    kind: str | None


def label_tables(
    model: Model, kinds: Sequence[str], base: Mapping[str, int], options: SearchOptions, *, remember: bool = True
) -> LabelTables:
    """Return tables where the faults of these kinds add to labels, those of `base` once that is used up.

    They `remember` what an earlier run has learned, all of it from the first state on.
    """
    budgets = {kind: base.get(kind, 0) or UNLIMITED for kind in kinds}
    budgets |= {kind: budget for kind, budget in base.items() if kind not in budgets}
    model = copy(model)  # which keeps what a part of a model knows of the whole
    object.__setattr__(model, "budgets", budgets)
    free = frozenset(kind for kind in kinds if not base.get(kind))
    merging = options.merging is not False
    learning = partial(_Learning, tuple(kinds), free, merging=merging)
    if not remember:
        return learning(model)
    recalling = partial(_Recalling, tuple(kinds), free)
    # Which faults stand in rows of their own is not in the model: others are without an end, too.
    purpose = " ".join((FOR_LABELS, *kinds, "of which free", *sorted(free)))
    tables = remembering_as(purpose, model, learning, recalling, merging=merging, values_max=options.values_max)
    if isinstance(tables, _Recalling):
        tables.recall_all()
    assert isinstance(tables, _Learning | _Recalling)
    return tables


class _Labelling(Tables):
    """Tables where the faults of these kinds add to labels, those that are not `free` once their budget is used up."""

    divided = True
    kinds: tuple[str, ...]
    free: frozenset[str]
    knows_all: bool
    """Whether there is nothing more to learn, as far as can be known beforehand."""

    def initial(self) -> int:
        """Return the packed initial state."""
        return super().initial() & ~self.budget_fields(self.free)

    def numbers_in_use(self) -> list[int]:
        """Return, for each field, how many numbers it can hold."""
        counts = super().numbers_in_use()
        for kind in self.free:
            counts[self._budget_fields[kind]] = 1
        return counts

    def values_of(self, component: str, numbers: Iterable[int]) -> list[Any]:
        """Return the values of these numbers, of a component."""
        field = self.component_field(component)
        return [self.value(field, each) for each in numbers]

    def choices_of(self, state: int, process: int) -> Iterator[tuple[Successor, int]]:
        """Yield the enabled transitions of one process that add to no label, each with the state that it leads to.

        Nothing is asked that a search did not ask: a crash that adds to labels is enabled in no state by itself.
        """
        local = self.field(state, process)
        for number, (mask, successors) in enumerate(self.rows[process][local]):
            if not self.adds_to_labels_only(process, local, number):
                for successor in successors[state & mask]:
                    if not successor.budget or state & successor.budget:
                        yield successor, state + successor.delta

    def labelled(self, state: int) -> Iterator[Labelled]:
        """Yield the transitions of a packed state that were learned: all that a search has taken."""
        fields = {self._budget_fields[kind]: kind for kind in self.kinds}
        for process in range(len(self.rows)):
            for mask, successors in self.rows[process][self.field(state, process)]:
                for each in successors.get(state & mask, ()):
                    if not each.budget or state & each.budget:
                        yield Labelled(each, state + each.delta, None)
                        continue
                    field = (each.budget.bit_length() - 1) // FIELD_BITS
                    if field in fields:
                        kept = 0 if fields[field] in self.free else 1 << (field * FIELD_BITS)
                        yield Labelled(each, state + each.delta + kept, fields[field])

    def numbers_left(self) -> int:
        """Return how many more local states, or values, there are numbers for, where fewest are left."""
        budgets = len(self.model.budgets)
        return interned.FIELD_MASK + 1 - max(self.numbers_in_use()[: -budgets or None], default=0)

    def kinds_of_guards(self) -> Int32:
        """Return the number of the kind of fault that each guard of a step is about, -1 where it is none of these."""
        numbers = {kind: number for number, kind in enumerate(self.kinds)}
        kinds: Int32 = numpy.full(SIZE, -1, dtype=numpy.int32)
        for mark, each in enumerate(self.marks[:FIRST_KIND]):
            kinds[mark] = numbers.get(each.fault, -1) if each.fault is not None else -1
        for number, kind in enumerate(self.model.budgets):
            kinds[FIRST_KIND + number] = numbers.get(kind, -1)
        return kinds

    def first_crash(self, process: int, local: int) -> int:
        """Return how many rows come before those of crashes: two for each operation, the second one of its faults."""
        return 2 * self.operations_in(process, local)

    def faults_row(self, process: int, local: int, alternative: int) -> int:
        """Return the row with the faults of an operation that add to labels."""
        return self.operations_in(process, local) + alternative

    def adds_to_labels_only(self, process: int, local: int, row: int) -> bool:
        """Return whether a row of a local state has faults alone that all add to labels."""
        behind = row - self.first_crash(process, local)
        if behind < 0:
            return row >= self.operations_in(process, local)
        crashes = [each for each in self.locals[process].process.crashes if self.model.budgets.get(each.kind)]
        return crashes[behind].kind in self.free

    def mode_of(self, process: int, local: int, row: int) -> int:
        """Return in which modes of a labelled search the successors of a row are looked at."""
        if self.adds_to_labels_only(process, local, row):
            return LABELLED_FAULTS
        return FREE_STEPS if self.free.issuperset(self.model.budgets) else EITHER


class _Learning(_Labelling):
    def __init__(self, kinds: tuple[str, ...], free: frozenset[str], model: Model, *, merging: bool) -> None:
        super().__init__(model, merging=merging)
        self.kinds, self.free = kinds, free
        self.knows_all = False
        self._faults_met: dict[Lesson, list[tuple[int, JointStep]]] = {}
        """The steps of operations of which the faults were not asked for yet."""

    def _rows_of_operations(self, process: int, local: int) -> list[Row]:
        rows = super()._rows_of_operations(process, local)
        faults = (partial(self._learn_faults, process, local, alternative) for alternative in range(len(rows)))
        return [*rows, *(Row(row.mask, Learned(learn)) for row, learn in zip(rows, faults, strict=True))]

    def _learn_operation(self, process: int, local: int, alternative: int, fields: int) -> tuple[Successor, ...]:
        lesson = Lesson(process, local, alternative, fields)
        self.lessons.append(lesson)
        steps = self._possible_steps(process, local, alternative, fields)
        chosen = [place for place, (_, step) in enumerate(steps) if step.fault not in self.free]
        self._faults_met[lesson] = steps
        return self._learn_steps(lesson, alternative, steps, chosen)

    def _learn_faults(self, process: int, local: int, alternative: int, fields: int) -> tuple[Successor, ...]:
        lesson = Lesson(process, local, self.faults_row(process, local, alternative), fields)
        self.lessons.append(lesson)
        steps = self._faults_met.pop(Lesson(process, local, alternative, fields), None)
        steps = steps or self._possible_steps(process, local, alternative, fields)
        chosen = [place for place, (_, step) in enumerate(steps) if step.fault in self.free]
        return self._learn_steps(lesson, alternative, steps, chosen)


class _Recalling(_Labelling, Recalled):
    def __init__(
        self, kinds: tuple[str, ...], free: frozenset[str], model: Model, entry: Entry, *, merging: bool
    ) -> None:
        Recalled.__init__(self, model, entry, merging=merging)
        self.kinds, self.free = kinds, free
        self.knows_all = True

    def values_of(self, component: str, numbers: Iterable[int]) -> list[Any]:
        """Return the values of these numbers, of a component; those that could not be written down are left out.

        Nobody looks at values of the user's own classes.
        """
        is_written = self.entry.values[self.component_field(component) - len(self.locals)] is not None
        return super().values_of(component, numbers) if is_written else []


LabelTables: TypeAlias = _Learning | _Recalling
"""Those that learn, and those that recall what an earlier run has learned."""
