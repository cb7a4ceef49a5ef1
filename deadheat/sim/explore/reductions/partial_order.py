"""Partial-order reduction: where the others cannot disturb some processes, the steps of those alone are explored first.

In a state, a set of processes is *ample* if nothing that the other processes can do from here on touches what the
set's processes write or writes what they touch, at the operations that they wait for now. A component counts; and so
does what a part of a property of kind ALWAYS or STEP reads, as if it were one component that is written by whatever
changes it. A budget does not: faults that both happened could have drawn on it in either order. Where, moreover,

- one of the set's processes has an owed step that changes the state, and
- none of them can ever come back to the local state in which it is (a fault with a bounded budget does not count,
  for it cannot be on a cycle),

the steps of the others are left out in this state. Nothing is lost for any kind of property, by this argument. Take a
run from the state. If a process of the set steps in it, its first such step could as well come first: no step before
it is disturbed by it, nor disturbs it, and at most one of them is seen by any one part of a property. If none does:

- ALWAYS, STEP: what the run violates is then changed by the run alone, and the same run violates it after a step of the
  set. That this comes to an end is the second condition: a cycle of states has one from which nothing is left out.
- SETTLED, EVENTUALLY: the owed step stays possible throughout, so the run does not end in a settled state, nor go on
  for ever fairly without it; and no state on a cycle has an ample set, so cycles are explored whole.

(Patrice Godefroid, "Partial-order methods for the verification of concurrent systems", 1996, for persistent sets;
R. Kurshan, V. Levin, M. Minea, D. Peled, H. Yenigün, "Static partial order reduction", 1998, for the cycles.)

What the others can do is taken from what was learned of them, and so a search has to be done again where it learned of
more; when one ends without, all that it was told was true. Were there anything that it failed to learn, take the first
such step on a shortest run: all before it was known, so some explored run is like that one, and takes that step.

Distances are not preserved: a counterexample that is found is real, but may be longer than a shortest one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from deadheat.sim.explore.cycles.graphs import strong_components
from deadheat.sim.learn.lessons import Successor
from deadheat.sim.learn.tables import FIELD_BITS, FIELD_MASK, Tables
from deadheat.sim.model import UNLIMITED, Kind

__all__ = ["PROCESSES_MAX", "UNKNOWN", "Dependence", "Standing", "wander"]

PROCESSES_MAX = 62
"""The sets of processes are numbers of 64 bits, with a sign, in the compiled search."""

RUNS, STEPS_MAX = 100, 300
"""How many random runs are made beforehand, and of how many steps at most."""

BITS = 64
EVERYTHING = (1 << BITS) - 1


class Standing(NamedTuple):
    """What a process touches and writes, at the operations it waits for in a local state, and from there on.

    The bits stand for components and parts of properties; two things may share a bit. What is written is also touched.
    `progresses`, if the process never comes back to this local state.
    """

    touched: int
    written: int
    ever_touched: int
    ever_written: int
    progresses: bool

    def disturbed_by(self, other: Standing) -> bool:
        """Return whether what another process can ever do depends on what this one does now, or this one on that."""
        return bool(self.touched & other.ever_written or self.written & other.ever_touched)


EVERYTHING_CHANGES = -1
"""The fields of a part of a property that is asked of every step: each is one that it sees."""

UNKNOWN = Standing(EVERYTHING, EVERYTHING, EVERYTHING, EVERYTHING, progresses=False)
"""What is assumed of a local state of which nothing is known."""


class _Step(NamedTuple):
    """A learned step of a process: the local state that it leads to, what it writes, and whether it may recur."""

    target: int
    written: int
    may_recur: bool


class Dependence:
    """Which processes can disturb which, by all that the tables hold at this moment.

    `standings` has those of the local states of each process, by their numbers.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._seen_parts = [
            EVERYTHING_CHANGES if watch.property.every_step else sum(map(tables.field_mask, part.fields))
            for watch in tables.watches
            if watch.property.kind in (Kind.ALWAYS, Kind.STEP)
            for part in watch.parts
        ]
        self._unlimited = tables.budget_fields(kind for kind, left in tables.model.budgets.items() if left == UNLIMITED)
        self.standings = [self._standings(process) for process in range(len(tables.locals))]

    def confirms(self, earlier: Dependence) -> bool:
        """Return whether all that was assumed earlier, on less knowledge, still holds."""
        pairs = zip(earlier.standings, self.standings, strict=True)
        return all(assumed == known[: len(assumed)] for assumed, known in pairs)

    def closed_sets(self, state: int) -> Iterator[list[int]]:
        """Yield the sets of processes that the others cannot disturb in this state; not that of all that go on."""
        standings = [self._standing(state, process) for process in range(len(self.standings))]
        going_on = [process for process, standing in enumerate(standings) if standing.ever_touched]
        for seed in going_on:
            closed = _closed(standings, seed)
            if closed is not None and len(closed) < len(going_on):
                yield closed

    def _standing(self, state: int, process: int) -> Standing:
        local = (state >> (process * FIELD_BITS)) & FIELD_MASK
        known = self.standings[process]
        return known[local] if local < len(known) else UNKNOWN

    def _standings(self, process: int) -> list[Standing]:
        steps = [list(self._steps(process, local)) for local in range(len(self._tables.locals[process].states))]
        waits_for = [self._waits_for(process, local) for local in range(len(steps))]
        written = [_union(step.written for step in each) for each in steps]
        touched = [waiting | writing for waiting, writing in zip(waits_for, written, strict=True)]
        targets = [{step.target for step in each} for each in steps]
        recurring = _recurring({local: [s.target for s in each if s.may_recur] for local, each in enumerate(steps)})
        ever_touched, ever_written = _from_there_on(touched, targets), _from_there_on(written, targets)
        return [
            Standing(*masks, progresses=local not in recurring)
            for local, masks in enumerate(zip(touched, written, ever_touched, ever_written, strict=True))
        ]

    def _waits_for(self, process: int, local: int) -> int:
        return _union(self._bits(row.mask) for row in self._tables.rows[process][local])

    def _steps(self, process: int, local: int) -> Iterator[_Step]:
        for row in self._tables.rows[process][local]:
            for fields, successors in row.successors.items():
                for successor in successors:
                    yield self._step(process, fields | (local << (process * FIELD_BITS)), successor)

    def _step(self, process: int, before: int, successor: Successor) -> _Step:
        budget = successor.budget & ~self._unlimited
        before |= budget & -budget  # so that there is one left to be drawn
        after = before + successor.delta
        changed = before ^ after
        parts = len(self._tables.fields.every)
        seen_by = (
            parts + number
            for number, fields in enumerate(self._seen_parts)
            if changed & fields or fields == EVERYTHING_CHANGES
        )
        target = (after >> (process * FIELD_BITS)) & FIELD_MASK
        return _Step(target, self._bits(changed) | _union(map(_bit, seen_by)), may_recur=not budget)

    def _bits(self, fields: int) -> int:
        """Return the bits that stand for the components among these fields."""
        components = self._tables.fields.every
        return _union(
            _bit(number) for number, field in enumerate(components) if fields & self._tables.field_mask(field)
        )


def wander(tables: Tables) -> None:
    """Let the tables learn from a few random runs, so that most of what processes can do is known beforehand."""
    drawing = Random(0)
    for _ in range(RUNS):
        state = tables.initial()
        for _ in range(STEPS_MAX):
            choices = tables.choices(state)
            if not choices:
                break
            _, state = drawing.choice(choices)


def _bit(number: int) -> int:
    return 1 << (number % BITS)


def _union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union


def _closed(standings: Sequence[Standing], seed: int) -> list[int] | None:
    """Return the least set with this process that no other can disturb; None if one of it may recur."""
    closed = [seed]
    for process in closed:  # which grows
        if not standings[process].progresses:
            return None
        closed += [
            other
            for other, standing in enumerate(standings)
            if other not in closed and standings[process].disturbed_by(standing)
        ]
    return sorted(closed)


def _recurring(graph: dict[int, list[int]]) -> set[int]:
    """Return the local states that lie on a cycle."""
    recurring: set[int] = set()
    for component in strong_components(graph):
        if len(component) > 1 or any(local in graph[local] for local in component):
            recurring |= component
    return recurring


def _from_there_on(masks: Sequence[int], targets: Sequence[set[int]]) -> list[int]:
    """Return, for each local state, the union of the masks of all that it leads to, and of its own."""
    ever = list(masks)
    changed = True
    while changed:
        changed = False
        for local in reversed(range(len(ever))):  # a local state's successors mostly have higher numbers
            union = ever[local] | _union(ever[target] for target in targets[local])
            changed |= union != ever[local]
            ever[local] = union
    return ever
