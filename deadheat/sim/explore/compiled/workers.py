"""The workers of a compiled search, one a core: each expands its shard's frontier, then adds to its shard.

The two halves alternate. A worker that expands writes the successors into one buffer for each shard; a worker that
adds reads the buffers of all workers, in their order, for its own shard. So no two cores ever write the same memory,
and the result does not depend on their speed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import numpy

from deadheat.sim.explore.compiled.ample import Standings
from deadheat.sim.explore.compiled.arrays import Arrays, Int32, Int64, UInt8, UInt64, apart
from deadheat.sim.explore.compiled.expand import (
    EVENTS,
    FOLDED,
    IN_PART,
    MISSES,
    OUT,
    QUIET,
    RECENT_BITS,
    TRANSITIONS,
    UNCERTAIN,
    expand,
    expand_pending,
)
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tables import DenseTables, RowKey
from deadheat.sim.explore.compiled.threads import Threads, nothing

__all__ = ["CHUNK", "Team", "Worker", "learn_of", "missing_rows"]

CHUNK = 1 << 15
"""How many states a worker expands in one go, at most."""

OUT_ROOM = 1 << 18
EVENTS_ROOM = 1 << 13
MISSES_ROOM = 1 << 13

Result = TypeVar("Result")


class Worker:
    """One worker's buffers. `out` has room for `out_room` states for each shard."""

    def __init__(self, dense: DenseTables, shards: int, properties: int) -> None:
        words = dense.layout.words
        self.witness = dense.witness
        self.shards = shards
        self.out_reserve = dense.successors_max
        self.events_reserve = dense.events_max
        self.misses_reserve = dense.rows_max
        self.out_room = max(OUT_ROOM, 4 * self.out_reserve)
        self.events_room = max(EVENTS_ROOM, 4 * self.events_reserve)
        self.out: UInt64 = numpy.empty(shards * self.out_room * words, dtype=numpy.uint64)
        self.out_by: Int32 = numpy.empty(shards * self.out_room, dtype=numpy.int32)
        self.events: UInt64 = numpy.empty(self.events_room * (1 + 2 * words), dtype=numpy.uint64)
        self.added: UInt64 = numpy.empty(self.events_room * (1 + 2 * words), dtype=numpy.uint64)
        self.misses: Int64 = numpy.empty(2 * max(MISSES_ROOM, 4 * self.misses_reserve), dtype=numpy.int64)
        self.places: Int64 = numpy.empty(len(dense.tables.locals), dtype=numpy.int64)
        self.quiet: Int64 = numpy.empty(CHUNK, dtype=numpy.int64)
        self.uncertain: Int64 = numpy.empty(CHUNK, dtype=numpy.int64)
        self.recent: UInt64 = numpy.empty(words << RECENT_BITS, dtype=numpy.uint64)
        self.counters: Int64 = apart(OUT + shards, numpy.int64)
        self.muted: UInt8 = apart(max(properties, 1), numpy.uint8)

    def forget(self, stored: UInt64) -> None:
        """Forget the successors put out so far; a state that is stored stands in their places."""
        self.recent[:] = numpy.tile(stored, 1 << RECENT_BITS)

    def suits(self, dense: DenseTables) -> bool:
        """Return whether the buffers are large enough for one state of these tables, several times over."""
        return (
            self.witness == dense.witness
            and 2 * dense.successors_max <= self.out_room
            and 2 * (dense.events_max + 1) <= self.events_room
            and 4 * dense.rows_max <= len(self.misses)
        )

    def reset(self, dense: DenseTables, decided: Sequence[int]) -> None:
        """Empty the buffers, and take over what the tables need now."""
        self.counters[:] = 0
        self.muted[:] = 0
        self.muted[list(decided)] = 1
        self.out_reserve = dense.successors_max
        self.events_reserve = dense.events_max
        self.misses_reserve = dense.rows_max

    def expand(self, t: Arrays, standings: Standings, store: Store, fired: UInt8, first: int, last: int) -> int:
        """Expand states of the frontier; return the place of the first that was not expanded."""
        reached: int = expand(
            self.witness,
            t,
            standings,
            self.places,
            store.words,
            first,
            last,
            self.shards,
            self.muted,
            fired,
            self.counters,
            self.out,
            self.out_by,
            self.out_room,
            self.out_reserve,
            self.events,
            self.events_reserve,
            self.recent,
            self.misses,
            self.misses_reserve,
            self.quiet,
            self.uncertain,
        )
        return reached

    def expand_pending(self, t: Arrays, fired: UInt8, rows: Int64, states: UInt64, first: int) -> int:
        """Expand the row of each place in the state of that place; return the first place that was not."""
        reached: int = expand_pending(
            self.witness,
            t,
            rows,
            states,
            first,
            self.shards,
            self.muted,
            fired,
            self.counters,
            self.out,
            self.out_by,
            self.out_room,
            self.out_reserve,
            self.events,
            self.events_reserve,
            self.recent,
        )
        return reached

    @property
    def transitions(self) -> int:
        """How many transitions were taken since the buffers were emptied."""
        return int(self.counters[TRANSITIONS])

    @property
    def expanded_in_part(self) -> int:
        """How many states were expanded in part since the buffers were emptied."""
        return int(self.counters[IN_PART])

    @property
    def folded(self) -> int:
        """How many of them led to a state for which another one stands."""
        return int(self.counters[FOLDED])

    @property
    def missing(self) -> Int64:
        """The rows that were not learned, each with the place of a state: pairs."""
        return self.misses[: 2 * int(self.counters[MISSES])].reshape(-1, 2)

    @property
    def quiet_states(self) -> Int64:
        """The places of states in which no owed step changes anything."""
        return self.quiet[: int(self.counters[QUIET])]

    @property
    def uncertain_states(self) -> Int64:
        """The places of states of which that is not known yet."""
        return self.uncertain[: int(self.counters[UNCERTAIN])]

    def candidates(self, shard: int) -> tuple[UInt64, Int32]:
        """Return the successors in a shard, and the numbers of their entries in the tables."""
        words = len(self.witness)
        first = shard * self.out_room
        last = first + int(self.counters[OUT + shard])
        return self.out[first * words : last * words], self.out_by[first:last]

    def take_events(self) -> UInt64:
        """Return what happened on transitions, one event a row, and forget it."""
        return self._take(self.events, self.counters)

    def take_added(self, counters: Int64) -> UInt64:
        """Return what happened on new states, by the counters of the shard, and forget it."""
        return self._take(self.added, counters)

    def _take(self, events: UInt64, counters: Int64) -> UInt64:
        width = 1 + 2 * len(self.witness)
        taken = events[: int(counters[EVENTS]) * width].reshape(-1, width)
        counters[EVENTS] = 0
        return taken


def missing_rows(dense: DenseTables, store: Store, worker: Worker) -> Iterator[tuple[RowKey, int]]:
    """Yield the rows that a worker found missing, each with the state in which it was."""
    missing = worker.missing
    if len(missing):
        states = dense.layout.unpack(store.states_at(missing[:, 1]))
        yield from ((dense.key(row), state) for row, state in zip(missing[:, 0].tolist(), states, strict=True))


def learn_of(missing: Iterable[tuple[RowKey, int]]) -> None:
    """Learn what was missing, but leave the arrays as they are: others may be reading them."""
    for key, state in missing:
        key.row.successors[state & key.row.mask]


class Team:
    """The workers, and the threads that they run in."""

    def __init__(self, dense: DenseTables, size: int, properties: int) -> None:
        self._properties = properties
        self.workers = [Worker(dense, size, properties) for _ in range(size)]
        self._threads = Threads(size)

    def suit(self, dense: DenseTables, store: Store) -> None:
        """Give the workers larger buffers where the tables ask for them."""
        size = len(self.workers)
        if not all(worker.suits(dense) for worker in self.workers):
            self.workers = [Worker(dense, size, self._properties) for _ in range(size)]
            self.forget(store)

    def forget(self, store: Store) -> None:
        """Let the workers forget what they have put out, after states were packed anew."""
        for worker in self.workers:
            worker.forget(store.first_state())

    @property
    def bytes_used(self) -> int:
        """The memory of all buffers."""
        return sum(worker.out.nbytes + worker.events.nbytes + worker.added.nbytes for worker in self.workers)

    def each(self, work: Callable[[int, Worker], Result], meanwhile: Callable[[], None] = nothing) -> list[Result]:
        """Let every worker do its share, at the same time; return what each returned.

        What is to be done `meanwhile` is done by the thread that calls this.
        """
        return self._threads.each(lambda number: work(number, self.workers[number]), meanwhile)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.close()
