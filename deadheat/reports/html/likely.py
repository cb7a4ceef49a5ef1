"""How likely, for how long, and at what price, as a page shows it: texts, and where marks lie on their scales.

All positions are of a hundred, from the left, or from the top; the template draws them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deadheat.reports.inert import inert
from deadheat.reports.simulate import number_text, seconds_text
from deadheat.scenarios.estimates import Estimate
from deadheat.scenarios.in_time import Simulated
from deadheat.scenarios.likely import Curve, Likely
from deadheat.scenarios.monitoring import Point
from deadheat.sim.counting import counted
from deadheat.sim.timed.solving import Bounds

__all__ = ["Scale", "chance_text", "curve_view", "likely_view"]

NONE_AT = 6.0
"""Up to here on a logarithmic scale lies what is 0."""


CROWDED = 11.0
"""What lies nearer to each other than that has no room for its text on a phone."""

DECADES = tuple(10.0**each for each in range(-9, 10))
TIMES_S = (
    *(10.0**each for each in range(-6, 2)),
    60.0,
    600.0,
    3_600.0,
    36_000.0,
    *(86_400 * 10.0**n for n in range(5)),
)
"""What is marked on scales: of numbers, and of times."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A scale with its marks, from the first to the last; a logarithmic one has room for 0 before its first."""

    marks: tuple[float, ...]
    is_logarithmic: bool

    @classmethod
    def logarithmic(cls, values: Iterable[float], marks: Sequence[float] = DECADES) -> Scale:
        """Return a scale that all values above 0 lie on, with those of the marks that it takes."""
        known = [each for each in values if 0 < each < math.inf] or [1.0]
        first = max((each for each in marks if each <= min(known)), default=marks[0])
        last = min((each for each in marks if each >= max(known) and each > first), default=marks[-1])
        return cls(tuple(each for each in marks if first <= each <= last), is_logarithmic=True)

    @classmethod
    def linear(cls, values: Iterable[float]) -> Scale:
        """Return a scale from 0 on."""
        greatest = max([each for each in values if each < math.inf] + [1e-9])
        return cls((0.0, greatest / 2, greatest), is_logarithmic=False)

    def at(self, value: float) -> float:
        """Return where a value lies, of a hundred."""
        first, last = self.marks[0], self.marks[-1]
        if value == math.inf:
            return 100.0
        if not self.is_logarithmic:
            return round(100 * max(0.0, min(1.0, value / last)), 2)
        if value <= 0:
            return 0.0
        share = math.log(value / first) / math.log(last / first)
        return round(NONE_AT + (100 - NONE_AT) * max(0.0, min(1.0, share)), 2)


def likely_view(found: Likely) -> dict[str, Any] | None:
    """Return what the page shows of what was simulated; None where nothing was, nor could be."""
    if not found.results and not found.left_out:
        return None
    methods = dict.fromkeys(each.method for each in found.results)
    results = found.results
    return {
        "of": _of_what(found, list(methods)),
        "columns": [
            _column("orphans", "of a million cancellations", _many(results), number_text),
            _column("an orphan lives", "half of them; 99 of 100", _lived(results), seconds_text),
            _column("a pod is there", "after a cancellation, on average", _paid(results), seconds_text),
        ],
        "rows": [_row(each, results) for each in results],
        "notes": [inert(f"{name} was not simulated: {why}") for name, why in found.left_out.items()]
        + [inert(each) for each in _rare(results)],
        "curve": None if found.curve is None else curve_view(found.curve),
    }


def _of_what(found: Likely, methods: list[str]) -> str:
    asked = found.question
    how = "Of one evaluation each"
    if methods == ["exact"]:
        how = "Exact, without sampling"
    elif methods:
        count = counted(asked.cancellations, "cancellation")
        how = f"{count} of one evaluation each, by {' and '.join(methods)}, seed {asked.seed}, with intervals of 95%"
    return inert(f"{how}. How long each step takes: the profile {found.profile}.")


def _rare(results: Sequence[Simulated]) -> Iterator[str]:
    by_splitting = [each.protocol for each in results if each.by_splitting]
    if by_splitting:
        yield f"No run of {', '.join(by_splitting)} had an orphan: how rare they are was estimated by splitting."
    failed = [each.protocol for each in results if each.splitting_failed]
    if failed:
        yield f"No run of {', '.join(failed)} had an orphan, though there can be one; no more is known than that."


def _orphans(found: Simulated) -> Estimate:
    return found.orphans_per_million


def _billed(found: Simulated) -> Estimate:
    return found.job_seconds_after_cancel


_LIVES: tuple[Callable[[Simulated], Estimate | None], ...] = (
    lambda found: found.orphan_lifetime_s[0.5],
    lambda found: found.orphan_lifetime_s[0.99],
)

Measure = Callable[[Simulated], Estimate | None]


def _ends(results: Sequence[Simulated], *measures: Measure) -> list[float]:
    estimates = [measure(each) for each in results for measure in measures]
    return [end for each in estimates if each is not None for end in (each.low, each.high, each.at_most)]


def _many(results: Sequence[Simulated]) -> Scale:
    return Scale.logarithmic(_ends(results, _orphans))


def _lived(results: Sequence[Simulated]) -> Scale:
    found = [measure(each) for each in results for measure in _LIVES]
    return Scale.logarithmic([each.at_most for each in found if each is not None], TIMES_S)


def _paid(results: Sequence[Simulated]) -> Scale:
    return Scale.linear(_ends(results, _billed))


def _column(name: str, unit: str, scale: Scale, text: Callable[[float], str]) -> dict[str, Any]:
    return {
        "name": name,
        "unit": unit,
        "grid": [scale.at(each) for each in scale.marks],
        "from": scale.at(scale.marks[0]),
        "ends": [text(each) for each in (scale.marks[0], scale.marks[-1])],
    }


def _row(found: Simulated, results: Sequence[Simulated]) -> dict[str, Any]:
    orphans, billed = found.orphans_per_million, found.job_seconds_after_cancel
    half, most = (measure(found) for measure in _LIVES)
    many, lives, there = _many(results), _lived(results), _paid(results)
    return {
        "protocol": inert(found.protocol),
        "cells": [
            {"text": _text(orphans, number_text), "span": _span(orphans, number_text), **_whisker(orphans, many)},
            {
                "text": "-" if half is None else _text(half, seconds_text),
                "span": "" if most is None else f"99%: {_text(most, seconds_text)}",
                "is_none": half is None,
                "low": 0.0 if half is None else lives.at(half.at_most),
                "high": 0.0 if most is None else lives.at(most.at_most),
                "at": 0.0 if half is None else lives.at(half.at_most),
            },
            {"text": _text(billed, seconds_text), "span": _span(billed, seconds_text), **_whisker(billed, there)},
        ],
        "calls": "?" if found.extra_calls is None else number_text(found.extra_calls, signed=True),
        "later": "?" if found.extra_to_job_s is None else seconds_text(found.extra_to_job_s),
    }


def _text(estimate: Estimate, text: Callable[[float], str]) -> str:
    return f"{text(estimate.low)} to {text(estimate.high)}" if estimate.value is None else text(estimate.value)


def _span(estimate: Estimate, text: Callable[[float], str]) -> str:
    """Return the interval, unless it is what the estimate itself says."""
    low, high = text(estimate.low), text(estimate.high)
    return "" if estimate.value is None or low == high == text(estimate.value) else f"{low} to {high}"


def _whisker(estimate: Estimate, scale: Scale) -> dict[str, Any]:
    at = None if estimate.value is None else scale.at(estimate.value)
    return {"low": scale.at(estimate.low), "high": scale.at(estimate.high), "at": at, "is_none": estimate.high <= 0}


# The period of the cleanup


def curve_view(curve: Curve) -> dict[str, Any]:
    """Return what the page draws of the cleanup's period: lines on two logarithmic scales, and a table."""
    points = curve.points
    seen = [each for each in points if each.lifetime_s is not None and each.lifetime_p99_s is not None]
    times = [each.at_most for point in seen for each in (point.lifetime_s, point.lifetime_p99_s) if each is not None]
    across = Scale.logarithmic([each.period_s for each in points])
    up = Scale.logarithmic([*times, *(each.uniform_s for each in points)], TIMES_S)

    def place(point: Point, value: float) -> tuple[float, float]:
        return across.at(point.period_s), round(100 - up.at(value), 2)

    halves = [place(each, each.uniform_s) for each in points]
    medians = [place(each, each.lifetime_s.at_most) for each in seen if each.lifetime_s is not None]
    most = [place(each, each.lifetime_p99_s.at_most) for each in seen if each.lifetime_p99_s is not None]
    return {
        "protocol": inert(curve.protocol),
        "lines": [
            {"name": "99 of 100 are gone by then", "kind": "most", "places": most},
            {"name": "half of them are", "kind": "median", "places": medians},
            {"name": "half, while nothing else ends one: the closed form", "kind": "closed", "places": halves},
        ],
        "across": _without_crowding([(across.at(each.period_s), seconds_text(each.period_s)) for each in points]),
        "up": [(round(100 - up.at(each), 2), seconds_text(each)) for each in up.marks],
        "rows": [_point(each) for each in points],
    }


def _without_crowding(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str, bool]]:
    """Return marks, and whether each has room on a phone."""
    found: list[tuple[float, str, bool]] = []
    shown = -math.inf
    for place, text in marks:
        has_room = place - shown >= CROWDED
        shown = place if has_room else shown
        found.append((place, text, has_room))
    return found


def _point(point: Point) -> list[str]:
    lives, most = point.lifetime_s, point.lifetime_p99_s
    return [
        seconds_text(point.period_s),
        "-" if lives is None else _text(lives, seconds_text),
        "-" if most is None else _text(most, seconds_text),
        seconds_text(point.uniform_s),
        seconds_text(point.job_seconds_after_cancel.at_most),
        number_text(point.sweeps_per_hour),
    ]


# Beside a step


def chance_text(bounds: Bounds) -> str:
    """Return how likely something is, in per cent; what may still not happen is not called certain."""
    least, greatest = map(_percent, bounds)
    return f"{least}%" if least == greatest else f"{least} to {greatest}%"


def _percent(value: float) -> str:
    if value >= 1 - 1e-9:
        return "100"
    return "more than 99" if value >= 0.995 else number_text(float(f"{100 * value:.2g}"))
