"""What fuzzing found, and what it was worth: as text, and for machines; and how likely a run finds what."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.command_lines import fuzz_command
from deadheat.reports.inert import one_line
from deadheat.reports.machine import SCHEMA
from deadheat.reports.names import folded
from deadheat.scenarios.fuzz import Fuzzed, FuzzResult
from deadheat.scenarios.fuzz_blob import blob_of
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.counting import counted
from deadheat.sim.sample.strategies import Strategy
from deadheat.version import VERSION

__all__ = ["fuzz_to_json", "print_fuzz", "print_rates", "rates_to_json"]

NUMBERS_WIDTH, NAME_WIDTH_MIN = 54, 16
"""How wide all columns but the first are, and how wide that is at least."""

Rates = Sequence[tuple[Scenario, Mapping[tuple[str, Strategy], float]]]


def print_fuzz(results: Sequence[FuzzResult], console: Console) -> None:
    """Print the findings of each protocol: first a table, then how each violation was met, and what it was worth."""
    for result in results:
        _print_one(result, console)


def _print_one(result: FuzzResult, console: Console) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0), title_justify="left")
    table.title = f"{result.scenario.protocol}: what runs drawn at random violate"
    table.add_column("property", no_wrap=True)
    for header in ("", "by", "schedules", "steps", "faults", "switches", "distinct"):
        table.add_column(header, justify="left" if header in ("", "by") else "right", no_wrap=True)
    room = max(NAME_WIDTH_MIN, console.width - NUMBERS_WIDTH)
    for each in result.outcomes:
        name = folded(one_line(each.name), room)
        if each.failures:
            least = each.failures[0]
            numbers = (len(least.counterexample.trace.events), least.faults, least.switches, len(each.failures))
            row = [f"{each.schedules:,}", *map(str, numbers)]
            table.add_row(name, Text("✗", style="bold red"), each.strategy, *row)
        else:
            table.add_row(name, Text("?", style="yellow"), each.strategy, f"{each.schedules:,}")
    console.print(table)
    for each in result.outcomes:
        if each.failures:
            _print_failure(result, each, console)
    for line in _worth(result):
        console.print(line, style="dim", highlight=False)


def _print_failure(result: FuzzResult, each: Fuzzed, console: Console) -> None:
    """Tell each cause once: what is violated, how much it takes, how often it was met, and the command for it."""
    for failure in each.failures:
        kinds = [f"{kind} ({count} times)" if count > 1 else kind for kind, count in failure.cause.faults]
        took = (
            f"after {counted(len(failure.counterexample.trace.events), 'step')}, "
            f"{'with ' + ' and '.join(kinds) if kinds else 'without a fault'}, "
            f"and {counted(failure.switches, 'switch', 'switches')} between processes"
        )
        often = f", {failure.count} times" if failure.count > 1 else ""
        parting = f" {failure.parting}" if failure.parting else ""
        violation = failure.counterexample.violation
        console.print(f"{each.name}{often}: {violation}, {took}.{parting}", highlight=False)
        again = fuzz_command(result.scenario, each.name, blob_of(failure.counterexample))
        console.print(f"Make it again: {again}", style="dim", highlight=False, soft_wrap=True)


def _worth(result: FuzzResult) -> list[str]:
    worth = result.worth
    lines = [
        "✗ violated, by the strategy and after so many schedules; ? no run violated it, which is no proof. Steps, "
        "faults and switches between processes are those of the smallest run found, distinct the causes.",
        f"{counted(result.schedules, 'schedule')} of {counted(result.steps, 'step')} with the seed "
        f"{result.options.seed}: {counted(worth.states, 'state')}, "
        f"{counted(len(worth.labels), 'labelled step')}, {counted(worth.pairs, 'pair')} of conflicting steps, "
        f"{worth.both_orders} of them in both orders; faults that happened: {', '.join(worth.faults) or 'none'}.",
    ]
    if worth.estimate is not None:
        error = f", give or take {worth.estimate.error:,}" if worth.estimate.error is not None else ""
        lines.append(f"Runs like these would see some {worth.estimate.states:,} states at least{error} (Chao2).")
    if result.last_new:
        speed = f"{worth.states / max(result.seconds, 1e-3):,.0f} new states a second"
        last = f"The last that did something new was about run {result.last_new:,} of {result.schedules:,}"
        lines.append(f"{last}; in all, {speed}.")
    return [*lines, *(f"{each}." for each in result.remarks)]


def fuzz_to_json(results: Sequence[FuzzResult]) -> str:
    """Return what was found, one entry a protocol and property."""
    entries = [_entry(result, each) for result in results for each in result.outcomes]
    searches = [_search(each) for each in results]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries, "searches": searches}, indent=2)


def _entry(result: FuzzResult, each: Fuzzed) -> dict[str, Any]:
    least = each.failures[0] if each.failures else None
    return {
        "protocol": result.scenario.protocol,
        "property": each.name,
        "verdict": str(each.verdict),
        "evaluations": result.scenario.evaluations,
        "strategy": each.strategy,
        "seed": result.options.seed,
        "schedules": each.schedules,
        "steps": each.steps,
        "seconds": round(each.seconds, 6),
        "counterexample_length": len(least.counterexample.trace.events) if least else None,
        "faults": dict(least.cause.faults) if least else {},
        "switches": least.switches if least else None,
        "distinct": len(each.failures),
        "violated_in": each.violated_in,
        "parting": str(least.parting) if least and least.parting else None,
        "blob": blob_of(least.counterexample) if least else None,
    }


def _search(result: FuzzResult) -> dict[str, Any]:
    worth = result.worth
    estimate = (
        {"states": worth.estimate.states, "error": worth.estimate.error, "method": "Chao2"} if worth.estimate else None
    )
    return {
        "protocol": result.scenario.protocol,
        "schedules": result.schedules,
        "steps": result.steps,
        "seconds": round(result.seconds, 6),
        "jobs": result.jobs,
        "by_strategy": result.by_strategy,
        "states": worth.states,
        "states_per_second": round(worth.states / max(result.seconds, 1e-3), 3),
        "labels": list(worth.labels),
        "pairs": worth.pairs,
        "pairs_in_both_orders": worth.both_orders,
        "faults_fired": list(worth.faults),
        "estimate": estimate,
        "last_new": result.last_new,
        "remarks": list(result.remarks),
    }


def print_rates(rates: Rates, console: Console) -> None:
    """Print how likely one run finds each violation, by strategy."""
    strategies = list(dict.fromkeys(strategy for _, found in rates for _, strategy in found))
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("protocol")
    table.add_column("property", overflow="fold")
    for strategy in strategies:
        table.add_column(strategy.value, justify="right")
    for scenario, found in rates:
        for name in scenario.properties:
            chances = [found.get((name, strategy)) for strategy in strategies]
            if any(chances):
                row = ("" if chance is None else f"{chance:.6f}" for chance in chances)
                table.add_row(scenario.protocol, name, *row)
    console.print(table)


def rates_to_json(rates: Rates) -> str:
    """Return how likely one run finds each violation, one entry a protocol, property and strategy."""
    entries = [
        {"protocol": scenario.protocol, "property": name, "strategy": strategy.value, "probability": chance}
        for scenario, found in rates
        for (name, strategy), chance in found.items()
    ]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)
