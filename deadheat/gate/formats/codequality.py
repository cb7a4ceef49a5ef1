"""What the gate found as GitLab's code quality report: the issues of Code Climate, of which GitLab shows some keys."""

from __future__ import annotations

import json
from typing import Any

from deadheat.gate.findings import Finding
from deadheat.gate.formats import Screen
from deadheat.gate.formats.places import Places
from deadheat.gate.formats.sentences import MEANINGS, acceptance
from deadheat.gate.gate import Gated
from deadheat.reports.inert import one_line, plain

__all__ = ["render"]

SEVERITIES = {"lost": "blocker", "weaker": "critical", "unsafe-rollout": "critical", "changed": "minor"}
OTHERS, ACCEPTED = "major", "info"


def render(gated: Gated, screen: Screen) -> str:
    """Return one JSON array, with an issue a finding; one that is accepted is there for information."""
    del screen
    places = Places(gated.config)
    return json.dumps([_issue(each, places) for each in gated.findings], indent=2) + "\n"


def _issue(finding: Finding, places: Places) -> dict[str, Any]:
    at = places.of(finding)
    kind = str(finding.kind)
    said = acceptance(finding)
    told = [MEANINGS[kind], *([said] if said else []), *([finding.witness.timeline] if finding.witness else [])]
    return {
        "type": "issue",
        "check_name": f"deadheat/{kind}",
        "description": f"{one_line(finding.check.name)}: {one_line(finding.text)}",
        "content": {"body": plain("\n\n".join(told))},
        "categories": ["Bug Risk"],
        "location": {"path": at.path, "lines": {"begin": at.line}},
        "severity": ACCEPTED if finding.is_accepted else SEVERITIES.get(kind, OTHERS),
        "fingerprint": finding.id,
    }
