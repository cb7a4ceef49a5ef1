"""Faults that befall no server in particular: they happen by being scheduled."""

from __future__ import annotations

from typing import Any

from deadheat.live.adapters.base import Adapter
from deadheat.sim.operations import Operation

__all__ = ["ChanceAdapter"]


class ChanceAdapter(Adapter):
    """Nothing has to be done for them."""

    def __init__(self, name: str = "chance") -> None:
        super().__init__(name)

    def perform(self, operation: Operation, fault: str | None = None, wish: Any = None) -> None:
        """Do nothing: what happens, and what is left out, is for the schedule alone."""

    def has_form(self, operation: Operation, fault: str) -> bool:  # noqa: ARG002
        """Return whether an operation with this fault has a live form: any of them."""
        return operation.name == "occurs"

    def observe(self) -> dict[str, None]:
        """Return what it holds."""
        return {self.name: None}

    def occurs_overlapping_sweeps(self, fault: str) -> None:
        """A sweep starts while another runs."""
