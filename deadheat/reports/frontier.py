"""The frontier as a table: how few faults break which property of which protocol, and which faults those are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from deadheat.reports.columns import Columns, Row, print_columns
from deadheat.reports.flags import told
from deadheat.reports.inert import one_line
from deadheat.scenarios.frontier import FaultSet, Frontier
from deadheat.scenarios.scenario import budget_text
from deadheat.sim.counting import counted

__all__ = ["fault_set_text", "print_frontiers"]

INDENT = "  "

NAMED = 6
"""So many kinds of fault are named; more are counted."""


def print_frontiers(frontiers: Sequence[Frontier], console: Console) -> None:
    """Print how much each property of each protocol survives, and every smallest set of faults that breaks it."""
    rows = [list(row) for _, row in groupby(frontiers, key=lambda each: each.scenario.protocol)]
    names = [each.property for each in rows[0]]
    print_columns(_table(rows, names), console)
    if any(each.property == "no-transient-orphan" for each in rows[0]):
        console.print(Text(_best(rows), style="bold"))
    _print_details(rows, console)
    console.print(_scope(frontiers), style="dim")
    for line in (*_missing(rows), *_not_applicable(rows), *_vacuous(frontiers)):
        console.print(line, style="dim", highlight=False)


def _table(rows: Sequence[Sequence[Frontier]], names: Sequence[str]) -> Columns:
    found = []
    for row in rows:
        states, seconds = max(each.states for each in row), max(each.seconds for each in row)
        found.append(Row(row[0].scenario.protocol, tuple(map(_cell, row)), (f"{states:,}", f"{seconds:.1f}")))
    return Columns("How few faults break it?", "protocol", tuple(names), ("states", "seconds"), tuple(found))


def _cell(frontier: Frontier) -> Text:
    if frontier.breaking:
        size = min(_size(faults) for faults in frontier.breaking)
        return Text(str(size), style="bold red" if size == 0 else "yellow")
    if frontier.undecided:
        return Text("?", style="yellow")
    return Text("∅", style="bold yellow") if frontier.vacuous else Text("✓", style="green")


def _scope(frontiers: Sequence[Frontier]) -> str:
    first = frontiers[0]
    vacuous = "; ∅ holds vacuously" * any(each.is_vacuous() for each in frontiers)
    always = ", ".join(f"{kind}={budget_text(budget)}" for kind, budget in first.scenario.faults if budget)
    return (
        "0: no fault is needed; a number: so many faults break it; "
        f"✓ survives every combination of up to {counted(first.up_to, 'fault')} of {_kinds(frontiers)}{vacuous}; "
        "? not everything was decided. "
        f"Covers {first.scenario.size}{f', with {always} in any case' if always else ''}."
    )


def _kinds(frontiers: Sequence[Frontier]) -> str:
    """Say which kinds of fault were tried."""
    if any(each.is_of_some_kinds() for each in frontiers):
        kinds = list(dict.fromkeys(kind for each in frontiers for kind in each.kinds))
        if len(kinds) > NAMED:
            return f"the {counted(len(kinds), 'kind')} that were tried"
        return f"{'the kind' if len(kinds) == 1 else 'the kinds'} {', '.join(kinds)}"
    return "the kinds that can happen" if any(each.not_applicable for each in frontiers) else "all kinds"


def _missing(rows: Iterable[Sequence[Frontier]]) -> list[str]:
    """Return what was not decided, and why."""
    protocols: dict[tuple[str, int], list[str]] = {}
    for row in rows:
        sizes = [_size(faults) for each in row for faults in each.undecided]
        if sizes:
            why = told(row[0].stopped) if row[0].stopped else "a limit"
            protocols.setdefault((why, min(sizes)), []).append(row[0].scenario.protocol)
    return [
        f"Cut short, since {why}: {', '.join(names)}; not all sets of {counted(size, 'fault')} or more are decided."
        for (why, size), names in protocols.items()
    ]


def _not_applicable(rows: Iterable[Sequence[Frontier]]) -> list[str]:
    """Return which kinds of fault cannot happen in which protocols, so that none of them was survived there."""
    protocols: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        if row[0].not_applicable:
            protocols.setdefault(row[0].not_applicable, []).append(row[0].scenario.protocol)
    return [
        f"Not applicable to {', '.join(names)}, where they never happen: {', '.join(kinds)}."
        for kinds, names in protocols.items()
    ]


def _vacuous(frontiers: Sequence[Frontier]) -> list[str]:
    names = dict.fromkeys(each.scenario.protocol for each in frontiers if each.is_vacuous())
    return [
        f"Vacuous, for some step that it should make is never reached: {name}; see deadheat check." for name in names
    ]


def _print_details(rows: Sequence[Sequence[Frontier]], console: Console) -> None:
    """Print what breaks each protocol, below its name."""
    found = {row[0].scenario.protocol: [(each.property, _sets(each)) for each in row if _sets(each)] for row in rows}
    width = max((len(name) for broken in found.values() for name, _ in broken), default=0)
    for protocol, broken in found.items():
        if broken:
            console.print(Text.assemble((one_line(protocol), "bold"), " is broken by"))
            table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
            table.add_column(no_wrap=True, min_width=width + len(INDENT))
            table.add_column(overflow="fold")
            for name, sets in broken:
                table.add_row(Text(INDENT + one_line(name)), Text(", or ".join(sets)))
            console.print(table)


def _sets(frontier: Frontier) -> list[str]:
    return [fault_set_text(faults) for faults in frontier.breaking if faults]


def _best(rows: Sequence[Sequence[Frontier]]) -> str:
    """Name the protocols that never have an orphan, however short, under any of the combinations tried."""
    every = [each for row in rows for each in row]
    names = [
        each.scenario.protocol
        for each in every
        if each.property == "no-transient-orphan" and not each.breaking and not each.undecided and not each.vacuous
    ]
    up_to = every[0].up_to
    combinations = "any single fault" if up_to == 1 else f"any combination of up to {counted(up_to, 'fault')}"
    of_some = " that was tried" * any(each.is_of_some_kinds() for each in every)
    return f"No transient orphan under {combinations}{of_some}: {', '.join(names) or 'none'}."


def fault_set_text(faults: FaultSet) -> str:
    """Return a set of faults as text: `http-retry + worker-crash`, `2 x http-retry`, or "nothing"."""
    return " + ".join(kind if budget == 1 else f"{budget} x {kind}" for kind, budget in faults) or "nothing"


def _size(faults: FaultSet) -> int:
    return sum(budget for _, budget in faults)
