"""What the cleanup's period decides, as a table with bars and as a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from deadheat.reports.graph.marks import MARK, require_writable
from deadheat.reports.simulate import estimate_to_json, number_text, seconds_text
from deadheat.scenarios.monitoring import Point
from deadheat.sim import written
from deadheat.sim.errors import UsageError

__all__ = ["curve_to_json", "plot_curve", "print_curve", "require_plottable"]

YEARS = 10
"""What takes longer than that nobody waits for, however long it is."""

BAR = 10
"""How long the longest bar is."""


def print_curve(reference: str, points: Sequence[Point], console: Console) -> None:
    """Print what each period comes to."""
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("period", justify="right", no_wrap=True)
    table.add_column("an orphan lives", no_wrap=True)
    for column in ("p99", "alone", "Job-s", "sweeps/h", "alarms/d", "noticed"):
        table.add_column(column, justify="right", no_wrap=True)
    shown = [each.lifetime_s.at_most for each in points if each.lifetime_s is not None]
    longest = max((each for each in shown if not math.isinf(each)), default=0.0)
    for each in points:
        table.add_row(
            seconds_text(each.period_s),
            _bar(each, longest),
            "-" if each.lifetime_p99_s is None else seconds_text(each.lifetime_p99_s.at_most),
            seconds_text(each.uniform_s),
            number_text(each.job_seconds_after_cancel.at_most),
            number_text(each.sweeps_per_hour),
            "-" if each.false_alarms_per_day is None else _count(each.false_alarms_per_day),
            "-" if each.detection_s is None else _delay(each.detection_s),
        )
    console.print(table)
    is_half = all(each.uniform_s == each.period_s / 2 for each in points)
    form = "half a period" if is_half else "ln 2 of a period, as sweeps come without memory"
    console.print(
        f"{reference}. an orphan lives: at the median, simulated; alone: what that is while nothing else ends an "
        f"orphan, {form}. Job-s: how long a pod is there after a cancellation. sweeps/h: each is a call, "
        "and one more for each Job that is there. alarms/d: false ones; noticed: until an alert tells of ten times as "
        "many orphans. Both need --arrivals and --alert.",
        style="dim",
        highlight=False,
    )


def _delay(value_s: float) -> str:
    return f"> {YEARS} years" if value_s > YEARS * 365.25 * 86_400 else seconds_text(value_s)


def _count(value: float) -> str:
    return "<0.01" if 0 < value < 0.01 else number_text(value)


def _bar(point: Point, longest: float) -> str:
    if point.lifetime_s is None or longest <= 0:
        return "-"
    value = point.lifetime_s.at_most
    length = 0.0 if math.isinf(value) else value / longest * BAR
    return f"{'█' * max(1, round(length))} {seconds_text(value)}"


PICTURES = {".png": "Software", ".svg": "Creator"}
"""The formats, by how a file's name ends, and the field of each that says who has made it."""


def require_plottable(path: Path) -> None:
    """Raise UsageError where no picture can be written, before anybody waits for one."""
    if path.suffix not in PICTURES:
        raise UsageError(f"{path} cannot be written: it is to end with {' or '.join(PICTURES)}.")
    require_writable(path)


def plot_curve(reference: str, points: Sequence[Point], path: Path) -> None:
    """Write the curve as a picture, of the format that the file's name ends with; raises UsageError."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise UsageError("--plot needs matplotlib; install deadheat[plot].") from None
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    seen = [each for each in points if each.lifetime_s is not None and each.lifetime_p99_s is not None]
    periods = [each.period_s for each in seen]
    axes.plot(
        periods,
        [each.lifetime_s.at_most for each in seen if each.lifetime_s is not None],
        marker="o",
        label="an orphan's lifetime, median",
    )
    axes.plot(
        periods,
        [each.lifetime_p99_s.at_most for each in seen if each.lifetime_p99_s is not None],
        marker="o",
        label="99th percentile",
    )
    axes.plot(
        [each.period_s for each in points],
        [each.uniform_s for each in points],
        ls=":",
        label="while nothing else ends one",
    )
    noticed = [each for each in points if each.detection_s is not None and not math.isinf(each.detection_s)]
    if noticed:
        axes.plot(
            [each.period_s for each in noticed], [each.detection_s or 0.0 for each in noticed], ls="--", label="noticed"
        )
    costs = axes.twinx()
    costs.plot(
        [each.period_s for each in points], [each.sweeps_per_hour for each in points], color="gray", label="sweeps"
    )
    costs.set_ylabel("sweeps an hour")
    for each in (axes, costs):
        each.set_xscale("log")
        each.set_yscale("log")
    axes.set_xlabel("period of the cleanup, in seconds")
    axes.set_ylabel("seconds")
    axes.set_title(reference)
    axes.legend()
    picture = BytesIO()
    figure.savefig(picture, format=path.suffix.removeprefix("."), metadata={PICTURES[path.suffix]: MARK})
    written.write(path, picture.getvalue())


def curve_to_json(points: Sequence[Point]) -> list[dict[str, Any]]:
    """Return the curve; null for what is infinite, or could not be said."""
    return [
        {
            "period_s": each.period_s,
            "lifetime_s": None if each.lifetime_s is None else estimate_to_json(each.lifetime_s),
            "lifetime_p99_s": None if each.lifetime_p99_s is None else estimate_to_json(each.lifetime_p99_s),
            "uniform_s": each.uniform_s,
            "job_seconds_after_cancel": estimate_to_json(each.job_seconds_after_cancel),
            "sweeps_per_hour": each.sweeps_per_hour,
            "orphans_per_hour": each.orphans_per_hour,
            "false_alarms_per_day": each.false_alarms_per_day,
            "detection_s": None if each.detection_s is None or math.isinf(each.detection_s) else each.detection_s,
        }
        for each in points
    ]
