"""Where a fair run can stay for ever: asked of each state by itself, before any cycle is looked for.

A cycle comes back in every field. What was learned says, of each field, which content becomes which; a content that is
on no cycle of that graph never changes on a cycle of states, and a step that leaves one is on none. That is nearly
every step of a protocol: logs grow, and counters count. And where a process owes a step that nothing on a cycle can
take away, for it reads only contents that do not change, and can itself take no step of one, no cycle is fair to it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import NamedTuple

import numpy

from deadheat.sim.explore.compiled.arrays import OWED, Arrays, Int32, Int64, Number, UInt8, UInt64
from deadheat.sim.explore.compiled.compiling import compiled, inlined
from deadheat.sim.explore.compiled.lookups import enabled, entry_of, local_in, natural
from deadheat.sim.explore.compiled.tables import DenseTables, RowKey
from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.learn.changes import changes
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import FIELD_BITS

__all__ = ["LEAVES", "STOPS", "TURNS", "Turning", "look_whether_it_stays", "rows_where", "turning_in", "turning_of"]

LEAVES, STOPS, TURNS = 0, 1, 2
"""What a fair run does in a state: it leaves it for good; it may stop, as no step is owed; it may be on a cycle."""

Move = tuple[int, int, int]
"""A field, and what it holds before and after."""


class Turning(NamedTuple):
    """What can be on a cycle: rows with a step of one, and contents of fields that can change and come back.

    `locals` are the local states with such a row. What the field of that read place holds (see `Arrays`) is to be
    looked up in `changing` from `first` on.
    """

    rows: UInt8
    locals: UInt8
    changing: UInt8
    first: Int32


def rows_where(dense: DenseTables, is_chosen: Callable[[RowKey], bool]) -> UInt8:
    """Return for each row whether it is chosen."""
    chosen = (is_chosen(dense.key(row)) for row in range(dense.rows_known))
    return numpy.fromiter(chosen, dtype=numpy.uint8, count=dense.rows_known)


def turning_in(dense: DenseTables, rows: UInt8) -> Turning:
    """Return that these rows can be on a cycle, and that any content can change there."""
    return _laid_out(dense, rows, None)


def turning_of(dense: DenseTables) -> Turning:
    """Return what can be on a cycle by what was learned, which has to be all that can happen; perhaps a bit more."""
    steps: list[list[list[Move]]] = []
    following: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for key in map(dense.key, range(dense.rows_known)):
        local = key.local << (key.process * FIELD_BITS)
        steps.append(
            [
                list(_moves(fields | local, successor))
                for fields, successors in key.row.successors.items()
                for successor in successors
            ]
        )
        for moves in steps[-1]:
            for field, before, after in moves:
                following.setdefault((field, before), set()).add((field, after))
                following.setdefault((field, after), set())
    changing = [some for some in strong_components(following) if len(some) > 1]
    component_of = {each: number for number, some in enumerate(changing) for each in some}

    def comes_back(move: Move) -> bool:
        field, before, after = move
        one = component_of.get((field, before))
        return one is not None and one == component_of.get((field, after))

    turning = (any(all(map(comes_back, moves)) for moves in some) for some in steps)
    rows = numpy.fromiter(turning, dtype=numpy.uint8, count=len(steps))
    return _laid_out(dense, rows, component_of.keys())


def _moves(before: int, successor: Successor) -> Iterator[Move]:
    """Return how a step changes the fields of a state of which those that it reads are known."""
    if successor.budget:  # whatever is left of it: it only ever gets less
        before += 1 << ((successor.budget.bit_length() - 1) // FIELD_BITS * FIELD_BITS)
    return changes(before, before + successor.delta)


def _laid_out(dense: DenseTables, rows: UInt8, changing: Collection[tuple[int, int]] | None) -> Turning:
    sizes = [1 << bits for bits in dense.layout.bits]
    firsts = [sum(sizes[:field]) for field in range(len(sizes))]
    contents: UInt8 = numpy.full(sum(sizes), changing is None, dtype=numpy.uint8)
    for field, content in changing or ():
        contents[firsts[field] + content] = 1
    t = dense.arrays()
    first: Int32 = numpy.zeros(len(t.read_word), dtype=numpy.int32)
    for row in range(dense.rows_known):
        mask = dense.key(row).row.mask
        read = (at for field, at in enumerate(firsts) if mask & dense.tables.field_mask(field))  # in this order
        first[t.row_first[row] : t.row_last[row]] = list(read)
    before = numpy.concatenate(([0], numpy.cumsum(rows, dtype=numpy.int64)))
    turning_locals = (before[t.local_last] > before[t.local_first]).astype(numpy.uint8)
    return Turning(rows, turning_locals, contents, first)


@inlined
def is_steady(t: Arrays, turning: Turning, row: Number, words: UInt64, at: Number) -> Number:
    """Return whether what a row reads in a state changes on no cycle."""
    for place in range(t.row_first[row], t.row_last[row]):
        content = (words[at + t.read_word[place]] >> t.read_shift[place]) & t.read_mask[place]
        if turning.changing[turning.first[place] + numpy.int64(content)] != 0:
            return False
    return True


@inlined
def has_step(witness: tuple[int, ...], t: Arrays, row: Number, info: Number, words: UInt64, at: Number) -> Number:
    """Return whether a row has an enabled step in a state, with this bit of `info` if that is not 0."""
    entry = entry_of(witness, t, row, words, at)
    if entry > 0:
        for successor in range(t.span_first[natural(entry)], t.span_first[natural(entry + 1)]):
            if (info == 0 or t.info[natural(successor)] & info != 0) and enabled(t, successor, words, at):
                return True
    return False


@inlined
def some_process_turns(witness: tuple[int, ...], t: Arrays, turning: Turning, words: UInt64, at: Number) -> Number:
    """Return whether some process can make a step of a cycle in a state."""
    for process in range(len(t.process_word)):
        local = t.process_base[natural(process)] + local_in(t, process, words, at)
        if turning.locals[natural(local)] != 0:
            for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
                if turning.rows[natural(row)] != 0 and has_step(witness, t, row, 0, words, at):
                    return True
    return False


@inlined
def some_process_owes(
    witness: tuple[int, ...], t: Arrays, turning: Turning, words: UInt64, at: Number, for_good: Number
) -> Number:
    """Return whether some process owes a step in a state.

    Or, `for_good`, one that no cycle takes away, where the process has no turn on a cycle where it stands.
    """
    for process in range(len(t.process_word)):
        local = t.process_base[natural(process)] + local_in(t, process, words, at)
        if for_good and turning.locals[natural(local)] != 0:
            continue
        for row in range(t.local_first[natural(local)], t.local_last[natural(local)]):
            if has_step(witness, t, row, OWED, words, at) and (not for_good or is_steady(t, turning, row, words, at)):
                return True
    return False


@compiled
def look_whether_it_stays(
    witness: tuple[int, ...], t: Arrays, turning: Turning, words: UInt64, numbers: Int64, result: UInt8
) -> None:
    """Set result[n] to LEAVES, STOPS or TURNS for the state at the place numbers[n]."""
    for place in range(len(numbers)):
        at = numbers[place] * len(witness)
        turns = some_process_turns(witness, t, turning, words, at)
        if turns and some_process_owes(witness, t, turning, words, at, True):
            result[place] = LEAVES
        elif some_process_owes(witness, t, turning, words, at, False):
            result[place] = TURNS if turns else LEAVES
        else:
            result[place] = STOPS
