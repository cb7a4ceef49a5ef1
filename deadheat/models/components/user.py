"""The user: submits an evaluation, may ask for its cancellation, is told how that went, and may submit it again."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from deadheat.models.faults import FAULTS, REPEATED_CANCEL, RESUBMISSION
from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.traits import hands_work

__all__ = ["Cancellation", "User", "UserState"]


class Cancellation(StrEnum):
    """How far a request for cancellation is, as its user sees it."""

    REQUESTED = "requested"
    CANCELLED = "answered: cancelled"
    TOO_LATE = "answered: already ended"


class UserState(NamedTuple):
    """The user's requests for cancellation, oldest first; the first `since` of them were for earlier submissions."""

    requests: tuple[Cancellation, ...] = ()
    since: int = 0

    @property
    def wants_it(self) -> bool:
        """Whether nobody has asked for the cancellation of what was last submitted."""
        return len(self.requests) == self.since

    @property
    def was_told_cancelled(self) -> bool:
        """Whether the user was told that what was last submitted is cancelled."""
        return Cancellation.CANCELLED in self.requests[self.since :]

    @property
    def waits(self) -> bool:
        """Whether a request was not answered yet."""
        return Cancellation.REQUESTED in self.requests


class User(Component):
    """The API calls between one evaluation's user and the cancel handlers."""

    keyed = True
    initial = UserState()
    faults = (FAULTS[REPEATED_CANCEL], FAULTS[RESUBMISSION])

    def describe(self, value: UserState) -> str:
        """Return how far each request is, and whether the evaluation was submitted again."""
        return "; ".join(value.requests) + (" (submitted again)" if value.since else "")

    @operation
    def cancel(self, value: UserState, evaluation: str) -> Steps:
        """Ask for the evaluation to be cancelled; to ask more than once is the fault `repeated-cancel`."""
        requests = (*value.requests, Cancellation.REQUESTED)
        return (Step(None, value._replace(requests=requests), fault=REPEATED_CANCEL if value.requests else None),)

    @hands_work
    @operation
    def cancellation(self, value: UserState, evaluation: str, number: int) -> Steps:
        """Wait until the user asks for the time of this number, from 1."""
        if not 0 < number <= len(value.requests) or value.requests[number - 1] is not Cancellation.REQUESTED:
            return BLOCKED
        return (Step(None, value),)

    @operation
    def answer(self, value: UserState, evaluation: str, number: int, answer: Cancellation) -> Steps:
        """Tell the user how it went; from here on the user believes it."""
        requests = (*value.requests[: number - 1], answer, *value.requests[number:])
        return (Step(None, value._replace(requests=requests)),)

    @operation
    def resubmit(self, value: UserState, evaluation: str) -> Steps:
        """Submit the evaluation again, once told that it is cancelled: the fault `resubmission`."""
        if not value.was_told_cancelled:
            return BLOCKED
        return (Step(None, value._replace(since=len(value.requests)), fault=RESUBMISSION),)
