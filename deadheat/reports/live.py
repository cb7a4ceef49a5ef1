"""What live commands found: for people, and as JSON whose form is a contract (`docs/live.md`)."""

from __future__ import annotations

import dataclasses
import json
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from deadheat.live.results import LiveOutcome, LiveResult
from deadheat.sim.counting import counted
from deadheat.version import VERSION

if TYPE_CHECKING:  # which needs servers' clients
    from deadheat.live.forcing.stress import StressResult

__all__ = [
    "SCHEMA",
    "live_to_json",
    "print_live",
    "print_stress",
    "stress_to_json",
]

SCHEMA = 1
STYLES = {LiveOutcome.CONFIRMED: "bold red", LiveOutcome.DIVERGED: "bold yellow", LiveOutcome.AGREES: "bold green"}


def live_to_json(results: Sequence[LiveResult]) -> str:
    """Return the results, one entry each."""
    return _to_json([dataclasses.asdict(each) for each in results])


def stress_to_json(result: StressResult, trace: str) -> str:
    """Return what a stress run found, as the only result."""
    entry = {
        "protocol": result.protocol,
        "outcome": str(result.outcome),
        "cancellations": result.cancellations,
        "orphans": len(result.orphans),
        "orphans_left": sum(each.is_left for each in result.orphans),
        "per_thousand": round(result.per_thousand, 3),
        "per_thousand_low": round(result.per_thousand_low, 3),
        "per_thousand_high": round(result.per_thousand_high, 3),
        "lived_s": [round(each.lived_s, 3) for each in result.orphans],
        "jobs": [{**dataclasses.asdict(each.job), "status": each.status} for each in result.orphans],
        "seconds": round(result.seconds, 3),
        "trace": trace,
    }
    return _to_json([entry])


def print_stress(result: StressResult, trace: str, console: Console) -> None:
    """Print the rate of orphans with its interval, how long they lived, and where the trace is."""
    low, high = result.per_thousand_low, result.per_thousand_high
    console.print(
        Text.assemble(
            (counted(len(result.orphans), "orphan"), STYLES[result.outcome]),
            f" in {counted(result.cancellations, 'cancellation')} of {result.protocol}: "
            f"{result.per_thousand:.1f} per thousand (95 %: {low:.1f} to {high:.1f})",
        )
    )
    if result.orphans:
        lived = [each.lived_s for each in result.orphans]
        left = sum(each.is_left for each in result.orphans)
        console.print(
            f"  seen for {statistics.median(lived):.1f} s in the median, {max(lived):.1f} s at most; "
            f"{left} were still there at the end",
            highlight=False,
        )
    told = f"  recorded in {trace}; match it against the model with: deadheat conform {trace}"
    console.print(Text(told), soft_wrap=True)


def _to_json(entries: list[dict[str, Any]]) -> str:
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


def print_live(results: Sequence[LiveResult], console: Console) -> None:
    """Print each result: its outcome, and what the real servers show."""
    for result in results:
        what = f"{result.protocol} {result.property}" if result.property else f"{result.protocol}, random schedules"
        console.print(
            Text.assemble((str(result.outcome).upper(), STYLES[result.outcome]), f" {what}: {_extent(result)}")
        )
        for line in _lines(result):
            console.print(Text(f"  {line}"), soft_wrap=True)


def _extent(result: LiveResult) -> str:
    if result.outcome is LiveOutcome.DIVERGED:
        return f"at step {result.step}"
    steps = f"{counted(result.steps, 'step')} on the real servers"
    return steps if result.schedules == 1 else f"{counted(result.schedules, 'schedule')}, {steps}"


def _lines(result: LiveResult) -> list[str]:
    if result.outcome is LiveOutcome.DIVERGED:
        return [f"expected: {result.expected}", f"got:      {result.got}"]
    lines = [result.violation] if result.violation else []
    if result.job is not None:
        job = result.job
        status = "" if result.status is None else f"; evaluation {job.evaluation}: {result.status}"
        lines.append(f"Job {job.name}, uid {job.uid}: {job.phase}{status}")
    if result.unobserved:
        lines.append(f"not compared at the end, for want of an `observe`: {', '.join(result.unobserved)}")
    return lines
