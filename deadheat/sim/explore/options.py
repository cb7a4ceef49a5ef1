"""How a search is carried out, and what bounds it: the same object from whoever asks to whichever explorer."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["SearchOptions", "cores_of_the_process", "never"]


def never() -> bool:
    """Never ask for a stop."""
    return False


def cores_of_the_process() -> int:
    """Return how many cores this process may use, as a power of two."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(1 << (available.bit_length() - 1))


@dataclass(frozen=True, slots=True)
class SearchOptions:
    """How a model is searched.

    A search stops short where it has seen `states_max` states; where the process takes `memory_bytes_max`, 0 for a
    safe share of the machine; where a counter in a role or component takes on `values_max` values, which is taken for
    one without a bound, 0 for no such limit; and soon after it is `asked` to. What it has not seen by then is
    inconclusive. `explorer` names the search (see `explorers`), which may use so many `cores`, 0 for all those of the
    process once a space is large.

    `merging` takes histories of a process for one where they cannot be told apart, `composition` explores parts that
    share nothing each alone, `partial_order` leaves out steps whose order does not matter, and `symmetry` takes states
    that differ by an exchange of names for one. True is wherever that is sound, from the first state on, and False
    nowhere. None leaves it to the explorer: `auto` does all of it as soon as it helps, `kernel` merging and symmetry,
    `python` merging, and `reference` nothing. An explorer does what it can of what it is told.

    With `fingerprint`, the compiled kernel tells states apart by a hash of 64 bits. A `checkpoint` is the file in which
    a long search is saved, to go on later.
    """

    states_max: int = 10_000_000
    memory_bytes_max: int = 0
    values_max: int = 250
    asked: Callable[[], bool] = never
    explorer: str = "auto"
    cores: int = 0
    merging: bool | None = None
    composition: bool | None = None
    partial_order: bool | None = None
    symmetry: bool | None = None
    fingerprint: bool = False
    checkpoint: Path | None = None
