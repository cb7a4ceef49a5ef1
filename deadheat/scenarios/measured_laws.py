"""Laws of what was measured: a CSV file of latencies, and histograms in Prometheus's text format.

Whatever could be read in more than one way is refused: a wrong unit is wrong by a factor of a thousand.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from deadheat.sim.durations import UNITS_NS, parse_duration
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.timed.laws import Law

__all__ = ["law_from_csv", "law_from_histogram", "law_of_samples"]

BUCKET = re.compile(r"([\w:]+)_bucket\{(.*)\}\s+(\S+)(?:\s+\d+)?\s*")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

WORDS = {
    "seconds": "s",
    "second": "s",
    "sec": "s",
    "milliseconds": "ms",
    "millis": "ms",
    "microseconds": "us",
    "micros": "us",
    "nanoseconds": "ns",
    "nanos": "ns",
    "minutes": "m",
    "hours": "h",
}
"""What units are called at the end of a name, beside what they are called everywhere."""

POINTS_MAX = 4_096
"""Of more measurements so many quantiles are kept."""

BEYOND_MAX = 0.01
"""So much of a histogram may lie beyond its last finite bucket; it is put at that."""


def law_of_samples(samples_ns: Sequence[float]) -> Law:
    """Return the law of what was measured: straight between one measurement and the next."""
    ordered = sorted(samples_ns)
    if len(ordered) == 1:
        ordered = ordered * 2
    if len(ordered) > POINTS_MAX:
        ordered = [ordered[round(place * (len(ordered) - 1) / (POINTS_MAX - 1))] for place in range(POINTS_MAX)]
    return Law.table([place / (len(ordered) - 1) for place in range(len(ordered))], ordered)


def _unit_of(name: str) -> str | None:
    """Return the unit that a name ends with, such as `latency_ms`; None for one that ends with none."""
    last = re.split(r"[^a-z]+", name.strip().lower().rstrip(")] "))[-1]
    last = WORDS.get(last, last)
    return last if last in UNITS_NS else None


# CSV


def law_from_csv(path: Path) -> Law:
    """Return the law of latencies in a CSV file: its one column, in the unit that its header ends with.

    Of several columns it is the one whose header ends with a unit. Without a header there is one, and each latency has
    its own unit. Raises UsageError for a file that is empty, or of another form.
    """
    rows = [row for row in csv.reader(_text(path).splitlines()) if any(cell.strip() for cell in row)]
    is_headed = bool(rows) and any(not _is_number_like(cell) for cell in rows[0])
    header = rows.pop(0) if is_headed else [""]
    place, unit = _column(header, path) if is_headed else (0, None)
    if not rows:
        raise UsageError(f"There are no latencies in {path}; put one in each line.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise UsageError(
                f"Measurement {number} of {path} has {len(row)} columns, and there {_are(len(header))}; write each "
                "number without commas, and one in each line."
            )
    return law_of_samples([_sample(row[place].strip(), unit, path, number) for number, row in enumerate(rows, 1)])


def _are(columns: int) -> str:
    return "is 1" if columns == 1 else f"are {columns}"


def _is_number_like(cell: str) -> bool:
    return cell.strip()[:1].isdigit() or cell.strip()[:1] in ("+", "-", ".")


def _column(header: Sequence[str], path: Path) -> tuple[int, str]:
    """Return which column it is, and its unit."""
    found = [(place, unit) for place, name in enumerate(header) if (unit := _unit_of(name)) is not None]
    if len(found) == 1:
        return found[0]
    if not found:
        shown = ", ".join(repr(name.strip()) for name in header)
        raise UsageError(
            f"The header {shown} of {path} ends with no unit; call the column such as latency_ms or seconds."
        )
    several = " and ".join(header[place].strip() for place, _ in found)
    raise UsageError(f"{path} has several columns with a unit, {several}; leave the one that is meant.")


def _sample(text: str, unit: str | None, path: Path, number: int) -> float:
    if unit is None:
        return parse_duration(text, f"measurement {number} of {path}")
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise UsageError(f"Measurement {number} of {path} is {text!r}; let it be a number from 0 on.")
    return value * UNITS_NS[unit]


# Histograms

Series = Mapping[tuple[tuple[str, str], ...], Mapping[float, float]]
"""Of each combination of the other labels, what was counted up to each bound."""


def law_from_histogram(path: Path, metric: str | None = None, unit: str | None = None) -> Law:
    """Return the law of a histogram in Prometheus's text format, straight within a bucket.

    Its unit is what the metric's name ends with, unless it is given. Histograms of one name with several labels are
    added up. Raises UsageError where there is none, or several names and no `metric`, where they have several buckets
    or no unit, where counts do not grow with the buckets, and where too much lies beyond the last.
    """
    found = _histograms(path)
    if not found:
        raise UsageError(f'There is no histogram in {path}; its lines are such as name_bucket{{le="0.1"}} 17.')
    if metric is None and len(found) > 1:
        raise UsageError(f"There are several histograms in {path}, {', '.join(sorted(found))}; name one of them.")
    name = metric or next(iter(found))
    if name not in found:
        raise unknown_name(f"histogram in {path} named", name, list(found))
    unit = unit or _unit_of(name)
    if unit not in UNITS_NS:
        said = f"and {unit!r} is none" if unit else "which is not in its name"
        raise UsageError(
            f"The histogram {name} in {path} needs a unit, {said}; write histogram({path.name}, {name}, unit=ms), or "
            f"one of {', '.join(UNITS_NS)}."
        )
    summed = _sum(found[name], name, path)
    _require_whole(summed, name, path)
    bounds = sorted(summed)
    total = summed[math.inf]
    shares = [0.0, *(summed[bound] / total for bound in bounds[:-1]), 1.0]
    times = [0.0, *(bound * UNITS_NS[unit] for bound in bounds[:-1]), bounds[-2] * UNITS_NS[unit]]
    return Law.table(shares, times)


def _histograms(path: Path) -> dict[str, dict[tuple[tuple[str, str], ...], dict[float, float]]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], dict[float, float]]] = {}
    for line in _text(path).splitlines():
        bucket = BUCKET.fullmatch(line)
        labels = dict(LABEL.findall(bucket[2])) if bucket is not None else {}
        if bucket is None or "le" not in labels:
            continue
        bound = _number(labels.pop("le"), path)
        counts = found.setdefault(bucket[1], {}).setdefault(tuple(sorted(labels.items())), {})
        if bound in counts:
            raise UsageError(f"{path} has the same bucket twice, {line.split('}')[0]}}}; keep what was measured last.")
        counts[bound] = _number(bucket[3], path)
    return found


def _sum(series: Series, name: str, path: Path) -> dict[float, float]:
    """Return the counts of all series; they are cumulative, so they only add up where all have the same buckets."""
    first = next(iter(series.values()))
    if any(each.keys() != first.keys() for each in series.values()):
        raise UsageError(
            f"The histograms {name} in {path} have different buckets, and cannot be added up; keep those of one kind."
        )
    return {bound: sum(each[bound] for each in series.values()) for bound in first}


def _require_whole(counts: Mapping[float, float], name: str, path: Path) -> None:
    bounds = sorted(counts)
    if bounds[-1] != math.inf or counts[math.inf] <= 0:
        raise UsageError(f"The histogram {name} in {path} has counted nothing, or has no bucket +Inf; take another.")
    if any(counts[after] < counts[before] for before, after in pairwise(bounds)):
        raise UsageError(f"The counts of the histogram {name} in {path} do not grow from bucket to bucket.")
    if bounds[0] < 0:
        raise UsageError(f"The histogram {name} in {path} has a bucket below 0, which no latency is; take another.")
    if len(bounds) < 2 or 1 - counts[bounds[-2]] / counts[math.inf] > BEYOND_MAX:
        raise UsageError(
            f"More than {BEYOND_MAX:.0%} of the histogram {name} in {path} lies beyond its last finite bucket, and "
            "nobody knows where; measure with larger buckets."
        )


def _number(text: str, path: Path) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise UsageError(f"{text!r} in {path} is no number of a histogram.")
    return number


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from None
