"""How far a long search is, on stderr, and only on a terminal."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.status import Status

from deadheat.reports.screen import Screen
from deadheat.sim.counting import counted
from deadheat.sim.explore.results import Progress

if TYPE_CHECKING:  # most searches are of no frontier, and need not wait for what one imports
    from deadheat.scenarios.frontier import Tried

__all__ = ["ProgressLine"]

PATIENCE_S = 1.0


class ProgressLine:
    """A line that appears once the work has taken a second, and goes when it is done."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._console = Screen(stderr=True)
        self._started = time.monotonic()
        self._status: Status | None = None

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()

    def searched(self, progress: Progress) -> None:
        """Show how far a search is."""
        rate = progress.states / max(time.monotonic() - self._started, 1e-9)
        memory = f", {progress.bytes_used / (1 << 20):,.0f} MiB" if progress.bytes_used else ""
        self.say(
            f"{self._what}: {counted(progress.states, 'state')} ({rate:,.0f} states/s), "
            f"{progress.frontier:,} waiting, depth {progress.depth}{memory}{how_far(progress)}"
        )

    def tried(self, tried: Tried) -> None:
        """Show how far a search for what breaks a protocol is."""
        self.say(
            f"{self._what}: {tried.decided:,} of {counted(tried.planned, 'set')} of faults decided, "
            f"{counted(tried.states, 'state')}"
        )

    def say(self, text: str) -> None:
        """Show a text."""
        if not self._console.is_terminal or time.monotonic() - self._started < PATIENCE_S:
            return
        if self._status is None:
            self._status = self._console.status(text)
            self._status.start()
        self._status.update(text)


def how_far(progress: Progress) -> str:
    """Return what can honestly be said of the end: nothing is known of it until layers get smaller."""
    if not progress.growth:
        return ""
    if progress.growth >= 1:
        return f"; still widening, {progress.growth:.2f} times a step"
    more = progress.frontier / (1 - progress.growth)
    return f"; past the widest, perhaps {more:,.0f} more"
