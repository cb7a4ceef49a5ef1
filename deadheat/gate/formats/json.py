"""What the gate found as JSON; its form is a contract (`docs/json.md`)."""

from __future__ import annotations

import json
from typing import Any

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.gate import Gated

__all__ = ["SCHEMA", "render"]

SCHEMA = 1


def render(gated: Gated, screen: Screen) -> str:
    """Return one JSON object."""
    del screen
    found = {
        "schema": SCHEMA,
        "passed": gated.passed,
        "findings": [_finding(each) for each in gated.findings],
        "refactored": list(gated.refactored),
    }
    return json.dumps(found, indent=2) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "reference": finding.check.protocol,
        "property": finding.property_name,
        "faults": finding.faults,
        "kind": str(finding.kind),
        "text": finding.text,
        "accepted_until": None if finding.accepted_until is None else finding.accepted_until.isoformat(),
    }
