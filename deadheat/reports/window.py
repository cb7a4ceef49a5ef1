"""A race window for people, and as JSON."""

from __future__ import annotations

import json
import math
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.names import folded
from deadheat.reports.timeline import empty_table, known_of, step_of
from deadheat.scenarios.window import RaceWindow
from deadheat.scenarios.window_words import (
    condition_text,
    free_step_text,
    inequality_text,
    lease_text,
    numbers_text,
    overdue_text,
    passed_over_texts,
    step_text,
    verdict_text,
)
from deadheat.sim.durations import UNITS_NS, duration_text
from deadheat.version import VERSION

__all__ = ["SCHEMA", "print_window", "window_to_json"]

SCHEMA = 1


def print_window(window: RaceWindow, console: Console) -> None:
    """Print whether it can happen, the inequality, the windows and leases, and an example."""
    scenario = window.counterexample.scenario
    console.print(Text.assemble((scenario.protocol, "bold"), ": ", (window.counterexample.property, "bold red")))
    console.print(Text(verdict_text(window), style="bold red" if window.possible else "bold green"))
    console.print(Text(inequality_text(window)))
    for condition in window.conditions:
        spare = "" if condition.slack == math.inf else f" ({_signed(condition.slack)})"
        console.print(Text(f"  {numbers_text(window, condition)}{spare}", style="dim"))
    for free in window.free:
        console.print(Text(free_step_text(window, free)))
    for lease in window.leases:
        console.print(Text(lease_text(window, lease)))
    for step in window.overdue:
        console.print(Text(overdue_text(step), style="yellow"))
    for text in passed_over_texts(window):
        console.print(Text(text, style="yellow"))
    if window.possible:
        console.print(Text("For example, as early as possible:"))
        console.print(_example(window))


def window_to_json(window: RaceWindow) -> str:
    """Return a race window as one JSON object; times are in seconds, null where there is no limit."""
    scenario = window.counterexample.scenario
    content = {
        "schema": SCHEMA,
        "deadheat": VERSION,
        "protocol": scenario.protocol,
        "property": window.counterexample.property,
        "possible": window.possible,
        "always": window.always,
        "inequality": inequality_text(window),
        "slack_s": _seconds(window.slack_ns),
        "conditions": [
            {
                "text": condition_text(window, each),
                "bounds": numbers_text(window, each),
                "slack_s": _seconds(each.slack),
            }
            for each in window.conditions
        ],
        "constraints": [
            {
                "earlier": each.earlier,
                "later": each.later,
                "at_least_s": _seconds(each.lower),
                "at_most_s": None if each.upper is None else _seconds(each.upper),
                "reason": each.reason,
            }
            for each in window.constraints
        ],
        "free_steps": [
            {
                "step": each.number,
                "after": [list(pair) for pair in each.opens],
                "before": [list(pair) for pair in each.closes],
                "window_s_min": _seconds(each.narrowest_ns),
                "window_s_max": _seconds(each.widest_ns),
                "text": free_step_text(window, each),
            }
            for each in window.free
        ],
        "excluding_ttl_s": _seconds(min((each.longest_ns for each in window.leases), default=math.inf)),
        "leases": [
            {
                "step": each.number,
                "key": each.key,
                "set_by": each.set_by,
                "excluding_ttl_s": _seconds(each.longest_ns),
                "text": lease_text(window, each),
            }
            for each in window.leases
        ],
        "example": [_timed(window, step.number) for step in window.steps] if window.possible else None,
        "overdue": [overdue_text(each) for each in window.overdue],
        "not_bounded": passed_over_texts(window),
    }
    return json.dumps(content, indent=2)


def _timed(window: RaceWindow, number: int) -> dict[str, Any]:
    step = window.steps[number - 1]
    return {
        "step": number,
        "label": step.transition.operation.label if step.transition.operation else None,
        "process": step.process,
        "at_s": _seconds(window.times_ns[number]),
    }


def _example(window: RaceWindow) -> Table:
    table = empty_table()
    table.add_column("at", justify="right", no_wrap=True)
    table.add_column("process", style="cyan", no_wrap=True)
    table.add_column("step", overflow="fold")
    table.add_column("waits for", overflow="fold")
    known = known_of(window.counterexample.scenario.model())
    for step in (window.steps[number - 1] for number in window.order):
        text = step_of(window.counterexample.trace.events[step.number - 1], known)
        waits = step_text(window, window.waits_for[step.number])
        table.add_row(str(step.number), duration_text(window.times_ns[step.number]), folded(step.process), text, waits)
    return table


def _signed(slack_ns: float) -> str:
    return f"fails by {duration_text(-slack_ns)}" if slack_ns < 0 else f"{duration_text(slack_ns)} to spare"


def _seconds(time_ns: float) -> float | None:
    return None if math.isinf(time_ns) else time_ns / UNITS_NS["s"]
