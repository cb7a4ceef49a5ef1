"""A run that is made by hand: where it stands, for people, and as JSON (`docs/explore.md`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.inert import one_line
from deadheat.reports.timeline import heading
from deadheat.reports.told import Known, known_of, step_of
from deadheat.scenarios.by_hand import Enabled, How, Position, Stands
from deadheat.sim.counting import counted
from deadheat.sim.trace import Event
from deadheat.version import VERSION

__all__ = ["print_enabled", "print_position", "print_run", "print_standings", "print_state", "walk_to_json"]

SCHEMA = 1

SIGNS = {
    How.VIOLATED: ("✗", "bold red"),
    How.WAS_VIOLATED: ("✗", "red"),
    How.LOST: ("✗", "bold magenta"),
    How.POSSIBLE: ("~", "yellow"),
    How.BY_FAULT: ("↯", "yellow"),
    How.HOLDS: ("✓", "green"),
    How.OPEN: ("~", "yellow"),
}


def print_position(here: Position, console: Console) -> None:
    """Print the last step, what it changed, how every property stands, and what could come next."""
    console.print()
    if here.last is None:
        console.print(heading(here.scenario, "", "").append(", at the start"))
    else:
        known = known_of(here.model)
        console.print(Text.assemble((f"Step {here.at}: ", "bold"), _told(here.last, known, label=True)))
    print_state(here, console)
    print_standings(here, console)
    print_enabled(here, console)


def print_state(here: Position, console: Console) -> None:
    """Print what each component holds, with what it held before the last step if that is another."""
    table = _table("name", "value")
    changed = here.last.changes if here.last is not None else {}
    before = here.before
    for name, value in here.values.items():
        if name in changed:
            old = one_line(before.get(name, ""))
            text = Text.assemble((old, "dim"), " → " * bool(old), (one_line(value), "bold yellow"))
        else:
            text = Text(one_line(value), style="dim")
        if text.plain:
            table.add_row(Text(one_line(name), style="bold yellow" if name in changed else ""), text)
    console.print(table)


def print_standings(here: Position, console: Console) -> None:
    """Print how every property stands, and why."""
    table = _table("name", "how")
    for each in here.stands:
        sign, style = SIGNS[each.how]
        table.add_row(Text.assemble((sign, style), " ", one_line(each.property)), Text(_how(each), style=style))
    console.print(table)
    if not here.sees_ahead:
        console.print("There are too many states to look ahead (--max-states): only the present is told.", style="dim")


def print_enabled(here: Position, console: Console) -> None:
    """Print the steps that could be made, with their numbers."""
    if not here.enabled:
        console.print("No step is enabled: the run has ended.", style="bold")
        return
    known = known_of(here.model)
    table = _table("", "")
    for number, each in enumerate(here.enabled, start=1):
        table.add_row(Text(f"{number}", style="bold cyan", justify="right"), _offered(each, known))
    console.print("What next?", style="bold")
    console.print(table)


def print_run(here: Position, console: Console) -> None:
    """Print the steps of the run, those behind the present one too."""
    known = known_of(here.model)
    table = _table("", "")
    for number, event in enumerate(here.events, start=1):
        table.add_row(Text(str(number), justify="right"), _told(event, known, label=True))
    console.print(table)
    if behind := here.steps - here.at:
        console.print(f"{counted(behind, 'step')} more can be jumped to, up to step {here.steps}.", style="dim")


def walk_to_json(positions: Sequence[tuple[str, Position]]) -> str:
    """Return where a run stood after each command, as one JSON object."""
    results = [{"command": command, **_position_to_json(each)} for command, each in positions]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": results}, indent=2)


def _position_to_json(here: Position) -> dict[str, Any]:
    """Return where a run stands."""
    return {
        "step": here.at,
        "event": None if here.last is None else _event_to_json(here.last),
        "state": here.values,
        "properties": [
            {"property": each.property, "status": str(each.how), "why": each.why, "since": each.since}
            for each in here.stands
        ],
        "enabled": [
            {"number": number, "owed": each.owed, "event": _event_to_json(each.event)}
            for number, each in enumerate(here.enabled, start=1)
        ],
    }


def _event_to_json(event: Event) -> dict[str, Any]:
    return {**asdict(event), "arguments": list(event.arguments), "changes": dict(event.changes)}


WORDS = {
    How.VIOLATED: "violated",
    How.LOST: "lost: every way on violates it, faults aside",
    How.POSSIBLE: "some run from here violates it",
    How.BY_FAULT: "some run from here with a fault violates it",
    How.HOLDS: "holds on every run from here",
    How.OPEN: "not violated so far",
}


def _how(stands: Stands) -> str:
    why = one_line(stands.why) if stands.why else ""
    if stands.how is How.WAS_VIOLATED:
        return f"violated after step {stands.since}: {why}"
    if stands.how is How.VIOLATED:
        return f"violated: {why}"
    return WORDS[stands.how] + (f" (at present: {why})" if why else "")


def _told(event: Event, known: Known, *, label: bool) -> Text:
    return Text.assemble((one_line(event.process), "cyan"), ": ", step_of(event, known, labelled=label))


def _offered(each: Enabled, known: Known) -> Text:
    text = _told(each.event, known, label=True)
    changes = "; ".join(f"{one_line(name)}: {one_line(value)}" for name, value in each.event.changes.items())
    text.append(f"  {changes}" if changes else "", style="dim")
    return text if each.owed or each.event.fault else text.append("  (need not happen)", style="dim")


def _table(*headers: str) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 1))
    for number, _ in enumerate(headers):
        table.add_column(no_wrap=not number, overflow="fold")
    return table
