"""What came of matching a log against a model: for people, and as JSON whose form is a contract (`docs/live.md`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.live.logs.attribution import THE_ONE
from deadheat.live.logs.conform import Conformance, Unexplained
from deadheat.live.logs.furthest import Allowed, Furthest
from deadheat.live.logs.run_properties import InRun, JudgedProperty
from deadheat.version import VERSION

__all__ = ["conformance_to_json", "print_conformance"]

SCHEMA = 1

SHOWN = 5
"""So many evaluations, and so many of the furthest matches of one, are shown; --json has all."""

WORST_FIRST = (InRun.VIOLATED, InRun.IN_SOME, InRun.UNDECIDED, InRun.HOLDS)


def conformance_to_json(result: Conformance) -> str:
    """Return what came of matching a trace, as the only result."""
    found = result.unexplained
    entry = {
        "protocol": result.protocol,
        "outcome": "diverged" if found else "agrees" if result.events else "vacuous",
        "evaluations": result.evaluations,
        "events": result.events,
        "evaluation": found.evaluation if found else None,
        "line": found.event.line if found else None,
        "event": str(found.event) if found else None,
        "allowed": list(found.allowed) if found else [],
        "unexplained": [_unexplained_to_json(each) for each in result.refused],
        "properties": [_property_to_json(each) for each in _by_property(result.judged)],
        "not_judged": list(result.not_judged),
    }
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": [entry]}, indent=2)


def _unexplained_to_json(found: Unexplained) -> dict[str, Any]:
    return {
        "evaluation": found.evaluation,
        "furthest": [
            {
                "matched": list(each.matched),
                "line": each.event.line,
                "event": str(each.event),
                "allowed": [
                    {"step": one.step, "differs_in": list(one.differs_in), "line": one.line, "why": one.why}
                    for one in each.allowed
                ],
            }
            for each in found.furthest
        ],
    }


def _property_to_json(judged: Sequence[JudgedProperty]) -> dict[str, Any]:
    return {
        "property": judged[0].property,
        "meaning": judged[0].meaning,
        "verdict": str(_worst(judged)),
        "findings": [
            {"evaluation": each.evaluation, "verdict": each.verdict, "violation": each.violation, "line": each.line}
            for each in judged
            if each.verdict is not InRun.HOLDS
        ],
    }


def print_conformance(result: Conformance, console: Console) -> None:
    """Print that a trace is accepted, and what its run violates; or how far the model gets with what it refuses."""
    if not result.events:
        console.print(Text.assemble(("VACUOUS", "bold yellow"), " there is no event to explain"))
        return
    for found in result.refused[:SHOWN]:
        _print_unexplained(result, found, console)
    if result.refused:
        more = len(result.refused) - SHOWN
        if more > 0:
            console.print(f"and {_count(more, 'evaluation')} more that no run explains; --json has all of them")
        return
    console.print(
        Text.assemble(
            ("ACCEPTED", "bold green"),
            f" the model of {result.protocol} explains all {_count(result.events, 'event')} of "
            f"{_count(result.evaluations, 'evaluation')}",
        ),
    )
    _print_judged(result, console)


def _print_unexplained(result: Conformance, found: Unexplained, console: Console) -> None:
    console.print(
        Text.assemble(
            ("UNEXPLAINED", "bold yellow"),
            f" line {found.event.line}: no run of {result.protocol} does all that is told of evaluation "
            f"{found.evaluation} (in the model {THE_ONE})",
        ),
    )
    for number, each in enumerate(found.furthest[:SHOWN], start=1):
        _print_furthest(each, f"{number} of {len(found.furthest)}" if len(found.furthest) > 1 else "", console)
    if len(found.furthest) > SHOWN:
        console.print(f"  and {len(found.furthest) - SHOWN} more that get as far; --json has all of them")


def _print_furthest(found: Furthest, which: str, console: Console) -> None:
    lines = ", ".join(map(str, found.matched))
    reach = f"{_count(len(found.matched), 'event')} (line{'s' * (len(found.matched) > 1)} {lines})" if lines else ""
    table = _table()
    table.add_row(f"furthest {which}".strip(), Text(reach or "not even the first event"))
    table.add_row("next told", Text(f"line {found.event.line}: {found.event}"))
    for each in found.allowed:
        table.add_row("allowed", Text.assemble(each.step, (f"  {_differs(each)}", "yellow")))
    if not found.allowed:
        table.add_row("allowed", Text("nothing that a log tells of", style="yellow"))
    console.print(table)


def _differs(allowed: Allowed) -> str:
    later = f"; line {allowed.line} says it, too late" if allowed.line is not None else ""
    why = f": {allowed.why}" if allowed.why is not None else ""
    return f"(differs in {', '.join(allowed.differs_in)}{why}{later})"


def _print_judged(result: Conformance, console: Console) -> None:
    groups = list(_by_property(result.judged))
    for verdict, style, title in (
        (InRun.VIOLATED, "bold red", "VIOLATED in the run that is told of:"),
        (InRun.IN_SOME, "bold yellow", "PERHAPS VIOLATED: in some of the runs that fit what is told, not in others:"),
    ):
        chosen = [[each for each in judged if each.verdict is verdict] for judged in groups]
        table = _table()
        for judged in filter(None, chosen):
            table.add_row(judged[0].property, _finding(judged))
        if table.row_count:
            console.print(title, style=style)
            console.print(table)
    undecided = [judged[0].property for judged in groups if _worst(judged) is InRun.UNDECIDED]
    if undecided:
        console.print(Text.assemble(("UNDECIDED", "bold yellow"), f" for the log ends too early: {_listed(undecided)}"))
    if result.not_judged:
        many = _count(len(result.not_judged), "evaluation")
        console.print(
            Text.assemble(
                ("UNDECIDED", "bold yellow"),
                f" for too many runs fit what is told of {many} ({result.not_judged[0]}); record more components",
            )
        )
    holding = [judged[0].property for judged in groups if _worst(judged) is InRun.HOLDS]
    if holding:
        console.print(Text(f"Not violated, as far as the log goes: {_listed(holding)}", style="dim"))


def _finding(judged: Sequence[JudgedProperty]) -> Text:
    first = judged[0]
    where = f", from line {first.line} on" if first.line is not None else ""
    others = f"; so are {_count(len(judged) - 1, 'other evaluation')}" if len(judged) > 1 else ""
    return Text.assemble(f"{first.violation}{where}{others} ", (f"(wanted: {first.meaning})", "dim"))


def _by_property(judged: Sequence[JudgedProperty]) -> Iterator[list[JudgedProperty]]:
    groups: dict[str, list[JudgedProperty]] = {}
    for each in judged:
        groups.setdefault(each.property, []).append(each)
    yield from groups.values()


def _worst(judged: Sequence[JudgedProperty]) -> InRun:
    return min((each.verdict for each in judged), key=WORST_FIRST.index)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _table() -> Table:
    table = Table(box=None, show_header=False, pad_edge=True, padding=(0, 1, 0, 1))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(overflow="fold")
    return table
