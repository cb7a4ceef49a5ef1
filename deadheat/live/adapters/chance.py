"""Faults that befall no server in particular: they happen by being scheduled."""

from __future__ import annotations

from deadheat.live.adapters.base import Adapter

__all__ = ["ChanceAdapter"]


class ChanceAdapter(Adapter):
    """Nothing has to be done for them."""

    def __init__(self) -> None:
        super().__init__("chance")

    def occurs_overlapping_sweeps(self, fault: str) -> None:
        """A sweep starts while another runs."""
