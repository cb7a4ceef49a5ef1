"""How the incidents are printed, and the JSON contract."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest
from rich.console import Console

from deadheat.reports.incidents import incidents_to_json, print_incidents
from deadheat.scenarios.check import check
from deadheat.scenarios.incidents import INCIDENTS, find_incident
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.judge import Judgement, OneMore
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.scenario import Scenario


@cache
def judgement_of(incident: Incident) -> Judgement:
    defect, fix = (check(Scenario(each.name, faults=incident.faults)) for each in incident.protocols)
    return Judgement(incident, defect, fix)


def printed(*judgements: Judgement, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, legacy_windows=False)
    print_incidents(judgements, console)
    file = console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 200])
def test_every_incident_has_its_row_whole_and_its_reference(width: int) -> None:
    text = printed(*map(judgement_of, INCIDENTS), width=width)
    assert max(len(line) for line in text.splitlines() if not line.startswith("See one: ")) <= width
    for incident in INCIDENTS:
        assert incident.name in text
        assert incident.reference in text
        judgement = judgement_of(incident)
        for name in judgement.violated:
            trace = judgement.defect.outcome(name).counterexample
            assert trace is not None
            assert f"{name} {len(trace.trace.events)}" in text


def test_a_fix_that_does_not_hold_is_said_not_to() -> None:
    held, failed = (judgement_of(find_incident(name)) for name in ("kueue-12820", "airflow-69762"))
    assert " yes " in printed(held, width=100)
    text = printed(failed, width=100)
    assert " no " in text
    assert " yes " not in text
    assert "the fix still violates: no-permanent-orphan" in text


def test_a_defect_that_is_not_there_is_said_not_to_be() -> None:
    incident = find_incident("kueue-12820")
    mended = check(Scenario(incident.protocols[1].name))
    assert "NOT FOUND" in printed(Judgement(incident, mended, mended), width=100)
    assert "NOT FOUND" not in printed(judgement_of(incident), width=100)


def test_a_fault_that_breaks_the_fix_is_named_and_one_left_undecided_is_marked() -> None:
    base = judgement_of(find_incident("kueue-12820"))
    more = OneMore({"http-timeout": base.mended}, undecided=("worker-crash",))
    judgement = replace(base, with_one_more=more)
    assert json.loads(incidents_to_json([judgement]))["results"][0]["fix_broken_by"] == ["http-timeout"]
    assert json.loads(incidents_to_json([judgement]))["results"][0]["fix_undecided_for"] == ["worker-crash"]
    assert "worker-crash?" in printed(judgement, width=100)


def test_the_json_is_the_contract() -> None:
    content = json.loads(incidents_to_json([judgement_of(each) for each in INCIDENTS]))
    assert content["schema"] == 1
    assert [each["incident"] for each in content["results"]] == [each.name for each in INCIDENTS]
    for entry in content["results"]:
        assert entry["reference"].startswith("https://github.com/")
        assert set(entry["violated"]) <= set(PROPERTIES)
        assert entry["violated"] == list(entry["counterexample_lengths"])
        assert entry["fix"]
        assert entry["fix_holds"] is (entry["incident"] != "airflow-69762")
        assert entry["fix_broken_by"] == []
        assert entry["reproduced"] is True
