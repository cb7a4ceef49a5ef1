"""A strict type checker, as users run it: in a folder of theirs, without this repository's settings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["strictly_checked"]

KNOWN = Path(__file__).parents[1] / ".mypy_cache" / "users"
"""What it knows of deadheat and of what that needs: to find it out takes ten seconds, in each of several tests."""


def strictly_checked(folder: Path, *files: str) -> subprocess.CompletedProcess[str]:
    """Check these files of a folder, or all."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(KNOWN), *(files or (".",))]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
