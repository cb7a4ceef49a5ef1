"""The learned tables, kept as dense arrays: what the compiled functions find, and what they ask for.

`Tables` is the one source: whatever is here was learned there first. When a component or a process gets more numbers
than its field has room for, everything is laid out anew (`rebuild`), and whoever holds packed states packs them anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy

from deadheat.sim.explore.compiled.arrays import (
    FINE,
    GUARDED,
    MISSING,
    MOVES,
    OWED,
    VIOLATED,
    WATCHED,
    Arrays,
    Column,
    Int32,
    UInt64,
)
from deadheat.sim.explore.compiled.fired import number_of
from deadheat.sim.explore.compiled.layout import Layout, shard_array
from deadheat.sim.explore.compiled.representative import Swaps, swaps_of
from deadheat.sim.explore.compiled.spans import Described, Spans
from deadheat.sim.explore.compiled.wide import WideTable
from deadheat.sim.explore.reductions.symmetry import Symmetry
from deadheat.sim.learn.changes import moves
from deadheat.sim.learn.lessons import Row, Successor
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind

__all__ = ["DenseTables", "RowKey"]

DENSE_BITS = 14
"""A row or a watch that reads more bits than this is looked up in the hash table."""

NO_GUARD = -1, 0
"""The guard of a successor that needs no fault."""


@dataclass(frozen=True, slots=True)
class RowKey:
    """A row, whatever its number is at the present layout: the process, its local state, and which row of it."""

    process: int
    local: int
    place: int
    row: Row


class DenseTables:
    """The arrays of one model's tables, at the layout that fits them now.

    `witness` has as many numbers as a state has words. `dense_bits` is for tests: with fewer, more is looked up by
    hash. With a `symmetry`, what is learned is verified to be symmetric, and AsymmetricError raised where it is not.
    """

    def __init__(self, tables: Tables, dense_bits: int = DENSE_BITS, symmetry: Symmetry | None = None) -> None:
        self.tables = tables
        self.symmetry = symmetry
        self.watched_parts = [part for watch in tables.watches for part in watch.parts]
        self.spread = 0  # see `Layout.shard_masks`
        self._dense_bits = dense_bits
        self._watching: dict[tuple[WatchedPart, ...], tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._part_numbers = {part: number for number, part in enumerate(self.watched_parts)}
        names = [watch.property.name for watch in tables.watches]
        self.property_numbers = {name: number for number, name in enumerate(names)}
        self._verdicts: dict[tuple[int, tuple[int, int]], int] = {}
        self._rows: list[RowKey] = []
        self._row_fields: list[list[int]] = []
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._rows_of_locals: list[list[tuple[int, int]]] = [[] for _ in tables.locals]
        self._learned: list[tuple[int, int, int]] = []
        """What was learned of rows: their numbers, the contents of the fields that they read, and the spans."""
        self._spans = Spans()
        self._fanout = [0] * len(tables.locals)
        self._rows_max = [0] * len(tables.locals)
        self._swapped_counts: list[int] = []
        self.layout = Layout.fitting(tables.numbers_in_use(), len(tables.model.budgets))
        self.rebuild()
        for number, key in enumerate(self._rows):
            for fields, successors in key.row.successors.items():
                self._take(number, fields, successors)

    # Layout

    @property
    def outgrown(self) -> bool:
        """Whether some field has more numbers than its bits can tell apart."""
        return bool(self.layout.outgrown(self.tables.numbers_in_use()))

    def rebuild(self) -> None:
        """Lay everything out anew, with room to grow for what has grown before."""
        counts = self.tables.numbers_in_use()
        growing = self.layout.outgrown(counts)
        self.layout = Layout.fitting(counts, len(self.tables.model.budgets), growing)
        self.witness = (0,) * self.layout.words
        self._wide = WideTable(self.layout)
        self._swaps: Swaps | None = None
        self._lay_out_processes()
        self._make_columns()
        for read in self._row_fields:
            self._lay_out_row(read)
        self._lay_out_watches()
        self._spans.lay_out(self.layout)
        for (part, (before, after)), verdict in self._verdicts.items():
            self._put_verdict(part, before, after, verdict)
        self.sync()
        for number, fields, entry in self._learned:
            self._put_entry(number, fields, entry)

    def _make_columns(self) -> None:
        i32, i64, u64 = numpy.int32, numpy.int64, numpy.uint64
        self._row_base, self._row_first, self._row_last = Column(i64), Column(i32), Column(i32)
        self._row_masks = Column(u64)
        self._read_word, self._read_shift = Column(i32), Column(u64)
        self._read_mask, self._read_position = Column(u64), Column(u64)
        self._entries, self._verdict = Column(i32, MISSING), Column(numpy.uint8)
        self._row_places: list[list[tuple[int, int]]] = []

    def _lay_out_processes(self) -> None:
        layout = self.layout
        processes = range(len(self.tables.locals))
        sizes = [1 << layout.bits[process] for process in processes]
        self._process_base = numpy.concatenate(([0], numpy.cumsum(sizes)[:-1])).astype(numpy.int32)
        self._process_word = numpy.array([layout.word[each] for each in processes], dtype=numpy.int32)
        self._process_shift = numpy.array([layout.shift[each] for each in processes], dtype=numpy.uint64)
        self._process_mask = numpy.array([size - 1 for size in sizes], dtype=numpy.uint64)
        self._local_first = numpy.zeros(sum(sizes), dtype=numpy.int32)
        self._local_last = numpy.zeros(sum(sizes), dtype=numpy.int32)
        for process, ends in enumerate(self._rows_of_locals):
            if ends:
                base = self._process_base[process]
                self._local_first[base : base + len(ends)] = [first for first, _ in ends]
                self._local_last[base : base + len(ends)] = [last for _, last in ends]

    def _lay_out_watches(self) -> None:
        parts = self.watched_parts
        reads = [self._read_fields(part.fields) for part in parts]
        bits = [sum(self.layout.bits[field] for field in part.fields) for part in parts]
        index_bits = [
            each * (2 if part.property.kind is Kind.STEP else 1) for each, part in zip(bits, parts, strict=True)
        ]
        bases = [self._verdict.extend(1 << each) if each <= self._dense_bits else -1 for each in index_bits]
        numbers = [self.property_numbers[part.property.name] for part in parts]
        masks = [mask for part in parts for mask in self.layout.masks(part.fields)]
        self._watch_places = [self._places(part.fields) for part in parts]
        self._watch_base = numpy.array(bases, dtype=numpy.int64)
        self._watch_first = numpy.array([first for first, _ in reads], dtype=numpy.int32)
        self._watch_last = numpy.array([last for _, last in reads], dtype=numpy.int32)
        self._watch_bits = numpy.array(bits, dtype=numpy.uint64)
        self._watch_masks = numpy.array(masks, dtype=numpy.uint64)
        self._watch_property = numpy.array(numbers, dtype=numpy.int32)

    def _places(self, fields: Iterable[int]) -> list[tuple[int, int]]:
        """Return, for each field, its lowest bit in a state of `Tables`, and in the index made of these fields."""
        places, position = [], 0
        for field in fields:
            places.append((field * FIELD_BITS, position))
            position += self.layout.bits[field]
        return places

    def _read_fields(self, fields: Iterable[int]) -> tuple[int, int]:
        """Add the fields of a row or a watch; return where they begin and end."""
        first, position = self._read_word.length, 0
        for field in fields:
            self._read_word.append(self.layout.word[field])
            self._read_shift.append(self.layout.shift[field])
            self._read_mask.append((1 << self.layout.bits[field]) - 1)
            self._read_position.append(position)
            position = min(position + self.layout.bits[field], 63)  # of no use where it is looked up by hash
        return first, self._read_word.length

    # Learning

    def sync(self) -> None:
        """Add the rows of the local states that became known."""
        for process, states in enumerate(self.tables.locals):
            ends = self._rows_of_locals[process]
            for local in range(len(ends), len(states.states)):
                first, rows = len(self._rows), self.tables.rows[process][local]
                for number, row in enumerate(rows):
                    self._add_row(RowKey(process, local, number, row))
                ends.append((first, len(self._rows)))
                place = self._process_base[process] + local
                self._local_first[place], self._local_last[place] = ends[-1]
                self._rows_max[process] = max(self._rows_max[process], len(rows))

    def key(self, number: int) -> RowKey:
        """Return the row of a number."""
        return self._rows[number]

    @property
    def rows_known(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def watched_properties(self) -> Int32:
        """For each watch, the number of its property."""
        return self._watch_property

    @property
    def watch_masks(self) -> UInt64:
        """For each watch, the bits of a state's words that it reads."""
        return self._watch_masks

    def number(self, key: RowKey) -> int:
        """Return the present number of a row."""
        return self._numbers[key.process, key.local, key.place]

    def learn(self, misses: Iterable[tuple[RowKey, int]]) -> bool:
        """Learn what rows do in states of `Tables`; return whether everything was laid out anew for it."""
        learned = {}
        for key, state in misses:
            fields = state & key.row.mask
            number = self.number(key)
            if (number, fields) not in learned:
                learned[number, fields] = key.row.successors[fields]
        if self.symmetry is not None:
            self.symmetry.learn()
        is_outgrown = self.outgrown
        if is_outgrown:
            self.rebuild()
        else:
            self.sync()
        for (number, fields), successors in learned.items():
            self._take(number, fields, successors)
        return is_outgrown

    def judge(self, part: int, before: int, after: int) -> bool:
        """Return whether a part of a property is violated in (or between) states of `Tables`, and remember it."""
        watched = self.watched_parts[part]
        is_step = watched.property.kind is Kind.STEP
        violated = watched.violated_by(before, after) if is_step else watched.violated(after)
        mask = sum(self.tables.field_mask(field) for field in watched.fields)
        key = part, ((before if is_step else after) & mask, after & mask)
        if key not in self._verdicts:
            self._verdicts[key] = VIOLATED if violated else FINE
            self._put_verdict(part, *key[1], self._verdicts[key])
        return violated

    # Arrays

    @property
    def successors_max(self) -> int:
        """How many successors one state can have at most."""
        return sum(rows * fanout for rows, fanout in zip(self._rows_max, self._fanout, strict=True)) + 1

    @property
    def watchers_max(self) -> int:
        """How many watches of one kind a transition has at most."""
        return self._spans.watchers_max

    @property
    def events_max(self) -> int:
        """How many events the transitions of one state can give at most."""
        return self.successors_max * self.watchers_max + 1

    @property
    def rows_max(self) -> int:
        """How many rows one state can have at most."""
        return sum(self._rows_max) + 1

    def arrays(self) -> Arrays:
        """Return the arrays as they are now."""
        wide_owner, wide_keys, wide_value = self._wide.arrays()
        return Arrays(
            self._process_word,
            self._process_shift,
            self._process_mask,
            self._process_base,
            self._local_first,
            self._local_last,
            self._row_base.array,
            self._row_first.array,
            self._row_last.array,
            self._row_masks.array,
            self._read_word.array,
            self._read_shift.array,
            self._read_mask.array,
            self._read_position.array,
            self._entries.array,
            self._spans.first.array,
            self._spans.delta.array,
            self._spans.info.array,
            self._spans.guard_word.array,
            self._spans.guard_mask.array,
            self._spans.guard_kind.array,
            self._spans.watched_first.array,
            self._spans.watched_middle.array,
            self._spans.watched_last.array,
            self._spans.watched.array,
            self._watch_base,
            self._watch_first,
            self._watch_last,
            self._watch_bits,
            self._watch_masks,
            self._watch_property,
            self._verdict.array,
            wide_owner,
            wide_keys,
            wide_value,
            shard_array(self.layout, spread=self.spread),
            self._swaps_now(),
        )

    def _swaps_now(self) -> Swaps:
        counts = self.tables.numbers_in_use() if self.symmetry is not None else []
        if self._swaps is None or counts != self._swapped_counts:
            self._swaps, self._swapped_counts = swaps_of(self.symmetry, self.layout), counts
        return self._swaps

    def _add_row(self, key: RowKey) -> None:
        fields = [field for field in range(len(self.layout.bits)) if self.tables.field_mask(field) & key.row.mask]
        self._numbers[key.process, key.local, key.place] = len(self._rows)
        self._lay_out_row(fields)
        self._rows.append(key)
        self._row_fields.append(fields)

    def _lay_out_row(self, fields: list[int]) -> None:
        bits = sum(self.layout.bits[field] for field in fields)
        first, last = self._read_fields(fields)
        self._row_base.append(self._entries.extend(1 << bits) if bits <= self._dense_bits else -1)
        self._row_first.append(first)
        self._row_last.append(last)
        self._row_masks.append(*self.layout.masks(fields))
        self._row_places.append(self._places(fields))

    def _take(self, number: int, fields: int, successors: Sequence[Successor]) -> None:
        """Take over what a row does where the fields that it reads hold this."""
        key = self._rows[number]
        self._fanout[key.process] = max(self._fanout[key.process], len(successors))
        before = fields | (key.local << (key.process * FIELD_BITS))
        entry = self._spans.number(tuple([self._described(before, successor) for successor in successors]))
        self._learned.append((number, fields, entry))
        self._put_entry(number, fields, entry)

    def _put_entry(self, number: int, fields: int, entry: int) -> None:
        base = int(self._row_base.array[number])
        if base >= 0:
            self._entries.array[base + self._index(fields, self._row_places[number])] = entry
        else:
            self._wide.put(2 * number + 1, fields, fields, entry)

    def _put_verdict(self, part: int, before: int, after: int, verdict: int) -> None:
        base, places = int(self._watch_base[part]), self._watch_places[part]
        if base < 0:
            self._wide.put(2 * part + 2, before, after, verdict)
        elif self.watched_parts[part].property.kind is Kind.STEP:
            high = self._index(after, places) << int(self._watch_bits[part])
            self._verdict.array[base + (self._index(before, places) | high)] = verdict
        else:
            self._verdict.array[base + self._index(after, places)] = verdict

    @staticmethod
    def _index(state: int, places: Sequence[tuple[int, int]]) -> int:
        index = 0
        for shift, position in places:
            index |= ((state >> shift) & FIELD_MASK) << position
        return index

    def _described(self, before: int, successor: Successor) -> Described:
        guard = NO_GUARD
        if successor.budget:
            field = (successor.budget.bit_length() - 1) // FIELD_BITS
            before += 1 << (field * FIELD_BITS)
            first_budget = len(self.layout.bits) - len(self.tables.model.budgets)
            guard = field, number_of(successor, field - first_budget)
        steps, states = self._watches_of(successor)
        info = (OWED if successor.owed else 0) | (GUARDED if successor.budget else 0) | (WATCHED if steps else 0)
        info |= MOVES if successor.owed and successor.delta else 0
        return Described(tuple(moves(before, before + successor.delta)), info, guard, steps, states)

    def _watches_of(self, successor: Successor) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return the watches of kind STEP, and those of kind ALWAYS, that may be violated by a successor."""
        known = self._watching.get(successor.watches)
        if known is None or self.symmetry is not None:  # what is alike is still being learned
            known = self._watches(successor.watches, Kind.STEP), self._watches(successor.watches, Kind.ALWAYS)
            self._watching[successor.watches] = known
        return known

    def _watches(self, watches: Sequence[WatchedPart], kind: Kind) -> tuple[int, ...]:
        parts: Sequence[WatchedPart] = [part for part in watches if part.property.kind is kind]
        if self.symmetry is not None and kind is Kind.ALWAYS:  # asked of what stands for the successor
            parts = self.symmetry.parts_like(parts)
        return tuple(self._part_numbers[part] for part in parts)
