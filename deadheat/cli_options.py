"""Options of the command line that say how a search is done."""

from __future__ import annotations

import os
from typing import Annotated

import typer

__all__ = ["Fingerprint", "cores"]

Fingerprint = Annotated[
    bool,
    typer.Option(
        "--fingerprint",
        help="Tell the states of a large space apart by a hash of 64 bits: some 10 bytes of memory a state, however "
        "wide it is, and the rest on a disk. The odds that a state was left out stand beside the verdicts.",
    ),
]


def cores() -> int:
    """Return how many cores this process may use, as a power of two."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(1 << (available.bit_length() - 1))
