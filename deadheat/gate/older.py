"""Where an older version of the project lies, for a process that loads both."""

from __future__ import annotations

import re

import msgspec

__all__ = ["OF_A_FILE", "Older"]

OF_A_FILE = re.compile(r".+\.py:")
"""How a protocol is named that is in a file, and not in a package."""


class Older(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An older version: the project's folder there, the whole copy, and where its packages are found."""

    root: str = ""
    top: str = ""
    paths: tuple[str, ...] = ()
