"""A folder of failures: each distinct one that fuzzing finds is saved there, and followed first the next time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from deadheat.scenarios.fuzz import FuzzResult
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.trace_file import read, save
from deadheat.sim.errors import TraceError
from deadheat.sim.trace import Schedule

__all__ = ["keep", "known_in"]


def known_in(folder: Path, scenario: Scenario) -> tuple[tuple[str, Schedule], ...]:
    """Return the schedules of a folder that are of this protocol, each with the name of its file, in their order."""
    known = []
    for path in sorted(folder.glob("*.json")):
        counterexample = read(path).counterexample
        if counterexample.scenario.protocol == scenario.protocol:
            known.append((path.name, counterexample.trace.schedule))
    return tuple(known)


def keep(folder: Path, results: Sequence[FuzzResult]) -> None:
    """Save every distinct failure in a folder; raises TraceError where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TraceError(f"{folder} cannot be made: {error.strerror}.") from None
    for failure in (failure for result in results for each in result.outcomes for failure in each.failures):
        counterexample = failure.counterexample
        described = repr((counterexample.property, counterexample.trace.schedule.choices)).encode()
        digest = hashlib.sha256(described).hexdigest()[:12]
        protocol = re.sub(r"[^\w.+-]+", "-", counterexample.scenario.protocol)
        save(counterexample, folder / f"{protocol}-{counterexample.property}-{digest}.json")
