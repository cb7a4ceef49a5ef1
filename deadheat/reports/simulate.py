"""What simulated protocols come to: a table, how they compare, and what was assumed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.machine import SCHEMA, budgets_to_json
from deadheat.reports.names import folded
from deadheat.scenarios.estimates import Comparison, Estimate
from deadheat.scenarios.in_time import Simulated, Simulation
from deadheat.sim.counting import counted
from deadheat.version import VERSION

COLUMNS = {
    "orphans": "of a million",
    "live": "p50 p99",
    "gone after": "p50 p99",
    "Job-s": "mean",
    "calls": "more",
    "later": "its Job",
}

NAME_WIDTH_MAX = 18
"""Beside that the numbers fit into 80 columns."""

__all__ = ["estimate_to_json", "extra_to_json", "number_text", "print_simulation", "seconds_text", "simulation_to_json"]


def print_simulation(simulation: Simulation, profile: str, console: Console) -> None:
    """Print what each protocol comes to, which is better, and what that is of."""
    console.print(_table(simulation))
    for line in _remarks(simulation, profile):
        console.print(line, style="dim", highlight=False)
    for each in simulation.comparisons:
        console.print(Text(_comparison_text(each)))
    for found in simulation.results:
        for text in _costs(found):
            console.print(Text(text))
    rare = [each.protocol for each in simulation.results if each.by_splitting]
    if rare:
        console.print(
            Text(
                f"No run of {', '.join(rare)} had an orphan: how rare they are was estimated by splitting. Neither "
                "Job-s nor what a cancellation costs has them in it."
            )
        )
    failed = [each.protocol for each in simulation.results if each.splitting_failed]
    if failed:
        console.print(
            Text(
                f"No run of {', '.join(failed)} had an orphan, though there can be one, and splitting met none, or not "
                "alike: no more is known than that. Ask for more --cancellations, or for --memoryless."
            )
        )
    chosen = dict.fromkeys(name for each in simulation.results for name in each.chosen)
    if chosen:
        console.print(
            Text(
                f"Nobody has said how {', '.join(chosen)} {'goes' if len(chosen) == 1 else 'go'}: what depends on it "
                "has a least and a greatest answer."
            )
        )


def _table(simulation: Simulation) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), show_edge=False)
    table.add_column("protocol", no_wrap=True)
    for column, unit in COLUMNS.items():
        table.add_column(f"{column}\n{unit}", justify="right", overflow="fold")
    for each in simulation.results:
        table.add_row(
            folded(each.protocol, NAME_WIDTH_MAX),
            _with_interval(each.orphans_per_million),
            _quantiles(each.orphan_lifetime_s),
            _quantiles(each.cancel_to_gone_s),
            _value(each.job_seconds_after_cancel),
            "?" if each.extra_calls is None else number_text(each.extra_calls, signed=True),
            "?" if each.extra_to_job_s is None else seconds_text(each.extra_to_job_s),
        )
    return table


def _with_interval(estimate: Estimate) -> str:
    span = f"{number_text(estimate.low)} to {number_text(estimate.high)}"
    if estimate.value is None:
        return span
    return number_text(estimate.value) if estimate.low == estimate.high else f"{number_text(estimate.value)}\n{span}"


def _value(estimate: Estimate) -> str:
    if estimate.value is None:
        return f"{number_text(estimate.low)} to {number_text(estimate.high)}"
    return number_text(estimate.value)


def _quantiles(found: Mapping[float, Estimate | None]) -> str:
    shown = [each for each in (found[0.5], found[0.99]) if each is not None]
    if not shown:
        return "-"
    return "\n".join(
        seconds_text(each.value) if each.value is not None else f"{seconds_text(each.low)} to {seconds_text(each.high)}"
        for each in shown
    )


def _remarks(simulation: Simulation, profile: str) -> Iterator[str]:
    question, results = simulation.question, simulation.results
    yield (
        "orphans: so many of a million cancellations leave a Job behind, be it for a moment. live: how long that is "
        "there, at the median and the 99th percentile. gone after: from the cancellation until no Job is there, nor "
        "can come. Job-s: how long a pod is there after the user has asked, on average. calls, later: how many more, "
        "and by how much later there is a Job, than with baseline."
    )
    if results[0].method == "exact":
        yield f"Exact: no sampling. Latencies: the profile {profile}, and what was given."
    else:
        yield (
            f"{counted(int(results[0].cancellations), 'cancellation')} each{_asked_for(simulation)}, by "
            f"{results[0].method}, seed {question.seed}; intervals of 95%. Latencies: the profile {profile}, and what "
            "was given."
        )


def _asked_for(simulation: Simulation) -> str:
    """Return how many were asked for, where as many came of so many evaluations only on average."""
    asked = simulation.question.cancellations
    return "" if simulation.results[0].cancellations == asked else f", of about {asked:,} that were asked for"


def _comparison_text(found: Comparison) -> str:
    what = "orphans" if found.measure == "orphans" else "orphan time"
    if found.better is None:
        return f"{found.second}: as {'many ' if what == 'orphans' else 'much '}{what} as {found.first}."
    scale = 1e6 if found.measure == "orphans" else 1.0
    few = found.difference.scaled(-scale if found.better == found.second else scale)
    low, high = sorted((few.low, few.high))
    shown = number_text if found.measure == "orphans" else seconds_text
    per = "a million evaluations" if found.measure == "orphans" else "an evaluation"
    less, more = (found.second, found.first) if found.better == found.second else (found.first, found.second)
    if low <= 0 <= high:
        return (
            f"{less} and {more}: no difference in {what} is shown, which is between {shown(low)} and {shown(high)} "
            f"{per}; ask for more --cancellations."
        )
    return (
        f"{less}: {'fewer' if what == 'orphans' else 'less'} {what} than {more}, by {shown(few.value or 0.0)} {per} "
        f"({shown(low)} to {shown(high)}), with a confidence of {_confidence(found.confidence)}."
    )


def _confidence(value: float) -> str:
    return "more than 99.9%" if value > 0.999 else f"{value:.1%}"


def _costs(found: Simulated) -> Iterator[str]:
    parts = []
    if found.false_answers_per_million.value != 0:
        parts.append(f'{_value(found.false_answers_per_million)} of a million are told "cancelled" before a pod starts')
    if found.wanted_lost_per_million.value != 0:
        parts.append(f"{_value(found.wanted_lost_per_million)} of a million lose a Job that is wanted")
    if found.cost is not None:
        parts.append(f"a cancellation costs {_value(found.cost)}")
    if found.orphans_per_day is not None:
        parts.append(f"{_value(found.orphans_per_day)} orphans a day")
    if found.cost_per_day is not None:
        parts.append(f"all of a day cost {_value(found.cost_per_day)}")
    if parts:
        yield f"{found.protocol}: {'; '.join(parts)}."


# Numbers


def number_text(value: float, *, signed: bool = False) -> str:
    """Return a number with three digits that say something."""
    if math.isinf(value):
        return "no limit"
    if abs(value) < 1e-9:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{round(value, digits):{'+' if signed else ''},.{min(digits, 9)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def seconds_text(value: float) -> str:
    """Return a time in seconds, with its unit, and three digits."""
    if math.isinf(value):
        return "for ever"
    if abs(value) < 1e-9:
        return "0 s"
    for unit, size, least in (
        ("d", 86_400, 172_800),
        ("h", 3_600, 7_200),
        ("m", 60, 120),
        ("s", 1, 1),
        ("ms", 1e-3, 1e-3),
    ):
        if abs(value) >= least:
            return f"{number_text(value / size)} {unit}"
    return f"{number_text(value * 1e6)} us"


# For machines


def simulation_to_json(simulation: Simulation, profile: str) -> str:
    """Return all that was found; times in seconds."""
    question = simulation.question
    content = {
        "schema": SCHEMA,
        "deadheat": VERSION,
        "profile": profile,
        "seed": question.seed,
        "results": [_to_json(each, simulation) for each in simulation.results],
        "comparisons": [
            {
                "measure": each.measure,
                "first": each.first,
                "second": each.second,
                "better": each.better,
                "difference": estimate_to_json(each.difference.scaled(1e6 if each.measure == "orphans" else 1.0)),
                "confidence": each.confidence,
            }
            for each in simulation.comparisons
        ],
        "curve": None,
        "along": None,
    }
    return json.dumps(content, indent=2)


def extra_to_json(curve: Any = None, along: Any = None) -> str:
    """Return what was asked for in the place of a simulation."""
    content = {"schema": SCHEMA, "deadheat": VERSION, "profile": None, "seed": None, "results": [], "comparisons": []}
    return json.dumps({**content, "curve": curve, "along": along}, indent=2)


def _to_json(found: Simulated, simulation: Simulation) -> dict[str, Any]:
    def quantiles(each: Mapping[float, Estimate | None]) -> dict[str, Any]:
        return {f"p{round(share * 100)}": None if one is None else estimate_to_json(one) for share, one in each.items()}

    def optional(each: Estimate | None) -> Any:
        return None if each is None else estimate_to_json(each)

    return {
        "protocol": found.protocol,
        "method": found.method,
        "faults": budgets_to_json(simulation.question.faults),
        "cancellations": int(found.cancellations),
        "orphans_per_million": estimate_to_json(found.orphans_per_million),
        "false_answers_per_million": estimate_to_json(found.false_answers_per_million),
        "wanted_lost_per_million": estimate_to_json(found.wanted_lost_per_million),
        "orphan_lifetime_s": quantiles(found.orphan_lifetime_s),
        "job_seconds_after_cancel": estimate_to_json(found.job_seconds_after_cancel),
        "cancel_to_gone_s": quantiles(found.cancel_to_gone_s),
        "calls": estimate_to_json(found.calls),
        "extra_calls": found.extra_calls,
        "to_job_s": estimate_to_json(found.to_job_s),
        "extra_to_job_s": found.extra_to_job_s,
        "cost": optional(found.cost),
        "orphans_per_day": optional(found.orphans_per_day),
        "cost_per_day": optional(found.cost_per_day),
        "chosen": list(found.chosen),
        "by_splitting": found.by_splitting,
        "splitting_failed": found.splitting_failed,
    }


def estimate_to_json(estimate: Estimate) -> dict[str, float | None]:
    """Return an estimate; null for what is infinite, which no number in JSON is."""
    values = {"estimate": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: None if each is None or math.isinf(each) else each for name, each in values.items()}
