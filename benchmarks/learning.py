"""What learning costs, and what it costs to begin with what an earlier run has learned, for every protocol, in one run.

    python -m benchmarks.learning [KIND=BUDGET ...]

prints a table, best of several: the search over tables that learn, over recalled ones, and what of the latter goes into
the key and into reading. Processor times, in milliseconds.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.scenario import Scenario, parse_faults
from deadheat.sim.explore import python
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.learn.identity import key_of
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model

TIMES = 5


def milliseconds(what: Callable[[], Any]) -> float:
    """Return the processor time of a call, the best of several."""
    best = float("inf")
    for _ in range(TIMES):
        started = time.process_time()
        what()
        best = min(best, time.process_time() - started)
    return best * 1_000


def search(tables: Tables) -> None:
    begun = python.Search(tables, SearchOptions(), None)
    begun.run()
    tables.verify_purity()


def main() -> None:
    os.environ["DEADHEAT_CACHE"] = tempfile.mkdtemp()
    faults = parse_faults(sys.argv[1:])
    print(
        "| protocol | lessons | learns | recalls | of which key | and reading | times |\n|---|--:|--:|--:|--:|--:|--:|"
    )
    for name in DEFAULT_PROTOCOLS:
        scenario = Scenario(name, faults=faults)
        model: Model = scenario.model_of(scenario.subject)
        tables = remembering(model)
        search(tables)
        taken = [
            milliseconds(lambda model=model: search(Tables(model))),  # type: ignore[misc]
            milliseconds(lambda model=model: search(remembering(model))),  # type: ignore[misc]
            milliseconds(lambda model=model: key_of(model, merging=True)),  # type: ignore[misc]
            milliseconds(lambda model=model: remembering(model)),  # type: ignore[misc]
        ]
        learns, recalls, key, begins = taken
        columns = (f"{each:.1f}" for each in (learns, recalls, key, begins - key))
        print(f"| {name} | {len(tables.lessons)} | {' | '.join(columns)} | {learns / recalls:.1f} |")


if __name__ == "__main__":
    main()
