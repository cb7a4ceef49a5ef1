"""How long a program that goes on for ever waits: as a server asks it to, or ever longer; until it is told to stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from deadheat.live.forcing.runner import Stopped

__all__ = ["TRIES", "Patience", "backoff_s"]

TRIES = 6
WAIT_S = 1.0
WAIT_S_MIN = 0.05
WAIT_S_MAX = 30.0
BACKOFF_S_MAX = 60.0


def _silent(sentence: str) -> None:
    del sentence


@dataclass(frozen=True, slots=True)
class Patience:
    """`stop` is set when the run is to end at the next good moment; `tell` gets a sentence about each long wait."""

    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[str], None] = _silent

    def require_time(self) -> None:
        """Raise Stopped if the run is to end."""
        if self.stop.is_set():
            raise Stopped

    def wait(self, wait_s: float) -> None:
        """Wait; raises Stopped as soon as the run is to end."""
        if self.stop.wait(wait_s):
            raise Stopped

    def wait_as_told(self, retry_after: str | None, who: str) -> None:
        """Wait for as long as a 429's Retry-After says, at most half a minute."""
        try:
            asked_s = float(retry_after or WAIT_S)
        except ValueError:  # a date, which servers of this kind do not send
            asked_s = WAIT_S
        if math.isnan(asked_s):
            asked_s = WAIT_S
        wait_s = min(max(asked_s, WAIT_S_MIN), WAIT_S_MAX)
        self.tell(f"{who} has too much to do; asking again in {wait_s:g} s.")
        self.wait(wait_s)


def backoff_s(failures: int, period_s: float) -> float:
    """Return how long to wait after so many failures in a row: 1 s, 2 s, 4 s, ..., at most a minute or the period."""
    return float(min(2 ** min(failures - 1, 30), max(period_s, BACKOFF_S_MAX)))
