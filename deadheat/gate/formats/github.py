"""What the gate found as workflow commands: GitHub shows them as annotations, on the lines of the protocol's file.

A line that begins with `::` is a command to the runner, so all that comes from elsewhere is escaped as the runner's own
toolkit does it (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.formats.places import Places
from deadheat.gate.formats.sentences import acceptance, answer, nearest
from deadheat.gate.gate import Gated
from deadheat.reports.inert import one_line
from deadheat.sim.counting import counted

__all__ = ["render"]

ANNOTATIONS_MAX = 10
"""Of one step, GitHub shows so many annotations of a level, and drops the others without a word."""


def render(gated: Gated, screen: Screen) -> str:
    """Return a line that people read, and below it a command a finding: an error, or a notice if it is accepted."""
    del screen
    places = Places(gated.config)
    accepted = [each for each in gated.findings if each.is_accepted]
    lines = [one_line(answer(gated)), *_commands("error", gated.open, places), *_commands("notice", accepted, places)]
    return "".join(f"{each}\n" for each in lines)


def _commands(level: str, findings: Sequence[Finding], places: Places) -> Iterator[str]:
    shown = findings if len(findings) <= ANNOTATIONS_MAX else findings[: ANNOTATIONS_MAX - 1]
    for finding in shown:
        at = places.of(finding)
        title = f"deadheat: {finding.kind}, {one_line(finding.check.name)}"
        where = f"file={_property(at.path)},line={at.line},title={_property(title)}"
        yield f"::{level} {where}::{_data(_message(finding))}"
    if len(shown) < len(findings):
        rest = counted(len(findings) - len(shown), "further finding")
        yield f"::{level} title=deadheat::{_data(f'{rest}, of which the summary tells.')}"


def _message(finding: Finding) -> str:
    """Return what is said beside a line: how it goes wrong, for the timeline is in the summary."""
    said = [f"{one_line(finding.text)} ({finding.id})", acceptance(finding)]
    if finding.witness is not None and not finding.is_accepted:
        said += [finding.witness.violation, nearest(finding.witness)]
    return "\n".join(one_line(each) for each in said if each)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
