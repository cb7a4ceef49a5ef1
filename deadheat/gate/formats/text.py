"""What the gate found, for people at a terminal: the answer first, each finding and how it happens, then advice."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich.text import Text

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.formats.sentences import acceptance, answer, if_meant
from deadheat.gate.gate import Gated
from deadheat.gate.words import refactored_text
from deadheat.reports.inert import one_line, plain
from deadheat.reports.screen import Screen as Inert

__all__ = ["render"]

TIMELINES_MAX = 3
"""So many findings are shown with their timelines; one cannot look at more of them at once."""


def render(gated: Gated, screen: Screen) -> str:
    """Return lines for a terminal."""
    text = StringIO()
    console = Inert(file=text, width=screen.width, force_terminal=screen.colours, highlight=False)
    console.print(Text(answer(gated), style="bold green" if gated.passed else "bold red"))
    shown = 0
    for finding in gated.findings:
        console.print()
        console.print(_heading(finding))
        if finding.witness is not None and not finding.is_accepted and shown < TIMELINES_MAX:
            shown += 1
            console.print()
            for line in plain(finding.witness.timeline).splitlines():
                console.print(Text(line), soft_wrap=True)
            if finding.witness.avoided_by is not None:
                console.print(Text(one_line(f"Nearest: {finding.witness.avoided_by}.")))
    if gated.refactored and gated.findings:
        console.print()
    for name in gated.refactored:
        said = refactored_text(gated.rewritten.get(name, ()))
        console.print(Text(one_line(f"{name} {said}"), style="yellow" if gated.rewritten.get(name) else "dim"))
    for advice in _next(gated):
        console.print(advice)
    return text.getvalue()


def _heading(finding: Finding) -> Text:
    style = "yellow" if finding.is_accepted else "bold red"
    text = Text.assemble(
        (str(finding.kind), style),
        f"  {one_line(finding.check.name)}\n  {one_line(finding.text)}\n  ",
        (finding.id, "dim"),
    )
    said = acceptance(finding)
    if said is not None:
        text.append(f"  {one_line(said[0].lower() + said[1:])}", style)
    return text


def _next(gated: Gated) -> Iterator[Text]:
    if not gated.open:
        return
    first = gated.open[0]
    yield Text()
    yield Text.assemble("If it is meant: ", (if_meant(gated) or "deadheat gate --update", "bold"))
    yield Text.assemble(
        "To live with one for a while: ", (f'deadheat gate --accept {first.id} --reason "..." --until DATE', "bold")
    )
