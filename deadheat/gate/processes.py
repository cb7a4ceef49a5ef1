"""Programs of the gate that run users' code: each in a process of its own, which is ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Said", "ask"]

SEED = "PYTHONHASHSEED"
"""What the order of a set of text depends on; the program `deadheat` has set it, pytest has not."""


class Said(NamedTuple):
    """What a program wrote on stdout and stderr, and the code with which it ended."""

    out: bytes
    err: bytes
    code: int


def ask(module: str, question: bytes, root: Path, paths: Mapping[str, str] | None, seconds: float) -> Said:
    """Run a module as a program, in a folder and with these environment variables too, and return what it says.

    Raises TimeoutExpired if it takes longer than so many seconds.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        env={SEED: "0", **os.environ, **(paths or {})},
        start_new_session=True,
    )
    try:
        out, err = process.communicate(question, seconds)
    finally:
        _end(process)
    return Said(out, err, process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
