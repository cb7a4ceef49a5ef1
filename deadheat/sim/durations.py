"""Durations, and ranges of them, as people write them: the one grammar of every option that takes a time.

    duration = number unit, or "0"          250ms   1.5s   2h   0
    number   = digits [ "." digits ]
    unit     = ns | us | ms | s | m | h | d
    range    = duration ".." duration       5ms..2s
             | duration ".."                5ms..       without an upper end
             | ".." duration                ..2s        from 0
             | duration                     212ms       exactly that

Every number but 0 has its unit, since what would be seconds to one reader is milliseconds to another; there is no sign
and no exponent. A duration is a whole number of nanoseconds, and at most a hundred years: for that long anything can
wait. `docs/durations.md` says the same to users.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal

from deadheat.sim.errors import UsageError

__all__ = ["UNITS_NS", "Range", "duration_text", "parse_duration", "parse_range"]

UNITS_NS = {
    "ns": 1,
    "us": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
    "d": 86_400_000_000_000,
}
"""The units of time, in nanoseconds."""

LONGEST_D = 36_500
DIGITS_MAX = 20

EXAMPLES = "250ms, 1.5s or 2h"
RANGES = "5ms..2s, 5ms.., ..2s or 212ms"

DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([a-zµμ]+)|0")
SHOWN_MAX = 40
"""So much of what was written is repeated; the rest of a book would hide the sentence."""


@dataclass(frozen=True, slots=True)
class Range:
    """From one duration to another, in nanoseconds; `highest_ns` is infinite where there is no upper end."""

    lowest_ns: int = 0
    highest_ns: float = math.inf


def parse_duration(text: str, where: str = "") -> int:
    """Return a duration in nanoseconds; raises UsageError, which names `where` it was written."""
    found = DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{_shown(text)}{_in(where)} is not a duration; write a number and its unit: {EXAMPLES}.")
    if found[1] is None:
        return 0
    unit = found[2].replace("µ", "u").replace("μ", "u")
    if unit not in UNITS_NS:
        raise UsageError(f"{_shown(text)}{_in(where)} has no unit of time; the units are {', '.join(UNITS_NS)}.")
    whole, _, fraction = found[1].partition(".")
    if max(len(whole), len(fraction)) > DIGITS_MAX:  # which would also take its time to be read
        raise UsageError(f"{_shown(text)}{_in(where)} has more than {DIGITS_MAX} digits; round it.")
    nanoseconds, rest = divmod(int(whole + fraction) * UNITS_NS[unit], int(10 ** len(fraction)))
    if rest:
        raise UsageError(f"{_shown(text)}{_in(where)} is finer than a nanosecond; round it.")
    if nanoseconds > LONGEST_D * UNITS_NS["d"]:
        raise UsageError(
            f"{_shown(text)}{_in(where)} is longer than {LONGEST_D}d, the longest time that can be waited for."
        )
    return nanoseconds


def parse_range(text: str, where: str = "") -> Range:
    """Return a range of durations; raises UsageError, which names `where` it was written."""
    low, dots, high = text.partition("..")
    if not low.strip() and not high.strip():
        raise UsageError(f"{_shown(text)}{_in(where)} is no range of durations; write {RANGES}.")
    if high.startswith(".") or ".." in high:
        raise UsageError(f"{_shown(text)}{_in(where)} has more than the two dots of a range; write {RANGES}.")
    lowest_ns = parse_duration(low, where) if low.strip() else 0
    if not dots:
        return Range(lowest_ns, lowest_ns)
    highest_ns = parse_duration(high, where) if high.strip() else math.inf
    if highest_ns < lowest_ns:
        meant = f"{high.strip()}..{low.strip()}"
        raise UsageError(f"{_shown(text)}{_in(where)} ends before it begins; write the shorter first: {meant}.")
    return Range(lowest_ns, highest_ns)


def duration_text(time_ns: float) -> str:
    """Return a duration in the largest unit up to seconds that it fills, exactly: `212 ms`, `1.2 s`.

    What this writes `parse_duration` reads, unless it has no end or is negative.
    """
    if time_ns == math.inf:
        return "no limit"
    unit = next((each for each in ("s", "ms", "us") if abs(time_ns) >= UNITS_NS[each]), "ns" if time_ns else "ms")
    return f"{(Decimal(int(time_ns)) / UNITS_NS[unit]).normalize():f} {unit}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN_MAX else text[:SHOWN_MAX] + "...")


def _in(where: str) -> str:
    return f" in {where}" if where else ""
