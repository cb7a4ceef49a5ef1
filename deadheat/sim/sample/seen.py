"""What runs have seen: states, steps, pairs of steps in conflict, and faults; in arrays that compiled code fills."""

from __future__ import annotations

from typing import Any

import numpy

from deadheat.sim.explore.compiled.fired import Fired
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.tables import DenseTables
from deadheat.sim.explore.compiled.walking import put_seen
from deadheat.sim.explore.compiled.walks import NAMES_MAX, Seen
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import UNLIMITED
from deadheat.sim.operations import operations_of

__all__ = ["SeenSoFar"]

STATES_ROOM, STATES_ROOM_MAX = 1 << 14, 1 << 22
"""How many states are remembered as seen, twice over; a power of two, as every size of that table is."""


class SeenSoFar:
    """What all runs have seen.

    `row_names` says what each row of the tables asks for, by numbers, and `row_spends` which budget that has an end a
    row draws on that is a crash; -1 for all others.
    """

    def __init__(self, tables: Tables, dense: DenseTables) -> None:
        self._tables = tables
        self._dense = dense
        self._names: dict[str, int] = {}
        self._fired = Fired(tables, (), [])
        self._pairs = numpy.zeros(NAMES_MAX * NAMES_MAX, dtype=numpy.uint8)
        self._rows_taken: set[tuple[int, int, int]] = set()
        self._words = numpy.zeros(STATES_ROOM * dense.layout.words, dtype=numpy.uint64)
        self._run = numpy.zeros(STATES_ROOM, dtype=numpy.int64)
        self._visits = numpy.zeros(STATES_ROOM, dtype=numpy.uint8)
        self._forget_rows()

    @property
    def visits(self) -> Any:
        """In how many runs each state was that was seen, up to 255."""
        return self._visits[self._visits != 0]

    @property
    def pairs(self) -> Any:
        """Which steps came after which of another process, being in conflict: a square, by their names' numbers."""
        count = min(len(self._names), NAMES_MAX)
        return self._pairs.reshape(NAMES_MAX, NAMES_MAX)[:count, :count] != 0

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the steps that were taken."""
        self._keep_rows()
        states = self._tables.locals
        taken = ((states[process].states[local].operations, place) for process, local, place in self._rows_taken)
        labels = {operations[place].label for operations, place in taken if place < len(operations)}
        return tuple(sorted(label for label in labels if label))

    @property
    def faults(self) -> frozenset[str]:
        """The kinds of fault that happened."""
        return self._fired.kinds

    def arrays(self) -> Seen:
        """Return the arrays as they are now."""
        self._name_rows()
        return Seen(self._words, self._run, self._visits, self._pairs, self._rows, self._fired.array)

    def grow(self) -> bool:
        """Make room for twice as many states; return whether that could be."""
        room = 2 * len(self._run)
        if room <= STATES_ROOM_MAX:
            self._make_room(room, self._dense.layout)
        return room <= STATES_ROOM_MAX

    def lay_out(self, old: Layout) -> None:
        """Pack the states as the tables now do."""
        self._keep_rows()
        self._make_room(len(self._run), old)
        self._forget_rows()

    def _keep_rows(self) -> None:
        """Keep which rows were taken, whatever their numbers will be."""
        self._rows_taken.update(self._row_keys[number] for number in numpy.flatnonzero(self._rows).tolist())

    def _make_room(self, room: int, old: Layout) -> None:
        """Put the states seen into a table of this size, packed as they are now."""
        layout, used = self._dense.layout, self._visits != 0
        states = layout.pack_fields(old.unpack_fields(self._words.reshape(-1, old.words)[used].ravel()))
        runs, visits = self._run[used], self._visits[used]
        self._words = numpy.zeros(room * layout.words, dtype=numpy.uint64)
        self._run = numpy.zeros(room, dtype=numpy.int64)
        self._visits = numpy.zeros(room, dtype=numpy.uint8)
        put_seen(self._dense.witness, self._words, self._run, self._visits, states, runs, visits)

    def _forget_rows(self) -> None:
        self.row_names = numpy.zeros(0, dtype=numpy.int32)
        self.row_spends = numpy.zeros(0, dtype=numpy.int32)
        self._rows = numpy.zeros(0, dtype=numpy.uint8)
        self._row_keys: list[tuple[int, int, int]] = []

    def _name_rows(self) -> None:
        """Tell what each row asks for, for those that are new."""
        count = self._dense.rows_known
        if count == len(self._rows):
            return
        names: list[int] = self.row_names.tolist()
        taken: list[int] = self._rows.tolist()
        spends: list[int] = self.row_spends.tolist()
        for number in range(len(self._rows), count):
            row = self._dense.key(number)
            key = row.process, row.local, row.place
            name = self._name_of(*key)
            names.append(min(self._names.setdefault(name, len(self._names)), NAMES_MAX - 1))
            taken.append(key in self._rows_taken)
            spends.append(self._spent_by(*key))
            self._row_keys.append(key)
        self.row_names = numpy.array(names, dtype=numpy.int32)
        self.row_spends = numpy.array(spends, dtype=numpy.int32)
        self._rows = numpy.array(taken, dtype=numpy.uint8)

    def _spent_by(self, process: int, local: int, place: int) -> int:
        tables = self._tables
        number = place - tables.operations_in(process, local)
        if number < 0:
            return -1
        budgets = tables.model.budgets
        kinds = [each.kind for each in tables.model.processes[process].crashes if budgets.get(each.kind)]
        return -1 if budgets[kinds[number]] == UNLIMITED else list(budgets).index(kinds[number])

    def _name_of(self, process: int, local: int, place: int) -> str:
        states = self._tables.locals[process]
        operations = states.states[local].operations
        if place >= len(operations):
            return f"{states.process.name}: crash"
        operation = operations[place]
        parts = [f"{each.component}.{each.name}" for each in operations_of(operation)]
        return f"{states.process.name}: {operation.label or ' and '.join(parts)}"
