"""Texts that stay texts: names come from whoever wrote a protocol, and must not be read as anything else."""

from __future__ import annotations

import re

__all__ = ["UNSEEN", "one_line", "plain"]

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
