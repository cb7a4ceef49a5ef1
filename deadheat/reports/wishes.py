"""What somebody wishes of everything that is printed, told by the environment."""

from __future__ import annotations

import os

__all__ = ["PLAIN", "is_plain"]

PLAIN = "DEADHEAT_PLAIN"
"""The environment variable that is `--plain` wherever a run is told."""


def is_plain() -> bool:
    """Return whether runs are to be told in sentences, where no option says so."""
    return os.environ.get(PLAIN, "").lower() in ("1", "true", "t", "yes", "y", "on")
