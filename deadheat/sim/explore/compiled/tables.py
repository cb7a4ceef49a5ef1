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
from deadheat.sim.explore.compiled.wide import EVERY_BIT, WideTable
from deadheat.sim.explore.reductions.symmetry import Symmetry
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Row, Successor, Tables
from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.model import Kind

__all__ = ["DenseTables", "RowKey"]

DENSE_BITS = 14
"""A row or a watch that reads more bits than this is looked up in the hash table."""

NOTHING_HAPPENS = 0
"""The entry without successors."""


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
        self.spread = False  # see `Layout.shard_masks`
        self._dense_bits = dense_bits
        self._part_numbers = {part: number for number, part in enumerate(self.watched_parts)}
        names = [watch.property.name for watch in tables.watches]
        self.property_numbers = {name: number for number, name in enumerate(names)}
        self._verdicts: dict[tuple[int, tuple[int, int]], int] = {}
        self.layout = Layout.fitting(tables.numbers_in_use(), len(tables.model.budgets))
        self.rebuild()

    # Layout

    @property
    def outgrown(self) -> bool:
        """Whether some field has more numbers than its bits can tell apart."""
        return bool(self.layout.outgrown(self.tables.numbers_in_use()))

    def rebuild(self) -> None:
        """Lay everything that was learned so far out anew, with room to grow for what has grown before."""
        counts = self.tables.numbers_in_use()
        growing = self.layout.outgrown(counts)
        self.layout = Layout.fitting(counts, len(self.tables.model.budgets), growing)
        self.witness = (0,) * self.layout.words
        self._make_columns()
        self._lay_out_processes()
        self._lay_out_watches()
        for (part, (before, after)), verdict in self._verdicts.items():
            self._put_verdict(part, before, after, verdict)
        self.sync()
        for number, key in enumerate(self._rows):
            for fields, successors in key.row.successors.items():
                self._put_entry(number, fields, successors)

    def _make_columns(self) -> None:
        def column(dtype: type, fill: int = 0) -> Column:
            return Column(dtype, fill)

        i32, i64, u64 = numpy.int32, numpy.int64, numpy.uint64
        self._row_base, self._row_first, self._row_last = column(i64), column(i32), column(i32)
        self._row_masks = column(u64)
        self._read_word, self._read_shift = column(i32), column(u64)
        self._read_mask, self._read_position = column(u64), column(u64)
        self._entries, self._span_first = column(i32, MISSING), column(i32)
        self._delta, self._info = column(u64), column(numpy.uint8)
        self._guard_word, self._guard_mask, self._guard_kind = column(i32), column(u64), column(i32)
        self._watched_first, self._watched_middle = column(i32), column(i32)
        self._watched_last, self._watched = column(i32), column(i32)
        self._verdict = column(numpy.uint8)
        self._rows: list[RowKey] = []
        self._row_places: list[list[tuple[int, int]]] = []
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._spans: dict[tuple[tuple[object, ...], ...], int] = {(): NOTHING_HAPPENS}
        self._span_first.append(0, 0)
        self._wide = WideTable(self.layout.words)
        self._swaps: Swaps | None = None
        self._swapped_counts: list[int] = []
        self._known_locals = [0] * len(self.tables.locals)
        self.watchers_max = 0
        """How many watches of one kind a transition has at most."""
        self._fanout: list[int] = [0] * len(self.tables.locals)
        self._rows_max = [0] * len(self.tables.locals)

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
            for local in range(self._known_locals[process], len(states.states)):
                place = self._process_base[process] + local
                self._local_first[place] = len(self._rows)
                for number, row in enumerate(self.tables.rows[process][local]):
                    self._numbers[process, local, number] = len(self._rows)
                    self._add_row(RowKey(process, local, number, row))
                self._local_last[place] = len(self._rows)
                self._rows_max[process] = max(self._rows_max[process], len(self.tables.rows[process][local]))
            self._known_locals[process] = len(states.states)

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
        if self.outgrown:
            self.rebuild()
            return True
        self.sync()
        for (number, fields), successors in learned.items():
            self._put_entry(number, fields, successors)
        return False

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
            self._span_first.array,
            self._delta.array,
            self._info.array,
            self._guard_word.array,
            self._guard_mask.array,
            self._guard_kind.array,
            self._watched_first.array,
            self._watched_middle.array,
            self._watched_last.array,
            self._watched.array,
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
        bits = sum(self.layout.bits[field] for field in fields)
        first, last = self._read_fields(fields)
        self._row_base.append(self._entries.extend(1 << bits) if bits <= self._dense_bits else -1)
        self._row_first.append(first)
        self._row_last.append(last)
        self._row_masks.append(*self.layout.masks(fields))
        self._row_places.append(self._places(fields))
        self._rows.append(key)

    def _put_entry(self, number: int, fields: int, successors: Sequence[Successor]) -> None:
        key = self._rows[number]
        entry = self._entry(key, fields, successors)
        self._fanout[key.process] = max(self._fanout[key.process], len(successors))
        base = int(self._row_base.array[number])
        if base >= 0:
            self._entries.array[base + self._index(fields, self._row_places[number])] = entry
        else:
            words = self.layout.pack_one(fields)
            self._wide.put(2 * number + 1, words, words, entry)

    def _put_verdict(self, part: int, before: int, after: int, verdict: int) -> None:
        base, places = int(self._watch_base[part]), self._watch_places[part]
        if base < 0:
            self._wide.put(2 * part + 2, self.layout.pack_one(before), self.layout.pack_one(after), verdict)
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

    def _entry(self, key: RowKey, fields: int, successors: Sequence[Successor]) -> int:
        """Return the entry for these successors; equal ones share it."""
        before = fields | (key.local << (key.process * FIELD_BITS))
        described = tuple(self._describe(before, successor) for successor in successors)
        entry = self._spans.get(described)
        if entry is None:
            for delta, info, guard, steps, states in described:
                self._delta.append(*delta)
                self._info.append(info)
                self._guard_word.append(guard[0])
                self._guard_mask.append(guard[1])
                self._guard_kind.append(guard[2])
                self._watched_first.append(self._watched.append(*steps))
                self._watched_middle.append(self._watched.append(*states))
                self._watched_last.append(self._watched.length)
                self.watchers_max = max(self.watchers_max, len(steps), len(states))
            entry = self._spans[described] = self._span_first.append(self._info.length) - 1
        return entry

    def _describe(
        self, before: int, successor: Successor
    ) -> tuple[tuple[int, ...], int, tuple[int, int, int], tuple[int, ...], tuple[int, ...]]:
        """Return a successor's delta, its `info`, the word, mask and kind of its budget, and who watches it.

        Those are, first, the watches of kind STEP, and second, those of kind ALWAYS.
        """
        guard = (0, 0, 0)
        if successor.budget:
            field = (successor.budget.bit_length() - 1) // FIELD_BITS
            before += 1 << (field * FIELD_BITS)
            first_budget = len(self.layout.bits) - len(self.tables.model.budgets)
            guard = (self.layout.word[field], self.layout.mask(field), number_of(successor, field - first_budget))
        delta = self._delta_words(before, before + successor.delta)
        steps, states = (self._watching(successor, kind) for kind in (Kind.STEP, Kind.ALWAYS))
        info = (OWED if successor.owed else 0) | (GUARDED if successor.budget else 0) | (WATCHED if steps else 0)
        return delta, info | (MOVES if successor.owed and successor.delta else 0), guard, steps, states

    def _delta_words(self, before: int, after: int) -> tuple[int, ...]:
        words = [0] * self.layout.words
        changed = before ^ after
        while changed:
            field = ((changed & -changed).bit_length() - 1) // FIELD_BITS
            mask = self.tables.field_mask(field)
            move = ((after & mask) - (before & mask)) >> (field * FIELD_BITS)
            words[self.layout.word[field]] += move << self.layout.shift[field]
            changed &= ~mask
        return tuple(word & EVERY_BIT for word in words)

    def _watching(self, successor: Successor, kind: Kind) -> tuple[int, ...]:
        parts: Sequence[WatchedPart] = [part for part in successor.watches if part.property.kind is kind]
        if self.symmetry is not None and kind is Kind.ALWAYS:  # asked of what stands for the successor
            parts = self.symmetry.parts_like(parts)
        return tuple(self._part_numbers[part] for part in parts)
