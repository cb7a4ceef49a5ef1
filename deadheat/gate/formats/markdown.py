"""What the gate found as Markdown: a step summary, or a comment on a pull request.

Whatever is a name is shown as one: no name becomes a link, a mention, an image, a tag or the end of a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.formats.places import Places
from deadheat.gate.formats.sentences import acceptance, answer, happens, if_meant, nearest
from deadheat.gate.gate import Gated
from deadheat.gate.words import faults_text, refactored_text
from deadheat.reports.inert import one_line, plain
from deadheat.sim.counting import counted

__all__ = ["MARK", "render"]

MARK = "<!-- deadheat gate -->"
"""The first line, by which whoever posts a comment finds the one that he posted before."""

LENGTH_MAX = 60_000
"""GitHub takes 65,536 characters as a comment."""

ROWS_MAX = 50

SAFE_IN_CODE = re.compile(r"[\w .,:;/()\[\]{}=+~<>*'\"!?@#%&^$-]+", re.ASCII)
PUNCTUATION = re.compile(r"[\\`*_\[\]<>|~&$]")
WAKES_UP = re.compile(r"([@#]|:(?=//|\w)|\bwww(?=\.)|\bGH(?=-\d))", re.IGNORECASE)
"""What GitHub and GitLab make a mention, a link or an emoji of, once the text is HTML already."""

APART = "<!-- -->"


def render(gated: Gated, screen: Screen) -> str:
    """Return Markdown as GitHub and GitLab read it: the answer, a table, and each finding with how it happens."""
    del screen
    places = Places(gated.config)
    parts = [f"{MARK}\n## {_title(gated)}\n\n{_prose(answer(gated))}\n"]
    if gated.findings:
        parts.append("\n".join(_table(gated, places)) + "\n")
    left = LENGTH_MAX - sum(map(len, parts))
    for number, finding in enumerate(gated.findings):
        section = "\n".join(_section(finding)) + "\n"
        if len(section) > left:
            rest = counted(len(gated.findings) - number, "further finding")
            parts.append(f"{rest} would be too long for a comment; `deadheat gate` shows them.\n")
            break
        left -= len(section)
        parts.append(section)
    if gated.refactored:
        parts += [
            f"- {_code(name)} {_prose(refactored_text(gated.rewritten.get(name, ())))}\n"
            for name in gated.refactored[:ROWS_MAX]
        ]
    if gated.open:
        parts.append("\n".join(_advice(gated)) + "\n")
    return "\n".join(parts)


def _title(gated: Gated) -> str:
    return "✅ deadheat gate" if gated.passed else "❌ deadheat gate"


def _table(gated: Gated, places: Places) -> Iterator[str]:
    yield "| | finding | protocol | property | faults | where |"
    yield "|---|---|---|---|---|---|"
    for finding in gated.findings[:ROWS_MAX]:
        at = places.of(finding)
        cells = (
            "🟡" if finding.is_accepted else "❌",
            str(finding.kind),
            _code(finding.check.name),
            _code(finding.property_name) if finding.property_name else "",
            _code(faults_text(finding.faults)) if finding.faults else "",
            _code(f"{at.path}:{at.line}"),
        )
        yield f"| {' | '.join(cells)} |"
    if len(gated.findings) > ROWS_MAX:
        yield f"| | and {len(gated.findings) - ROWS_MAX:,} more | | | | |"


def _section(finding: Finding) -> Iterator[str]:
    yield f"### {finding.kind}: {_code(finding.property_name or finding.check.name)}\n"
    yield f"{_prose(finding.text)} (`{finding.id}`)\n"
    accepted = acceptance(finding)
    if accepted is not None:
        yield f"*{_prose(accepted)}*\n"
    if finding.witness is not None:
        yield f"<details><summary>{_prose(happens(finding.witness))}</summary>\n"
        yield from _fenced(finding.witness.timeline)
        near = nearest(finding.witness)
        if near is not None:
            yield f"\n{_prose(near)}"
        yield "\n</details>\n"


def _advice(gated: Gated) -> Iterator[str]:
    meant = if_meant(gated) or "run `deadheat gate --update` and commit the lock"
    yield f"If it is meant, {meant}. To live with one finding for a while:\n"
    yield f'```sh\ndeadheat gate --accept {gated.open[0].id} --reason "..." --until DATE\n```'


def _fenced(text: str) -> Iterator[str]:
    longest = max((len(each) for each in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}text", plain(text).rstrip("\n"), fence)


def _code(text: str) -> str:
    """Return a name as code; what would not stay in it, in a table or between backticks, is written as entities."""
    text = one_line(text)
    if SAFE_IN_CODE.fullmatch(text) and text == text.strip():
        return f"`{text}`"
    return f"<code>{_prose(text)}</code>"


def _prose(text: str) -> str:
    """Return a text that stays one: no mark of Markdown, no tag, and nothing that becomes a link later."""
    marked = WAKES_UP.sub("\\1\0", one_line(text))
    return PUNCTUATION.sub(lambda found: f"&#{ord(found[0])};", marked).replace("\0", APART)
