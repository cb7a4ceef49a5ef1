"""Verdicts as a table: protocol by property."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from deadheat.models.steps import LABELS
from deadheat.reports.columns import Columns, Row, print_columns
from deadheat.reports.command_lines import show_command
from deadheat.reports.explosion import explosion
from deadheat.reports.flags import told
from deadheat.reports.names import TERMS
from deadheat.reports.screen import print_command
from deadheat.scenarios.check import CheckResult, Outcome, Verdict
from deadheat.scenarios.scenario import budget_text
from deadheat.sim.counting import counted

__all__ = ["odds_text", "print_matrix"]

CELLS = {
    Verdict.HOLDS: ("✓", "green"),
    Verdict.VIOLATED: ("✗", "bold red"),
    Verdict.VACUOUS: ("∅", "bold yellow"),
    Verdict.INCONCLUSIVE: ("?", "yellow"),
}
LARGE = 100_000
"""With so many states, what each takes is of interest."""

LEGEND = "✓ holds, ✗ violated with the steps of a shortest counterexample, ? inconclusive."
VACUOUS_LEGEND = " ∅ holds vacuously: perhaps only for want of what no run did."


def print_matrix(results: Sequence[CheckResult], console: Console) -> None:
    """Print the verdicts, what they cover, and what no run reached: a table for those that cover the same."""
    alike: dict[tuple[object, ...], list[CheckResult]] = {}
    for result in results:
        scenario, names = result.scenario, tuple(outcome.property for outcome in result.outcomes)
        alike.setdefault((names, scenario.size, scenario.faults, scenario.quiet), []).append(result)
    for each in alike.values():
        _print_alike(each, console)


def _print_alike(results: Sequence[CheckResult], console: Console) -> None:
    names = [outcome.property for outcome in results[0].outcomes]
    is_told_above = print_columns(_table(results, names), console)
    for before, command in _advice(results):
        print_command(console, before, command)
    for line in _vacuous(results):
        console.print(line, style="yellow")
    for result in results:
        for line in explosion(result):
            console.print(line)
    console.print(_scope(results), style="dim")
    for remark in (*_remarks(results), *_vacuity(results)):
        console.print(remark, style="dim")
    if not is_told_above:
        meanings = results[0].scenario.subject.properties
        for name in names:
            console.print(f"{name}: {meanings[name]}", style="dim")
        console.print(TERMS, style="dim")


def _table(results: Sequence[CheckResult], names: Sequence[str]) -> Columns:
    rows = []
    for result in results:
        cells = (_cell(each, result.exploration.omission_odds) for each in result.outcomes)
        ends = (f"{result.exploration.states:,}", f"{result.seconds:.2f}")
        rows.append(Row(result.scenario.protocol, tuple(cells), ends))
    return Columns("Can it happen? Every interleaving", "protocol", tuple(names), ("states", "seconds"), tuple(rows))


def _cell(outcome: Outcome, odds: float) -> Text:
    sign, style = CELLS[outcome.verdict]
    if outcome.counterexample is not None:
        sign += f" {len(outcome.counterexample.trace.events)}"
    elif outcome.verdict is Verdict.HOLDS and odds:
        sign += f" ({odds_text(odds)})"
    return Text(sign, style=style)


def _scope(results: Sequence[CheckResult]) -> str:
    scenario = results[0].scenario
    faults = ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in scenario.faults) or "no faults"
    if scenario.quiet:
        faults += ", which stop at some point"
    used = dict.fromkeys(name for each in results for name in each.exploration.reductions)
    reductions = ", ".join(used) or "no reductions"
    by_fingerprint = any(each.exploration.storage == "fingerprint" for each in results)
    complete = all(each.exploration.complete for each in results)
    search = "all states" if complete else "CUT SHORT: not all states"
    legend = LEGEND + VACUOUS_LEGEND * any(each.is_vacuous for each in results)
    return (
        f"{legend}\n"
        f"Covers {scenario.size}, {faults}; {search}, stored "
        f"{'by fingerprint' if by_fingerprint else 'exactly'}; reductions: {reductions}."
    )


def _remarks(results: Sequence[CheckResult]) -> list[Text]:
    """Return what the searches have to say on how they came to their verdicts, once each."""
    remarks = dict.fromkeys(_assumed(results))
    for result in results:
        exploration = result.exploration
        remarks.update((f"{result.scenario.protocol}: {remark}.", None) for remark in exploration.remarks)
        if exploration.stopped:
            remarks[f"{result.scenario.protocol}: not all states were seen, since {told(exploration.stopped)}."] = None
        if exploration.bytes_per_state and exploration.states >= LARGE:
            cores = f"{counted(exploration.cores, 'core')}"
            size = f"{exploration.bytes_per_state:.1f} bytes a state"
            remarks[f"{result.scenario.protocol}: explored by the compiled kernel on {cores}, {size}."] = None
        if exploration.storage == "fingerprint":
            remarks[f"{result.scenario.protocol}: {_omissions(exploration.omission_odds)}."] = None
    return [Text(remark, style="dim") for remark in remarks]


def _assumed(results: Sequence[CheckResult]) -> Iterator[str]:
    """Yield what is assumed, once for all that assume the same."""
    by_assumptions: dict[tuple[str, ...], list[str]] = {}
    for result in results:
        by_assumptions.setdefault(result.assumptions, []).append(result.scenario.protocol)
    for made, protocols in by_assumptions.items():
        if made:
            of = ", ".join(dict.fromkeys(protocols))
            yield f"{of}: what holds, holds of runs that keep to what is assumed: {'; '.join(made)}."


def _omissions(odds: float) -> str:
    if not odds:
        return "no two states have one fingerprint, so none was left out"
    return f"odds that any state was left out, because another has its fingerprint: at most {odds_text(odds)}"


def odds_text(odds: float) -> str:
    """Return odds as 1 in so many, with two digits, and never smaller than they are."""
    parts = int(1 / odds)
    unit = 10 ** max(0, len(str(parts)) - 2)
    return f"1 in {parts // unit * unit:,}"


def _vacuity(results: Sequence[CheckResult]) -> list[str]:
    """Return which labelled steps and allowed faults no run reached, so that a green verdict can be trusted."""
    lines = []
    for result in results:
        unreached = [*result.labels_not_reached, *(f"the fault {kind}" for kind in result.faults_not_fired)]
        if unreached and result.is_whole:
            lines.append(f"{result.scenario.protocol}: no run reached {', '.join(unreached)}.")
        elif unreached:
            lines.append(
                f"{result.scenario.protocol}: not all runs were seen, and none of them reached {', '.join(unreached)}."
            )
        for each in result.never_kept:
            lines.append(f"{result.scenario.protocol}: no run keeps to what is assumed: {each}.")
    if not lines:
        steps = f"every step {_expected(results)}, and " if any(result.labels for result in results) else ""
        lines.append(f"Not vacuous: some run of each reached {steps}every fault allowed.")
    others = sum(len(result.steps_not_reached) for result in results)
    if others:
        whole = all(result.is_whole for result in results)
        why = "for want of a fault or of an occasion" if whole else "in the runs that were seen"
        lines.append(f"Not reached, {why}: {counted(others, 'further step')} of the roles; --json lists them.")
    return lines


def _expected(results: Sequence[CheckResult]) -> str:
    """Return which steps were to be reached."""
    named = [result.labels for result in results]
    usual = {each.name for each in LABELS}
    if any(name not in usual for labels in named for name in labels):
        return f"named ({', '.join(dict.fromkeys(name for labels in named for name in labels))})"
    lacking = [label.name for label in LABELS if any(label.name not in labels for labels in named)]
    return "T0 to T8" + (f" (but {', '.join(lacking)}, where a protocol lacks it)" if lacking else "")


def _vacuous(results: Sequence[CheckResult]) -> list[str]:
    """Return what to do about the verdicts that are vacuous."""
    missed = dict.fromkeys(name for result in results if result.is_vacuous for name in result.missed)
    if not missed:
        return []
    options = " ".join(f"--allow-unreached {name}" for name in missed)
    return [f"What is vacuous says nothing yet: let some run do what is missing, or allow that none does: {options}."]


def _advice(results: Sequence[CheckResult]) -> list[tuple[str, str]]:
    for result in results:
        for outcome in result.outcomes:
            if outcome.verdict is Verdict.VIOLATED:
                return [("See one: ", show_command(result.scenario, outcome.property))]
    return []
