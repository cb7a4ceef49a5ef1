"""The user: asks for a cancellation, and is told how it went."""

from __future__ import annotations

from enum import StrEnum

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation

__all__ = ["Cancellation", "User"]


class Cancellation(StrEnum):
    """How far the cancellation of an evaluation is, as its user sees it."""

    NONE = "not requested"
    REQUESTED = "requested"
    CANCELLED = "answered: cancelled"
    TOO_LATE = "answered: already ended"


class User(Component):
    """The API call between the user and the cancel handler, one an evaluation."""

    keyed = True
    initial = Cancellation.NONE

    @operation
    def cancel(self, value: Cancellation, evaluation: str) -> Steps:
        """Ask for the evaluation to be cancelled."""
        return (Step(None, Cancellation.REQUESTED),)

    @operation
    def cancellation(self, value: Cancellation, evaluation: str) -> Steps:
        """Wait until the user asks."""
        return (Step(None, value),) if value is Cancellation.REQUESTED else BLOCKED

    @operation
    def answer(self, value: Cancellation, evaluation: str, answer: Cancellation) -> Steps:
        """Tell the user how it went; from here on the user believes it."""
        return (Step(None, answer),)
