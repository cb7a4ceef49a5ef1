"""What only tests change of a compiled search."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat.sim.explore.compiled.layout import WORD_BITS

__all__ = ["Tuning"]


STATES_SAVED_QUICKLY = 5_000_000
"""So many states more, and checkpoints are twice, three times ... as far apart."""


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

    def enough_to_save(self, states: int) -> float:
        """Return how many transitions lie between two checkpoints of a search that has found so many states."""
        return self.transitions_between_checkpoints * (1 + states / STATES_SAVED_QUICKLY)
