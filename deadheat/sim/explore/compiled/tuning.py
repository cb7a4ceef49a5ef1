"""What only tests change of a compiled search."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat.sim.explore.compiled.layout import WORD_BITS

__all__ = ["Tuning"]


@dataclass(frozen=True, slots=True)
class Tuning:
    """The sizes at which a compiled search does something else.

    The bits up to which tables are dense, those of a fingerprint, the transitions between two checkpoints, and how many
    states a shard may hold, 0 for what the options allow. So many states make a space large enough for all cores, and a
    layer for sharing it out anew.
    """

    dense_bits: int = 14
    fingerprint_bits: int = WORD_BITS
    transitions_between_checkpoints: int = 20_000_000
    room: int = 0
    states_before_all_cores: int = 150_000
    states_spread: int = 100_000
