"""The store that a search gets: exact, or by fingerprint; with as much room as the options allow."""

from __future__ import annotations

from functools import partial

from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.stored.exact_store import BYTES_BESIDE_WORDS, ExactStore
from deadheat.sim.explore.compiled.stored.fingerprint_store import BYTES_A_STATE, FingerprintStore
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.memory import NoRoomError, bound, out_of_memory
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.stop import Limit, Stop

__all__ = ["empty_store"]

ROOM_MIN = 1 << 16
"""The room of a shard at least; a search is not stopped for want of memory before it has used some."""


SLACK = 1.5
"""So many times its share may a shard of several hold: they need not be alike."""


def empty_store(
    layout: Layout, options: SearchOptions, tuning: Tuning = Tuning(), shards: int = 1, *, spread: int = 0
) -> Store:
    """Return an empty store of so many shards, by fingerprint or exact; raises NoRoomError."""
    may_take = partial(_may_take, options.memory_bytes_max)
    try:
        if options.fingerprint:
            room = tuning.room or _room(options, shards, BYTES_A_STATE)
            return FingerprintStore(layout, shards, room, may_take, tuning.fingerprint_bits, spread=spread)
        room = tuning.room or _room(options, shards, 8 * layout.words + BYTES_BESIDE_WORDS)
        return ExactStore(layout, shards, room, may_take, spread=spread)
    except MemoryError:
        reason = "the system does not set aside as much memory as may be taken; lower the limit"
        raise NoRoomError(Stop(Limit.MEMORY, reason)) from None


def _room(options: SearchOptions, shards: int, bytes_a_state: float) -> int:
    """Return how many states a shard may hold, by the options: no more than they allow, and enough to go beyond."""
    total = min(bound(options.memory_bytes_max) / bytes_a_state, options.states_max * 5 // 4 + (1 << 21))
    return max(int(total if shards == 1 else total * SLACK / shards), ROOM_MIN)


def _may_take(bytes_max: int, size: int) -> bool:
    return out_of_memory(bytes_max, soon=size) is None
