"""What every built-in protocol and incident is known to do: verdicts, counterexample lengths and state counts.

    python -m tests.scenarios.golden [PROTOCOL ...]

writes `golden.json` anew. Do that only where a change of what it says is meant, and say in the changelog why: the table
is there to show that a change of the engine, or of how protocols are written, changes no answer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TypeAlias

from deadheat.models.faults import FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, check
from deadheat.scenarios.incidents import INCIDENTS
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore.options import SearchOptions

__all__ = ["GOLDEN", "NAMES", "Row", "measured", "rows_of"]

FILE = Path(__file__).with_name("golden.json")

NAMES: tuple[str, ...] = (
    *DEFAULT_PROTOCOLS,
    "request-token+orphan-cleanup",
    "name-tombstone+orphan-cleanup",
    *(protocol.name for each in INCIDENTS for protocol in each.protocols),
)

WITHOUT_REDUCTIONS = Options(SearchOptions(composition=False, partial_order=False, symmetry=False))

Row: TypeAlias = dict[str, str | int]
"""`states` and `transitions`, and what is said of each property: a verdict, with the length of its counterexample."""


def rows_of(name: str) -> dict[str, Scenario]:
    """Return the scenarios of a protocol's rows: without faults, with one of each kind, and with two evaluations."""
    faults = {kind: Scenario(name, faults=((kind, 1),)) for kind in FAULTS}
    return {"no faults": Scenario(name), **faults, "two evaluations": Scenario(name, evaluations=2)}


def measured(scenario: Scenario) -> Row:
    """Return the row of a scenario, as it is now."""
    result = check(scenario, WITHOUT_REDUCTIONS)
    row: Row = {"states": result.exploration.states, "transitions": result.exploration.transitions}
    for each in result.outcomes:
        length = f" {len(each.counterexample.trace.events)}" if each.counterexample else ""
        row[each.property] = f"{each.verdict}{length}"
    return row


def read() -> dict[str, dict[str, Row]]:
    """Return the table: rows by protocol, and by the name of the row."""
    table: dict[str, dict[str, Row]] = json.loads(FILE.read_text(encoding="utf-8"))
    return table


GOLDEN = read() if FILE.exists() else {}


def write(names: list[str]) -> None:
    """Measure some protocols anew, and write the table, one row a line."""
    for name in names:
        GOLDEN[name] = {row: measured(scenario) for row, scenario in rows_of(name).items()}
        print(name, flush=True)
    protocols = []
    for name in NAMES:
        rows = [f"  {json.dumps(row)}: {json.dumps(content)}" for row, content in GOLDEN[name].items()]
        protocols.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }")
    FILE.write_text("{\n" + ",\n".join(protocols) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1:] or list(NAMES))
