"""Verdicts as a table: protocol by property."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.scenarios.check import CheckResult, Outcome, Verdict

__all__ = ["print_matrix"]

STYLES = {Verdict.HOLDS: "green", Verdict.VIOLATED: "bold red", Verdict.INCONCLUSIVE: "yellow"}


def print_matrix(results: Sequence[CheckResult], console: Console) -> None:
    """Print the verdicts, what they cover, and what no run reached."""
    console.print(_table(results))
    console.print(_scope(results))
    for line in _vacuity(results):
        console.print(line)
    for line in _advice(results):
        console.print(line)


def _table(results: Sequence[CheckResult]) -> Table:
    table = Table(title="Can it happen? Every interleaving", title_justify="left", header_style="bold")
    table.add_column("protocol", no_wrap=True)
    for outcome in results[0].outcomes:
        table.add_column(outcome.property.replace("-", " "), overflow="fold", min_width=9)
    table.add_column("states", justify="right", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    for result in results:
        cells = [_cell(each) for each in result.outcomes]
        table.add_row(result.scenario.protocol, *cells, f"{result.exploration.states:,}", f"{result.seconds:.2f}")
    return table


def _cell(outcome: Outcome) -> Text:
    text = Text(str(outcome.verdict), style=STYLES[outcome.verdict])
    if outcome.counterexample is not None:
        text.append(f" {len(outcome.counterexample.trace.events)}")
    return text


def _scope(results: Sequence[CheckResult]) -> Text:
    scenario, exploration = results[0].scenario, results[0].exploration
    faults = ", ".join(f"{kind}={budget}" for kind, budget in scenario.faults) or "no faults"
    reductions = ", ".join(exploration.reductions) or "no reductions"
    complete = all(each.exploration.complete for each in results)
    search = "all states" if complete else "CUT SHORT: not all states"
    lines = (
        f"Covers {scenario.evaluations} evaluation{'s' * (scenario.evaluations > 1)}, {faults}; {search}, stored "
        f"{'exactly' if exploration.storage == 'exact' else 'by fingerprint'}; reductions: {reductions}. "
        "A number is the length of a shortest counterexample, in steps."
    )
    return Text(lines, style="dim")


def _vacuity(results: Sequence[CheckResult]) -> list[Text]:
    lines = []
    for result in results:
        holding = [each.property for each in result.outcomes if each.verdict is Verdict.HOLDS]
        if not holding:
            continue
        missed = [str(site) for site in result.steps_not_reached]
        missed += [f"the fault {kind}" for kind in result.faults_not_fired]
        if missed:
            text = Text.assemble(
                (result.scenario.protocol, "bold"), ": no run reached ", ", ".join(missed), style="dim"
            )
            lines.append(text)
    return lines


def _advice(results: Sequence[CheckResult]) -> list[Text]:
    for result in results:
        for outcome in result.outcomes:
            if outcome.verdict is Verdict.VIOLATED:
                return [Text.assemble("See one: ", (result.scenario.command(outcome.property), "bold"))]
    return []
