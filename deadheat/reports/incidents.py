"""What was found of the incidents: a table with their references below it, or one JSON object."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.command_lines import show_command
from deadheat.reports.screen import print_command
from deadheat.scenarios.check import CheckResult
from deadheat.scenarios.incidents.judge import Judgement
from deadheat.scenarios.scenario import budget_text
from deadheat.version import VERSION

__all__ = ["incidents_to_json", "print_incidents"]

SCHEMA = 1

LEGEND = (
    "Defect found: the properties that the report complains about and that the protocol violates, each with "
    "the number of steps of a shortest counterexample. Fix holds: whether it keeps all of them, under the same "
    "faults. Fix broken by: the kinds of fault one more of which breaks it after all, of those that can happen to it."
)


def print_incidents(judgements: Sequence[Judgement], console: Console) -> None:
    """Print a row an incident, then where each is reported and what a row has no room for."""
    table = Table(title="Reported incidents, and their fixes", title_justify="left", header_style="bold", box=None)
    table.add_column("\nincident, and its fix", min_width=20, max_width=36)
    for header in ("\ndefect found", "fix\nholds", "fix\nbroken by"):
        table.add_column(header, no_wrap=True)
    for judgement in judgements:
        table.add_row(*_cells(judgement))
        table.add_row()
    console.print(table)
    print_command(console, "See one: ", _command(judgements[0]))
    for judgement in judgements:
        console.print(_notes(judgement), highlight=False)
    console.print(LEGEND, style="dim", highlight=False)
    if not all(each.is_decided for each in judgements):
        console.print("Cut short: what has a question mark, or is called undecided, is not decided.", highlight=False)


def incidents_to_json(judgements: Sequence[Judgement]) -> str:
    """Return the judgements as one JSON object."""
    return json.dumps(
        {
            "schema": SCHEMA,
            "deadheat": VERSION,
            "complete": all(each.is_decided for each in judgements),
            "results": [_entry(each) for each in judgements],
        },
        indent=2,
    )


def _entry(judgement: Judgement) -> dict[str, Any]:
    incident = judgement.incident
    was, fixed = incident.protocols
    return {
        "incident": incident.name,
        "reference": incident.reference,
        "protocol": was.name,
        "faults": dict(incident.faults),
        "reproduced": judgement.reproduced,
        "violated": list(judgement.violated),
        "counterexample_lengths": _lengths(judgement.defect, judgement.violated),
        "undecided": list(judgement.undecided),
        "also_violated": list(judgement.also_violated),
        "fix": incident.remedy,
        "fixed_protocol": fixed.name,
        "fix_holds": judgement.fix_holds,
        "fix_undecided": list(judgement.fix_undecided),
        "fix_still_violates": list(judgement.still_violated),
        "fix_newly_violates": list(judgement.newly_violated),
        "fix_broken_by": list(judgement.with_one_more.broken_by),
        "fix_undecided_for": list(judgement.with_one_more.undecided),
        "fix_not_applicable": list(judgement.with_one_more.not_applicable),
    }


def _cells(judgement: Judgement) -> tuple[Text, ...]:
    lengths = _lengths(judgement.defect, judgement.violated)
    defect = Text("\n".join(f"{name} {length}" for name, length in lengths.items()), style="bold red")
    for title, names in (("NOT FOUND:", judgement.not_found), ("undecided:", judgement.undecided)):
        if names:
            defect.append("\n" * bool(defect) + "\n".join((title, *names)))
    if judgement.fix_holds is None:
        holds = Text("?")
    elif not judgement.violated:
        holds = Text("-")
    elif judgement.fix_holds:
        holds = Text("yes", style="green")
    else:
        holds = Text("no", style="bold red")
    broken = [*judgement.with_one_more.broken_by, *(f"{each}?" for each in judgement.with_one_more.undecided)]
    if not broken:
        broken = ["none of them" if judgement.mended else "-" if judgement.fix_holds is not None else "?"]
    what = Text.assemble((judgement.incident.name, "bold"), "\n", judgement.incident.remedy)
    return what, defect, holds, Text("\n".join(broken))


def _notes(judgement: Judgement) -> Text:
    incident = judgement.incident
    lines = Text.assemble((incident.name, "bold"), f"\n  {incident.reference}")
    if incident.faults:
        faults = ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in incident.faults)
        lines.append(f"\n  happens under {faults}")
    for title, names in (
        ("violated besides", judgement.also_violated),
        ("the fix still violates", judgement.still_violated),
        ("the fix newly violates", judgement.newly_violated),
    ):
        if names:
            lines.append(f"\n  {title}: {', '.join(names)}", style="dim")
    return lines


def _command(judgement: Judgement) -> str:
    first = (*judgement.violated, *judgement.incident.properties)[0]
    return show_command(judgement.defect.scenario, first)


def _lengths(result: CheckResult, names: Sequence[str]) -> dict[str, int]:
    found = {name: result.outcome(name).counterexample for name in names}
    return {name: len(each.trace.events) for name, each in found.items() if each is not None}
