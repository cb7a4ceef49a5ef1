"""What all lookups share: how an evaluation is named in a template, and what can be wrong with one status."""

from __future__ import annotations

from typing import Protocol
from urllib.parse import urlsplit

from deadheat.sim.errors import UsageError

__all__ = ["STATUS_MAX", "Lookup", "UnreadableError", "fill", "printable", "require_place", "text_of", "where_of"]

PLACES = ("{id}", "{evaluation}")
SHOWN_MAX = 60

STATUS_MAX = 1_000_000
"""No status has so many bytes; what has more is some other record, and not to be read into memory whole."""


class UnreadableError(Exception):
    """The status of this one evaluation cannot be read, which says nothing of the others.

    `is_failure` says that a server (or a command) failed to answer, rather than that the record is bad.
    """

    def __init__(self, why: str, *, is_failure: bool = False) -> None:
        super().__init__(why)
        self.is_failure = is_failure


class Lookup(Protocol):
    """Reads statuses from a real system."""

    def __call__(self, evaluation: str) -> str | None:
        """Read the status of an evaluation; None if the system knows of none."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


def fill(template: str, evaluation: str) -> str:
    """Put an evaluation's id into a template."""
    for place in PLACES:
        template = template.replace(place, evaluation)
    return template


def require_place(option: str, *templates: str) -> None:
    """Raise UsageError if no template names the evaluation: all evaluations would share one status."""
    if not any(place in template for template in templates for place in PLACES):
        raise UsageError(f"{option} {templates[0]!r} has no {{id}}, so every evaluation would have the same status.")


def where_of(url: str) -> str:
    """Return the host and port of a URL, fit for a message: no user, no password, whatever the URL looks like."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "localhost") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return "the URL of --status"


def text_of(content: object) -> str | None:
    """Return what a store holds as text; raises UnreadableError if it is none."""
    if isinstance(content, bytes | bytearray | memoryview):
        try:
            return bytes(content).decode()
        except UnicodeDecodeError:
            raise UnreadableError(f"its status {printable(bytes(content))} is not UTF-8") from None
    return None if content is None else str(content)


def printable(content: object) -> str:
    """Return a value as one short line."""
    shown = repr(content)
    return shown if len(shown) <= SHOWN_MAX else f"{shown[:SHOWN_MAX]}..."
