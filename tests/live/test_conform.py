"""Recorded traces against the model: what happened is explained, and what cannot have happened is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deadheat.live.forcing.free import DEFAULT_DELAYS, Delay
from deadheat.live.forcing.stress import Load, stress
from deadheat.live.logs.conform import conform
from deadheat.live.logs.tape import read_tape
from deadheat.live.place import Place
from deadheat.live.results import LiveOutcome
from deadheat.sim.errors import TraceError

HEADER: dict[str, Any] = {"format": "deadheat-live-trace", "version": 1, "protocol": "baseline", "evaluations": ["17"]}
ASKING_BY_UID = ["baseline+orphan-cleanup-by-uid", "owner-tombstone", "name-tombstone"]
LATENCIES = {**DEFAULT_DELAYS, "kubernetes.list_jobs": Delay(200, 300)}


def event(at: float, component: str, operation: str, outcome: Any = None, **fields: Any) -> dict[str, Any]:
    return {"at": at, "component": component, "operation": operation, "outcome": outcome, **fields}


def lost_race() -> list[dict[str, Any]]:
    """A team's own log, that tells of the statuses and the cluster alone, and names no processes."""
    return [
        event(1.0, "status/17", "set", arguments=["17", "provisioning"]),
        event(2.0, "status", "get", "provisioning"),
        event(3.0, "kubernetes", "delete_job", "404 Not Found", arguments=["17"]),
        event(4.0, "status", "set", arguments=["17", "cancelled"]),
        event(5.0, "kubernetes", "create_job", "201 Created", arguments=["17"]),
    ]


def written(folder: Path, events: list[dict[str, Any]], **header: Any) -> Path:
    path = folder / "log.jsonl"
    own = {**HEADER, "components": ["status", "kubernetes"], **header}
    path.write_text("".join(json.dumps(line) + "\n" for line in (own, *events)))
    return path


def unexplained_line(path: Path) -> int | None:
    found = conform(*read_tape(path)).unexplained
    return found.event.line if found else None


def test_a_teams_own_log_of_a_lost_race_is_explained(tmp_path: Path) -> None:
    result = conform(*read_tape(written(tmp_path, lost_race())))
    assert result.unexplained is None
    assert result.events == 5


@pytest.mark.parametrize("protocol", ["creation-lock", "state-machine"])
def test_a_protocol_that_cannot_lose_the_race_does_not_explain_it(tmp_path: Path, protocol: str) -> None:
    assert unexplained_line(written(tmp_path, lost_race(), protocol=protocol)) is not None


def test_the_first_event_that_no_run_explains_is_named_with_what_was_allowed(tmp_path: Path) -> None:
    events = lost_race()
    events[2]["outcome"] = "200 OK"  # there was no Job to delete
    found = conform(*read_tape(written(tmp_path, events))).unexplained
    assert found is not None
    assert found.event.line == 4
    assert str(found.event) == "kubernetes.delete_job(17) = 200 OK"
    assert "cancel/e1: kubernetes/e1.delete_job(e1, None, None) = 404 Not Found" in found.allowed


def test_events_that_overlap_may_have_happened_in_either_order(tmp_path: Path) -> None:
    events = lost_race()
    events[2]["outcome"] = "200 OK"
    kill, creation = events[2], events[4]
    del kill["at"]
    del creation["at"]
    kill.update(began=2.5, ended=3.5)
    creation.update(began=3.0, ended=3.2)
    assert unexplained_line(written(tmp_path, events)) is None
    creation.update(began=3.6, ended=3.7)
    assert unexplained_line(written(tmp_path, events)) is not None


def test_a_fault_explains_only_what_its_budget_allows(tmp_path: Path) -> None:
    events = lost_race()[:1]
    events += [event(2.0 + n, "kubernetes", "create_job", outcome, arguments=["17"])
               for n, outcome in enumerate(["201 Created", "409 AlreadyExists"])]  # fmt: skip
    assert unexplained_line(written(tmp_path, events)) == 4
    assert unexplained_line(written(tmp_path, events, faults={"http-retry": 1})) is None


def test_uids_must_stay_the_same(tmp_path: Path) -> None:
    def listed(at: float, uid: int) -> dict[str, Any]:
        job = {"kubernetes:JobReference": ["17", "evaluation-17", uid]}
        others = {"kubernetes:JobReference": ["18", "evaluation-18", 5]}
        return event(at, "kubernetes", "list_jobs", [job, others])

    start = [lost_race()[0], event(2.0, "kubernetes", "create_job", "201 Created", arguments=["17"])]
    looks = [listed(3.0, 2**100), event(4.0, "status", "get", "provisioning")]
    same, other = [listed(5.0, 2**100)], [listed(5.0, 2**99)]
    protocol = "baseline+orphan-cleanup"
    assert unexplained_line(written(tmp_path, start + looks + same, protocol=protocol)) is None
    assert unexplained_line(written(tmp_path, start + looks + other, protocol=protocol)) == 6


def test_an_event_of_nobody_is_named_rather_than_left_out(tmp_path: Path) -> None:
    path = written(tmp_path, lost_race(), evaluations=["17", "18"])
    with pytest.raises(TraceError, match=r"Line 3 \(status\.get\(\) = provisioning\) names none of the evaluations"):
        conform(*read_tape(path))


@pytest.mark.live
@pytest.mark.parametrize(
    "protocol",
    ["baseline", "two-phase", "event-sourcing", "baseline+orphan-cleanup", *ASKING_BY_UID],
)
def test_what_real_servers_did_is_explained_by_the_model(place: Place, tmp_path: Path, protocol: str) -> None:
    path = tmp_path / "stress.jsonl"
    result = stress(place, protocol, Load(24, 8, LATENCIES, settle_s=1.0), path)
    assert result.cancellations == 24
    assert result.outcome is not LiveOutcome.DIVERGED
    header, events = read_tape(path)
    matched = conform(header, events)
    assert matched.unexplained is None
    assert matched.events >= len(events) >= 24 * 10
    assert all(not each.is_left for each in result.orphans) or protocol != "baseline+orphan-cleanup"


@pytest.mark.live
def test_a_wide_window_leaves_orphans_and_none_is_found_where_none_can_be(place: Place, tmp_path: Path) -> None:
    wide = {**DEFAULT_DELAYS, "user.cancel": Delay(20, 40), "http.accept": Delay(100, 150)}
    lost = stress(place, "baseline", Load(16, 8, wide, settle_s=0.5), tmp_path / "baseline.jsonl")
    assert lost.outcome is LiveOutcome.CONFIRMED
    assert lost.per_thousand_low < lost.per_thousand < lost.per_thousand_high or lost.per_thousand == 1000
    assert all(each.is_left for each in lost.orphans)
    held = stress(place, "creation-lock", Load(16, 8, wide, settle_s=0.5), tmp_path / "lock.jsonl")
    assert held.orphans == ()
    assert held.outcome is LiveOutcome.AGREES


@pytest.mark.live
def test_a_trace_that_was_tampered_with_is_not_explained(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "stress.jsonl"
    stress(place, "baseline", Load(2, 2, LATENCIES, settle_s=0.1), path)
    lines = path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if '"acknowledge"' in line)
    tampered = [line for n, line in enumerate(lines) if n != number]
    process = json.loads(lines[number])["process"]
    again = {"process": process, "component": "status", "operation": "get", "arguments": [], "at": 1e12}
    path.write_text("\n".join([*tampered, json.dumps(again)]) + "\n")
    found = conform(*read_tape(path)).unexplained
    assert found is not None
    assert found.event.line == len(tampered) + 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("[]", "Line 1 .* is not a JSON object"),
        ('{"format": "other"}', "does not begin with the header"),
        (json.dumps({**HEADER, "evaluations": []}), r"Line 1 .* length >= 1 - at `\$.evaluations`"),
        (json.dumps({**HEADER, "components": ["mail"]}), "'mail', which is no component"),
        (json.dumps(HEADER) + "\n{", "Line 2 .* is not a JSON object"),
        (json.dumps(HEADER) + '\n{"component": "status", "at": 1}', "Line 2 .* missing required field `operation`"),
        (
            json.dumps(HEADER) + '\n{"component": "status", "operation": "get"}',
            "Line 2 .* needs its time, `began` and `ended`",
        ),
        (
            json.dumps(HEADER) + '\n{"component": "s", "operation": "get", "at": "noon"}',
            "Line 2 .* 'noon' is not a date and time of ISO 8601",
        ),
    ],
)
def test_a_line_that_is_not_of_the_schema_is_named(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    with pytest.raises(TraceError, match=reason):
        read_tape(path)
