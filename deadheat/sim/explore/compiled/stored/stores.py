"""The store that a search gets: exact, or by fingerprint; with as much room as the limits allow."""

from __future__ import annotations

from functools import partial

from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.stored.exact_store import BYTES_BESIDE_WORDS, ExactStore
from deadheat.sim.explore.compiled.stored.fingerprint_store import BYTES_A_STATE, FingerprintStore
from deadheat.sim.explore.compiled.stored.store import Store
from deadheat.sim.explore.memory import NoRoomError, bound, out_of_memory
from deadheat.sim.explore.results import Limits

__all__ = ["empty_store"]

ROOM_MIN = 1 << 16
"""The room of a shard at least; a search is not stopped for want of memory before it has used some."""


def empty_store(layout: Layout, limits: Limits, fingerprint_bits: int = 0, room: int = 0) -> Store:
    """Return a store for so many bits of fingerprints, exact for 0; raises NoRoomError.

    A shard has room for so many states, or for 0, for as many as the limits allow.
    """
    may_take = partial(_may_take, limits.memory_bytes_max)
    try:
        if fingerprint_bits:
            return FingerprintStore(
                layout, limits.cores, room or _room(limits, BYTES_A_STATE), may_take, fingerprint_bits
            )
        return ExactStore(layout, limits.cores, room or _room(limits, 8 * layout.words + BYTES_BESIDE_WORDS), may_take)
    except MemoryError:
        raise NoRoomError("the system does not set aside as much memory as may be taken (lower --memory)") from None


def _room(limits: Limits, bytes_a_state: float) -> int:
    """Return how many states a shard may hold, by the limits: no more than they allow, and enough to go beyond."""
    total = min(bound(limits.memory_bytes_max) / bytes_a_state, limits.states_max * 5 // 4 + (1 << 21))
    return max(int(total) // limits.cores, ROOM_MIN)


def _may_take(bytes_max: int, size: int) -> bool:
    return out_of_memory(bytes_max, soon=size) is None
