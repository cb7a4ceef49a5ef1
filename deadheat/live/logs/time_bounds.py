"""When the steps of a run can have happened, if its events took effect between their times.

A process does one thing after the other: it asks for its next step once the last one is answered. So whatever it does
after an event, told of or not, comes after that event has ended, and whatever it did before another came before that
one began. (A crash is the exception: it may come before the answer does.)

For a run that is built up step by step, each step may as well happen as early as it can: that leaves the most room for
all that follow. So it is enough to know the earliest moment of the last step (`now`), and for each process the earliest
at which it can do its next one (`free`). Moments are known by their rank among those of the events, doubled: odd
numbers stand for any moment between two of them. What makes no difference for the events that are left is forgotten, so
that runs which differ in nothing else are one: a moment is only ever compared with those of the events left.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from deadheat.live.logs.tape import LiveEvent

__all__ = ["Moments", "TimeBounds"]

BEFORE_ALL = -1

Free = tuple[tuple[str, int], ...]
"""The processes that can do their next step only from some moment on that matters, each with that moment."""


class Moments(NamedTuple):
    """The earliest moment of a run's last step, and when each process is free for its next one."""

    now: int = BEFORE_ALL
    free: Free = ()


class TimeBounds:
    """The times of the events of one search. Which are matched is a number with a bit for each.

    `processes` are those that did the events, as the model calls them; None for one that the log does not name.
    """

    def __init__(self, events: Sequence[LiveEvent], processes: Sequence[str | None]) -> None:
        values = sorted({each.began for each in events} | {each.ended for each in events})
        self.began = [2 * bisect_left(values, each.began) for each in events]
        self.ended = [2 * bisect_left(values, each.ended) for each in events]
        self._processes = processes
        self._left: dict[int, tuple[list[int], list[int], int]] = {0: self._left_of(0)}

    def left(self, matched: int) -> list[int]:
        """Return the events that are not matched yet."""
        return self._known(matched)[0]

    def may_be_next(self, matched: int, number: int) -> bool:
        """Return whether an event is left, and none that is left ended before it began."""
        return not matched >> number & 1 and self.began[number] <= self._known(matched)[2]

    def is_busy(self, moments: Moments, process: str, number: int) -> bool:
        """Return whether a process was still doing what it did before when an event began."""
        return self.began[number] < dict(moments.free).get(process, BEFORE_ALL)

    def by_itself(self, moments: Moments, matched: int) -> Moments | None:
        """Return the moments after something that servers do by themselves; None where the time for it has passed."""
        return self._after(matched, moments.now, dict(moments.free))

    def untold(self, moments: Moments, matched: int, process: str) -> Moments | None:
        """Return the moments after a step of which no event tells; None where the time for it has passed."""
        free = dict(moments.free)
        at = max(moments.now, free.get(process, BEFORE_ALL))
        return self._after(matched, at, {**free, process: at})

    def crash(self, moments: Moments, matched: int, process: str) -> Moments | None:
        """Return the moments after a crash, which does not wait for an answer."""
        return self._after(matched, moments.now, {**dict(moments.free), process: moments.now})

    def told(self, moments: Moments, matched: int, process: str, numbers: Sequence[int]) -> Moments | None:
        """Return the moments after one step of a process that is all these events; None where it cannot have been.

        `matched` are the events before it.
        """
        free = dict(moments.free)
        at = max(moments.now, *(self.began[each] for each in numbers))
        before = free.get(process, BEFORE_ALL)
        if any(self.began[each] < before or at > self.ended[each] for each in numbers):
            return None
        after = matched | sum(1 << each for each in numbers)
        return self._after(after, at, {**free, process: max(self.ended[each] for each in numbers)})

    def _after(self, matched: int, now: int, free: dict[str, int]) -> Moments | None:
        left, values, first_end = self._known(matched)
        if left and now > first_end:
            return None  # an event that is left ended before this moment
        now = _rounded(values, now)
        rounded = ((process, _rounded(values, at)) for process, at in free.items())
        return Moments(now, tuple(sorted(each for each in rounded if self._matters(left, now, *each))))

    def _matters(self, left: list[int], now: int, process: str, at: int) -> bool:
        return at > now or any(self.began[each] < at and self._processes[each] in (None, process) for each in left)

    def _known(self, matched: int) -> tuple[list[int], list[int], int]:
        known = self._left.get(matched)
        if known is None:
            known = self._left[matched] = self._left_of(matched)
        return known

    def _left_of(self, matched: int) -> tuple[list[int], list[int], int]:
        left = [number for number in range(len(self.began)) if not matched >> number & 1]
        values = sorted({self.began[each] for each in left} | {self.ended[each] for each in left})
        return left, values, min((self.ended[each] for each in left), default=BEFORE_ALL)


def _rounded(values: Sequence[int], moment: int) -> int:
    """Return the same moment for all between which no event that is left begins or ends."""
    earlier = bisect_left(values, moment)
    return values[earlier - 1] + 1 if earlier else BEFORE_ALL
