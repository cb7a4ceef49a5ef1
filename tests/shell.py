"""Commands in texts: which of them a reader would type, and whether a shell takes them as they stand."""

from __future__ import annotations

import re
import subprocess

__all__ = ["commands_of_tables", "is_a_mention", "trap_of", "words_in_zsh"]

PROGRAMS = ("deadheat", "pip", "uv", "python3")
QUOTED = re.compile(r"'[^']*'|\"[^\"$`\\]*\"")
BETWEEN = re.compile(r" (?:&&|\|\||\|) ")
ANYWHERE = re.compile(r"[*?\[\]()<>|;&$`\\!^]")
AT_THE_START = re.compile(r"(?:^| )[=~#]")
PLACEHOLDER = re.compile(r"(?:^|[ =])(?:[A-Z]{2}|[A-Z](?:$| ))|\.\.\.(?:$| )")


def commands_of_tables(line: str) -> list[str]:
    """Return what stands between backticks in a line of a table, and is a command without a placeholder in it.

    What prose names between backticks is not typed, but spoken of.
    """
    pieces = re.findall(r"`([^`]+)`", line) if line.startswith("|") else []
    return [each for each in pieces if each.split(" ")[0] in PROGRAMS and not is_a_mention(each)]


def is_a_mention(text: str) -> bool:
    """Return whether a text names a command without being one that can be typed."""
    return " " not in text or PLACEHOLDER.search(QUOTED.sub("x", text)) is not None


def trap_of(command: str) -> str | None:
    """Return what bash or zsh would not take literally outside of quotes: globs, `~1`, `=cmd`, and their like."""
    bare = BETWEEN.sub(" ", QUOTED.sub("x", command))
    found = ANYWHERE.search(bare) or AT_THE_START.search(bare)
    return found[0] if found else None


def words_in_zsh(command: str) -> list[str]:
    """Return the words that zsh makes of a command; raises CalledProcessError where it refuses it."""
    done = subprocess.run(
        ["zsh", "-f", "-c", f"print -rN -- {command}"], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.split("\0")[:-1]
