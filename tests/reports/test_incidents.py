"""How the incidents are printed, and the JSON contract."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import cache

import pytest
from rich.console import Console

from deadheat.commands.ending import ExitCode
from deadheat.commands.incidents import exit_code
from deadheat.reports.incidents import incidents_to_json, print_incidents
from deadheat.scenarios.check import CheckResult, Verdict, check
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


def with_verdict(result: CheckResult, name: str, verdict: Verdict) -> CheckResult:
    """Return a result whose search was whole, and of which one counterexample was not confirmed, or none was found."""
    outcomes = (
        replace(each, verdict=verdict, counterexample=None) for each in result.outcomes if each.property == name
    )
    others = (each for each in result.outcomes if each.property != name)
    return replace(result, outcomes=(*outcomes, *others))


def test_a_defect_of_which_nothing_is_known_is_not_said_to_be_missing() -> None:
    found = judgement_of(find_incident("tekton-2381"))
    name = found.incident.properties[0]
    judgement = replace(found, defect=with_verdict(found.defect, name, Verdict.INCONCLUSIVE))
    assert judgement.defect.exploration.complete
    text = printed(judgement, width=100)
    assert "undecided:" in text
    assert "NOT FOUND" not in text
    content = json.loads(incidents_to_json([found, judgement]))
    assert content["complete"] is False
    assert [each["reproduced"] for each in content["results"]] == [True, None]
    assert content["results"][1]["undecided"] == [name]
    assert exit_code([found, judgement]) is ExitCode.UNDECIDED


def test_a_fix_of_which_nothing_is_known_is_not_said_not_to_hold() -> None:
    found = judgement_of(find_incident("dagster-3323"))
    name = found.violated[0]
    judgement = replace(found, fix=with_verdict(found.fix, name, Verdict.INCONCLUSIVE))
    assert " no " not in printed(judgement, width=100)
    content = json.loads(incidents_to_json([judgement]))["results"][0]
    assert content["fix_holds"] is None
    assert content["fix_undecided"] == [name]
    assert exit_code([judgement]) is ExitCode.UNDECIDED
    other = replace(judgement, fix=with_verdict(judgement.fix, found.violated[1], Verdict.VACUOUS))
    assert other.fix_holds is False  # whatever the first turns out to be


def test_a_defect_that_is_missing_is_told_though_others_are_undecided() -> None:
    found = judgement_of(find_incident("tekton-2381"))
    first, second = found.incident.properties[:2]
    defect = with_verdict(with_verdict(found.defect, first, Verdict.INCONCLUSIVE), second, Verdict.HOLDS)
    judgement = replace(found, defect=defect)
    assert (judgement.reproduced, judgement.not_found, judgement.undecided) == (False, (second,), (first,))
    assert exit_code([judgement]) is ExitCode.VIOLATED
    assert exit_code([found]) is ExitCode.AS_HOPED


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
