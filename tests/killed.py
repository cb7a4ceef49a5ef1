"""A program that is killed as soon as it has written a file."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

__all__ = ["kill_once_written"]


def kill_once_written(program: str, file: Path) -> None:
    """Run a program with the file as its argument, and kill it once the file is there; which it must be then."""
    running = subprocess.Popen([sys.executable, "-c", program, str(file)], cwd=Path(__file__).parents[1])
    while not file.exists() and running.poll() is None:
        time.sleep(0.005)
    running.kill()
    running.wait()
    assert file.exists()
