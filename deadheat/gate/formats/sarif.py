"""What the gate found as SARIF 2.1.0, within what GitHub's code scanning takes and shows.

A rule is a kind of finding, so that rules are the same for ever; a finding is known again by its fingerprint, not by a
line. A counterexample is a code flow: one location a step, at the `yield` in the user's file that asks for it. A step
of nobody's file (a fault, a role of the library's) stands where the protocol is defined, and is less important.
"""

from __future__ import annotations

import json
import re
from typing import Any

from deadheat.gate.findings import Finding, Kind
from deadheat.gate.formats import Screen
from deadheat.gate.formats.places import Place, Places
from deadheat.gate.formats.sentences import MEANINGS, acceptance, answer, happens, nearest
from deadheat.gate.gate import Gated
from deadheat.gate.surveys import Step, Witness
from deadheat.reports.inert import one_line, plain
from deadheat.sim.counting import counted
from deadheat.version import VERSION

__all__ = ["render"]

SCHEMA = "https://raw.githubusercontent.com/oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
SOURCES = "%SRCROOT%"

RESULTS_MAX = 5_000
STEPS_MAX = 1_000
"""Of more, GitHub shows these alone; of 25,000 and 10,000, it takes none at all."""

LINK, SPECIAL = "](", re.compile(r"[\[\]\\]")
PLACEHOLDER = re.compile(r"\{(\d+)\}")


def render(gated: Gated, screen: Screen) -> str:
    """Return one log with one run."""
    del screen
    places = Places(gated.config)
    shown = sorted(gated.findings, key=lambda each: each.is_accepted)[:RESULTS_MAX]
    run = {
        "tool": {"driver": {"name": "deadheat", "semanticVersion": _semantic(VERSION), "rules": _rules()}},
        "automationDetails": {"id": "deadheat-gate/"},
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(gated, len(shown))}],
        "originalUriBaseIds": {SOURCES: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, places) for each in shown],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _semantic(version: str) -> str:
    found = re.match(r"\d+\.\d+\.\d+", version)
    return found[0] if found else "0.0.0"


def _rules() -> list[dict[str, Any]]:
    return [
        {
            "id": str(kind),
            "name": "".join(each.capitalize() for each in kind.split("-")),
            "shortDescription": {"text": MEANINGS[kind]},
            "fullDescription": {"text": MEANINGS[kind]},
            "help": {"text": f"{MEANINGS[kind]} See docs/gate.md of deadheat."},
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["concurrency"]},
        }
        for kind in Kind
    ]


def _notes(gated: Gated, shown: int) -> list[dict[str, Any]]:
    said = [answer(gated)]
    if shown < len(gated.findings):
        said.append(f"{counted(len(gated.findings) - shown, 'further finding')} would be too many for code scanning.")
    return [{"level": "note", "message": _message(each)} for each in said]


def _result(finding: Finding, places: Places) -> dict[str, Any]:
    said = [finding.text, acceptance(finding)]
    if finding.witness is not None:
        said += [finding.witness.violation, nearest(finding.witness)]
    text = " ".join(one_line(each) for each in said if each)
    result: dict[str, Any] = {
        "ruleId": str(finding.kind),
        "ruleIndex": list(Kind).index(finding.kind),
        "kind": "fail",
        "level": "note" if finding.is_accepted else "error",
        "message": _message(f"{one_line(finding.check.name)}: {text}"),
        "locations": [{"physicalLocation": _physical(places.of(finding))}],
        "partialFingerprints": {"deadheatFinding/v1": finding.id, "primaryLocationLineHash": f"{finding.id}:1"},
    }
    if finding.is_accepted:
        reason = one_line(f"{finding.reason} (until {finding.accepted_until})")
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": reason}]
    if finding.witness is not None and finding.witness.steps:
        result["codeFlows"] = [_flow(finding.witness, places, places.of_protocol(finding))]
    return result


def _flow(witness: Witness, places: Places, protocol: Place) -> dict[str, Any]:
    """Return the steps of a counterexample; of one that is too long, the last."""
    steps = list(enumerate(witness.steps, start=1))[-STEPS_MAX:]
    locations = [_step(number, step, places.of_step(step), protocol, witness.lost_at) for number, step in steps]
    return {"message": _message(one_line(happens(witness))), "threadFlows": [{"locations": locations}]}


def _step(number: int, step: Step, place: Place | None, protocol: Place, lost_at: int | None) -> dict[str, Any]:
    label = f"{step.label} " if step.label else ""
    fault = f" [{step.fault}]" if step.fault else ""
    lost = "; the race is lost here" if number == lost_at else ""
    text = one_line(f"{number}. {step.process}: {label}{step.text}{fault}{lost}")
    importance = "essential" if lost else "important" if place is not None else "unimportant"
    location = {"physicalLocation": _physical(place or protocol), "message": _message(text)}
    return {"executionOrder": number, "importance": importance, "location": location}


def _physical(place: Place) -> dict[str, Any]:
    return {
        "artifactLocation": {"uri": _uri(place.path), "uriBaseId": SOURCES},
        "region": {"startLine": place.line},
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path.encode("utf-8", "surrogateescape"))


def _message(text: str) -> dict[str, str]:
    """Return a message that is text to its end: SARIF would read links and placeholders in it."""
    text = PLACEHOLDER.sub(r"{{\1}}", plain(text))
    return {"text": SPECIAL.sub(r"\\\g<0>", text) if LINK in text else text}
