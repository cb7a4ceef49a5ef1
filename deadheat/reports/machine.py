"""Results for machines: one JSON object, whose form is a contract (`docs/json.md`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from deadheat.reports.explosion import made_of_to_json
from deadheat.scenarios.check import CheckResult, Outcome
from deadheat.scenarios.frontier import Frontier
from deadheat.sim.model import UNLIMITED
from deadheat.version import VERSION

__all__ = ["SCHEMA", "budgets_to_json", "check_to_json", "frontier_to_json"]

SCHEMA = 1


def check_to_json(results: Sequence[CheckResult]) -> str:
    """Return the results of a check, one entry a protocol and property."""
    entries = [_entry(result, outcome) for result in results for outcome in result.outcomes]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


def frontier_to_json(frontiers: Sequence[Frontier]) -> str:
    """Return the frontiers, one entry a protocol and property, with minimal breaking sets only."""
    entries = [
        {
            "protocol": each.scenario.protocol,
            "property": each.property,
            "evaluations": each.scenario.evaluations,
            "settings": dict(each.scenario.settings),
            "up_to": each.up_to,
            "kinds": list(each.kinds),
            "faults": budgets_to_json([(kind, budget) for kind, budget in each.scenario.faults if budget]),
            "breaking": [dict(faults) for faults in each.breaking],
            "undecided": [dict(faults) for faults in each.undecided],
            "vacuous": [dict(faults) for faults in each.vacuous],
            "not_applicable": list(each.not_applicable),
            "complete": each.is_complete(),
            "states": each.states,
            "seconds": round(each.seconds, 6),
        }
        for each in frontiers
    ]
    return json.dumps({"schema": SCHEMA, "deadheat": VERSION, "results": entries}, indent=2)


def budgets_to_json(faults: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return budgets by kind of fault; one without end is "*"."""
    return {kind: "*" if budget == UNLIMITED else budget for kind, budget in faults}


def _entry(result: CheckResult, outcome: Outcome) -> dict[str, Any]:
    exploration = result.exploration
    counterexample = outcome.counterexample
    return {
        "protocol": result.scenario.protocol,
        "property": outcome.property,
        "verdict": str(outcome.verdict),
        "evaluations": result.scenario.evaluations,
        "settings": dict(result.scenario.settings),
        "faults": budgets_to_json(result.scenario.faults),
        "states": exploration.states,
        "transitions": exploration.transitions,
        "counterexample_length": len(counterexample.trace.events) if counterexample else None,
        "starving": [
            {"process": each.process, "alternative": each.alternative, "always": each.always}
            for each in (counterexample.starving if counterexample else ())
        ],
        "reductions": list(exploration.reductions),
        "storage": exploration.storage,
        "omission_odds": exploration.omission_odds,
        "seconds": round(result.seconds, 6),
        "not_reached": [str(each) for each in result.steps_not_reached] + list(result.faults_not_fired),
        "labels_not_reached": list(result.labels_not_reached),
        "faults_not_fired": list(result.faults_not_fired),
        "assumptions": list(result.assumptions),
        "made_of": made_of_to_json(exploration.made_of, result.cuts) if exploration.made_of is not None else None,
        "assumptions_never_kept": [str(each) for each in result.never_kept],
    }
