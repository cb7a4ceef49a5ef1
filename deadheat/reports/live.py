"""What live commands found: for people, and as JSON whose form is a contract (`docs/json.md`)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape

from deadheat.live.results import LiveOutcome, LiveResult
from deadheat.version import VERSION

__all__ = ["SCHEMA", "live_to_json", "print_live"]

SCHEMA = 1
STYLES = {LiveOutcome.CONFIRMED: "bold red", LiveOutcome.DIVERGED: "bold yellow", LiveOutcome.AGREES: "bold green"}


def live_to_json(results: Sequence[LiveResult]) -> str:
    """Return the results, one entry each."""
    entries = [dataclasses.asdict(each) for each in results]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


def print_live(results: Sequence[LiveResult], console: Console) -> None:
    """Print each result: its outcome, and what the real servers show."""
    for result in results:
        what = f"{result.protocol} {result.property}" if result.property else f"{result.protocol}, random schedules"
        console.print(
            f"[{STYLES[result.outcome]}]{str(result.outcome).upper()}[/] {escape(what)}: {_extent(result)}",
            highlight=False,
        )
        for line in _lines(result):
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)


def _extent(result: LiveResult) -> str:
    if result.outcome is LiveOutcome.DIVERGED:
        return f"at step {result.step}"
    steps = f"{result.steps} steps on the real servers"
    return steps if result.schedules == 1 else f"{result.schedules} schedules, {steps}"


def _lines(result: LiveResult) -> list[str]:
    if result.outcome is LiveOutcome.DIVERGED:
        return [f"expected: {result.expected}", f"got:      {result.got}"]
    lines = [result.violation] if result.violation else []
    if result.job is not None:
        job = result.job
        lines.append(f"Job {job.name}, uid {job.uid}: {job.phase}; evaluation {job.evaluation}: {result.status}")
    return lines
