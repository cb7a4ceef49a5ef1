"""The mark that a drawing bears, so that it is known for one of ours and may be drawn anew."""

from __future__ import annotations

from pathlib import Path

from deadheat.sim import written

__all__ = ["MARK", "marked", "require_writable"]

MARK = "drawn by deadheat"

REMARKS = {
    "dot": "// {}",
    "graphml": "<!-- {} -->",
    "mermaid": "%% {}",
    "svg": "<!-- {} -->",
    "plantuml": "' {}",
}
"""How each format that is text says what is none of the drawing. A PNG has a text of its own for that."""


def marked(content: str | bytes, form: str) -> str | bytes:
    """Return what is to be written of a drawing, with the mark below its first line, which says what it is."""
    if isinstance(content, bytes):
        return content
    first, _, rest = content.partition("\n")
    return f"{first}\n{REMARKS[form].format(MARK)}\n{rest}"


def require_writable(path: Path) -> None:
    """Raise UsageError where no drawing can be written, before anybody waits for one."""
    written.require_writable(path, written.Kind("drawing of deadheat's", lambda found: MARK.encode() in found))
