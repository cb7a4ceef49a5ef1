"""Why a search stopped short: a value, so that whoever tells it can name the limit as its own users know it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["TOO_LARGE", "Limit", "Stop"]


class Limit(StrEnum):
    """What can end a search before it has seen everything; by the name of the search option that says so, if one does.

    DISK is the one that fingerprints are kept on, of which the environment says where it is.
    """

    STATES = "states_max"
    VALUES = "values_max"
    MEMORY = "memory_bytes_max"
    DISK = "disk"
    INTERRUPTED = "asked"


TOO_LARGE = (Limit.STATES, Limit.MEMORY, Limit.DISK)
"""Those that a space reaches that is too large, but may well have an end."""


@dataclass(frozen=True, slots=True)
class Stop:
    """That a limit ended a search: which one, the reason as the end of a sentence, and what has grown most by then."""

    limit: Limit
    reason: str
    grown: str | None = None

    def told(self, name: str | None = None) -> str:
        """Return this as the end of a sentence, with the limit by the name under which it can be raised."""
        named = f"{self.reason} ({name})" if name else self.reason
        return f"{named}; {self.grown}, and may have no bound" if self.grown else named

    def __str__(self) -> str:
        """Return this as the end of a sentence."""
        return self.told()
