"""Names out of users' files and of servers, made harmless: text that nothing takes for more than text.

What ends a line, turns writing around or is not to be seen is written as an escape. What else a format has to escape it
escapes itself; here stands what Mermaid and PlantUML need, in which a label can end a message or begin markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["UNSEEN", "inert", "mermaid_text", "one_line", "plain", "plantuml_text"]

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufff9-\uffff\ud800-\udfff]"
    "|[\U000e0000-\U000e0fff]"
)
"""What no reader sees, what turns the order of what he sees, and what no XML may hold."""


def plain(text: str) -> str:
    """Return a text with what cannot be seen written as an escape; new lines and tabs stay."""
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """Return the same on one line."""
    return " ".join(plain(text).split())


def inert(text: str) -> str:
    """Return a text with everything that is not printable written as an escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def mermaid_text(text: str) -> str:
    """Return a text as Mermaid writes it: what could be syntax, or markup in a browser, by its number."""
    return re.sub(r"[#;<>&\"\\`%{}]", _by_number("#"), inert(text))


def plantuml_text(text: str) -> str:
    """Return a text as PlantUML writes it: what could be creole, markup or a directive, by its number."""
    return re.sub(r"[&<>\"\\~!@#$%\[\]|^=;]|(?P<twice>[*_/'.-])(?P=twice)+", _by_number("&#"), inert(text))


def _by_number(before: str) -> Callable[[re.Match[str]], str]:
    return lambda found: "".join(f"{before}{ord(each)};" for each in found[0])
