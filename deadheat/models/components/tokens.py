"""Unique tokens: what `uuid4` gives a real program, as an operation, so that a role stays pure."""

from __future__ import annotations

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.traits import hands_work

__all__ = ["Tokens"]


class Tokens(Component):
    """Tokens that were never given out before, one sequence an evaluation."""

    keyed = True
    initial = 0

    @hands_work
    @operation
    def generate(self, value: int, evaluation: str) -> Steps:
        """Answer a new token."""
        return (Step(f"token-{evaluation}-{value + 1}", value + 1),)
