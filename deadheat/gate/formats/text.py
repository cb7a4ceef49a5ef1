"""What the gate found, for people at a terminal: the answer first, each finding and how it happens, then advice."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.console import Console
from rich.text import Text

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.gate import Gated
from deadheat.sim.counting import counted

__all__ = ["render"]

TIMELINES_MAX = 3
"""So many findings are shown with their timelines; one cannot look at more of them at once."""


def render(gated: Gated, screen: Screen) -> str:
    """Return lines for a terminal."""
    text = StringIO()
    console = Console(file=text, width=screen.width, emoji=False, force_terminal=screen.colours, highlight=False)
    console.print(_answer(gated))
    shown = 0
    for finding in gated.findings:
        console.print()
        console.print(_heading(finding))
        if finding.witness is not None and not finding.is_accepted and shown < TIMELINES_MAX:
            shown += 1
            console.print()
            for line in finding.witness.timeline.splitlines():
                console.print(Text(line), soft_wrap=True)
            if finding.witness.avoided_by is not None:
                console.print(Text(f"Nearest: {finding.witness.avoided_by}."))
    for name in gated.refactored:
        console.print(Text(f"{name} was rewritten, and does what it did before.", style="dim"))
    for advice in _next(gated):
        console.print(advice)
    return text.getvalue()


def _answer(gated: Gated) -> Text:
    checks = counted(len(gated.surveys), "check")
    against = f"written to {gated.compared_with}" if gated.updated else f"compared with {gated.compared_with}"
    if gated.passed:
        accepted = f", {counted(len(gated.findings), 'finding')} accepted" if gated.findings else ""
        return Text(f"Passed: {checks}, {against}{accepted}.", style="bold green")
    return Text(f"Failed: {counted(len(gated.open), 'finding')} in {checks}, {against}.", style="bold red")


def _heading(finding: Finding) -> Text:
    style = "yellow" if finding.is_accepted else "bold red"
    text = Text.assemble(
        (str(finding.kind), style), f"  {finding.check.name}\n  {finding.text}\n  ", (finding.id, "dim")
    )
    if finding.is_accepted:
        text.append(f"  accepted until {finding.accepted_until}: {finding.reason}", "yellow")
    elif finding.expired:
        text.append(f"  was accepted until {finding.accepted_until}, and that is over: {finding.reason}", "bold red")
    return text


def _next(gated: Gated) -> Iterator[Text]:
    if not gated.open:
        return
    first = gated.open[0]
    yield Text()
    yield Text.assemble("If it is meant: ", ("deadheat gate --update", "bold"))
    yield Text.assemble(
        "To live with one for a while: ", (f'deadheat gate --accept {first.id} --reason "..." --until DATE', "bold")
    )
