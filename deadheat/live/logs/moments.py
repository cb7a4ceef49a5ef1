"""Moments in a live trace: numbers of seconds, or ISO 8601 dates and times, as exact numbers of seconds.

A float holds a Unix time to some 0.2 microseconds, and no better; two moments that a log tells apart must not become
one, so what is read is kept as a decimal number, digit for digit. What is compared must be on one clock: numbers say
seconds from anywhere, a text with a zone says one moment for all the world, and one without says it for one place. So a
file keeps to one of the three.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import NamedTuple

__all__ = ["Clock", "Moment", "OneClock", "read_moment"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SHAPE = re.compile(
    r"(?P<minute>\d{4}-?\d\d-?\d\d[T ]\d\d:?\d\d)(?P<second>:?\d\d)?(?(second)([.,](?P<digits>\d{1,30}))?)"
    r"(?P<zone>Z|[+-]\d\d(:?\d\d)?)?",
    re.ASCII,
)
"""A date and a time of day; its fraction of a second may have more digits than `datetime` has room for."""


class Clock(StrEnum):
    """What a moment is said by, as it is told in messages."""

    SECONDS = "a number of seconds"
    WORLD = "a time with a zone"
    PLACE = "a time without a zone"


class Moment(NamedTuple):
    """A moment: exact seconds, since 1970 (in UTC, or in the place's own time) where it was written as a date."""

    seconds: Decimal
    clock: Clock


def read_moment(value: Decimal | int | str) -> Moment:
    """Return the moment that a number or a text stands for; raises ValueError, in a phrase, if it stands for none."""
    if isinstance(value, str):
        return _of_text(value)
    try:
        float(value)
        return Moment(Decimal(value), Clock.SECONDS)
    except (OverflowError, InvalidOperation):
        raise ValueError("its time is a number too large to be one of seconds") from None


def _of_text(text: str) -> Moment:
    matched = SHAPE.fullmatch(text.upper())
    try:
        parts = [matched[part] or "" for part in ("minute", "second", "zone")] if matched else []
        parsed = datetime.fromisoformat("".join(parts)) if parts else None
    except ValueError:
        parsed = None
    if matched is None or parsed is None:
        shown = text if len(text) <= 40 else f"{text[:40]}..."
        raise ValueError(
            f"{shown!r} is not a date and time of ISO 8601; write one such as 2025-03-05T11:59:23.765Z, or a number of "
            "seconds"
        )
    fraction = matched["digits"] or "0"
    clock = Clock.PLACE if parsed.tzinfo is None else Clock.WORLD
    since = (parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed) - EPOCH
    # Digits are put together as text: arithmetic of decimals would round to its context's precision.
    seconds = since.days * 86_400 + since.seconds
    if seconds < 0 and fraction.strip("0"):
        seconds, digits = seconds + 1, str(10 ** len(fraction) - int(fraction)).zfill(len(fraction))
        return Moment(Decimal(f"-{-seconds}.{digits}"), clock)
    return Moment(Decimal(f"{seconds}.{fraction}"), clock)


@dataclass(slots=True)
class OneClock:
    """Sees to it that all moments of a file are said by one clock."""

    _clock: Clock | None = None
    _line: int = 0

    def require(self, clock: Clock, line: int) -> None:
        """Raise ValueError, in a phrase that names the earlier line, if this one's clock is another."""
        if self._clock is None:
            self._clock, self._line = clock, line
        if clock is not self._clock:
            where = "the same line" if line == self._line else f"line {self._line}"
            raise ValueError(
                f"it gives {clock}, and {where} gives {self._clock}, which cannot be compared; write all in one way"
            )
