"""The incidents: each defect is found, and each fix does what it should, with a reason for each expectation."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from deadheat.models.faults import FAULTS
from deadheat.scenarios import incidents
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.check import CheckResult, Verdict, check
from deadheat.scenarios.incidents import INCIDENTS, find_incident, find_incident_protocol
from deadheat.scenarios.incidents.incident import Incident
from deadheat.scenarios.incidents.judge import Judgement, judge
from deadheat.scenarios.properties import PROPERTIES
from deadheat.scenarios.replaying import replay
from deadheat.scenarios.scenario import Scenario
from deadheat.scenarios.trace_file import save
from deadheat.sim.errors import UsageError

TRANSIENT = {"no-transient-orphan", "cancelled-means-stopped"}
ORPHAN = TRANSIENT | {"no-permanent-orphan", "eventually-cleaned"}

# incident -> what the protocol violates as it was, and with the fix
EXPECTED: dict[str, tuple[set[str], set[str]]] = {
    # The creation comes after the cleanup. With the second look it is taken away again, but it was there.
    "spark-operator-1558": (ORPHAN, TRANSIENT),
    # The delete is answered 404 and the create comes later. The loop finds it, some time later.
    "hail-7350": (ORPHAN, TRANSIENT),
    # The daemon overwrites the cancellation and launches. With the compare-and-set one of the two loses, and an order
    # to stop what is not there yet is answered with "no".
    "dagster-3323": (ORPHAN | {"terminal-is-final"}, set()),
    # The kill is refused, and nobody tries again; a refused creation fails the evaluation before and after the fix.
    "tekton-2381": (ORPHAN | {"uncancelled-gets-job"}, {"uncancelled-gets-job"}),
    # The stale copy says "runs", the name is free: a second Job, for an ended evaluation. With the fix it is rejected.
    "argo-workflows-16294": (ORPHAN | {"at-most-one-job"}, set()),
    # Status write and kill both fit between the look and the creation, so the look mends nothing.
    "airflow-69762": (ORPHAN, ORPHAN),
    # The cancellation never kills. The sweep does, some time later.
    "prefect-21863": (ORPHAN, TRANSIENT),
    # The record is finished while the Job is still to be killed; with the fix only once it is gone.
    "kueue-12820": ({"no-transient-orphan"}, set()),
}

# incident -> the kinds of fault of which one more breaks the fix
BROKEN_BY: dict[str, set[str]] = {
    # Whoever should look again or clean up dies, does not try again after an error, or looks at what is stale; and a
    # worker that got no answer says "failed" of a Job that is there, after the second look, and nobody kills that.
    "spark-operator-1558": {
        *("dispatcher-loss", "cancel-crash", "cancel-loss", "http-timeout"),
        *("k8s-lost-answer", "k8s-refusal", "stale-status"),
    },
    # Only the end of the loop itself; anything else it finds in its next round.
    "hail-7350": {"cleanup-loss"},
    # Whatever makes a second delivery: the first delivery's Job is killed and reported so, the second creates anew.
    "dagster-3323": {"worker-crash", "worker-loss", "dispatcher-crash", "celery-redelivery", "http-retry", "http-loss"},
    # The fix is about the cancellation alone: a creation that failed, was given up or comes twice ends the evaluation
    # as "failed" with its Job alive; a stale look lets a creation pass; and two controllers at once do as they please.
    "tekton-2381": {
        *("worker-crash", "worker-loss", "dispatcher-crash", "dispatcher-loss", "celery-redelivery"),
        *("http-retry", "http-loss", "http-timeout", "k8s-lost-answer"),
        *("stale-status", "lease-expiry", "redis-failover", "resubmission"),
    },
    # A terminal status that is written and not remembered: a restart between the two, or after them; and an evaluation
    # that is "failed", which the controller does not write, so does not remember.
    "argo-workflows-16294": {
        *("dispatcher-loss", "cancel-crash", "cancel-loss", "http-timeout"),
        *("k8s-lost-answer", "k8s-refusal", "lease-expiry", "redis-failover"),
    },
    # It holds not even without.
    "airflow-69762": set(),
    # As for hail-7350.
    "prefect-21863": {"cleanup-loss"},
    # The worker says "failed" without a look at the Job; or the note that the deletion has begun, or the lock, is lost.
    "kueue-12820": {"dispatcher-loss", "http-timeout", "k8s-lost-answer", "lease-expiry", "redis-failover"},
}


ONE_BY_ONE = [pytest.param(name, marks=pytest.mark.xdist_group(f"incident {name}")) for name in EXPECTED]
"""The incidents, each in a group of its own: what is judged once a process is judged once."""


@cache
def judged(name: str) -> Judgement:
    [judgement] = judge([find_incident(name)])
    return judgement


def test_the_names_of_the_incidents_are_a_contract() -> None:
    assert tuple(each.name for each in INCIDENTS) == tuple(EXPECTED)


def violated(result: CheckResult) -> set[str]:
    assert result.exploration.complete
    return {each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED}


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_the_protocol_and_its_fix_violate_exactly_what_they_should(name: str) -> None:
    judgement = judged(name)
    was, fixed = (each.name for each in find_incident(name).protocols)
    assert (judgement.defect.scenario.protocol, judgement.fix.scenario.protocol) == (was, fixed)
    assert (violated(judgement.defect), violated(judgement.fix)) == EXPECTED[name]


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_the_fix_is_judged_by_what_the_report_complains_about(name: str) -> None:
    judgement = judged(name)
    before, after = EXPECTED[name]
    assert judgement.reproduced
    assert set(judgement.violated) | set(judgement.also_violated) == before
    assert judgement.fix_holds is (name != "airflow-69762")
    assert set(judgement.still_violated) | set(judgement.newly_violated) == after
    assert not judgement.with_one_more.undecided


@pytest.mark.parametrize("name", ONE_BY_ONE)
def test_one_more_fault_breaks_exactly_the_fixes_that_it_should(name: str) -> None:
    assert set(judged(name).with_one_more.broken_by) == BROKEN_BY[name]


@pytest.mark.parametrize("incident", [each for each in INCIDENTS if each.faults], ids=lambda each: each.name)
def test_an_incident_that_took_a_fault_does_not_happen_without(incident: Incident) -> None:
    was, _ = incident.protocols
    result = check(Scenario(was.name, properties=incident.properties))
    assert [each.verdict for each in result.outcomes] == [Verdict.HOLDS] * len(incident.properties)


def test_the_faults_of_an_incident_happen_in_it() -> None:
    for incident in INCIDENTS:
        for protocol in incident.protocols:
            assert check(Scenario(protocol.name, faults=incident.faults)).faults_not_fired == ()


def test_a_defect_that_is_not_there_is_not_reproduced() -> None:
    incident = find_incident("kueue-12820")
    harmless = Incident(
        "kueue-12820", "", "", "", protocol=incident.fix, fix=incident.fix, properties=("no-transient-orphan",)
    )
    _, fixed = incident.protocols
    mended = check(Scenario(fixed.name))
    judgement = Judgement(harmless, defect=mended, fix=mended)
    assert not judgement.reproduced
    assert judgement.violated == ()


def test_what_the_fix_newly_violates_is_told_apart_from_what_it_leaves() -> None:
    incident = find_incident("tekton-2381")
    was, _ = incident.protocols
    quiet, refused = check(Scenario(was.name)), check(Scenario(was.name, faults=incident.faults))
    assert set(Judgement(incident, defect=quiet, fix=refused).newly_violated) == EXPECTED["tekton-2381"][0]
    assert Judgement(incident, defect=refused, fix=refused).newly_violated == ()
    assert set(Judgement(incident, defect=refused, fix=refused).still_violated) == EXPECTED["tekton-2381"][0]


@pytest.mark.parametrize("incident", INCIDENTS, ids=lambda each: each.name)
def test_an_incident_says_what_happened_and_where_that_is_reported(incident: Incident) -> None:
    module = next(
        each
        for each in vars(incidents).values()
        if inspect.ismodule(each) and incident in vars(each).values() and each.__doc__ == incident.account
    )
    assert len(incident.account.split("\n\n")) == 3, "a title, one paragraph, and the sources"
    assert re.search(r"^Sources?: ", incident.account, re.MULTILINE)
    number = incident.name.rpartition("-")[2]
    assert re.fullmatch(rf"https://github\.com/[\w-]+/[\w-]+/(issues|pull)/{number}", incident.reference)
    assert Path(module.__file__ or "").stem == incident.name.replace("-", "_")
    assert set(incident.properties) <= set(PROPERTIES)
    assert {kind for kind, _ in incident.faults} <= set(FAULTS)


def test_an_incident_is_found_among_the_protocols() -> None:
    assert find_protocol("incident:tekton-2381") == find_incident("tekton-2381").protocols[0]
    assert find_protocol("incident:tekton-2381:fixed").cancel is find_incident("incident:tekton-2381").fix.cancel
    assert find_protocol("incident:airflow-69762+orphan-cleanup").name == "incident:airflow-69762+orphan-cleanup"


def test_an_unknown_incident_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no incident 'tekton'; did you mean tekton-2381"):
        find_incident("tekton")
    with pytest.raises(UsageError, match="no protocol 'incident:tekton-2382'; did you mean incident:tekton-2381"):
        find_incident_protocol("incident:tekton-2382")


def test_a_counterexample_of_an_incident_can_be_saved_and_replayed(tmp_path: Path) -> None:
    scenario = Scenario("incident:kueue-12820", properties=("no-transient-orphan",))
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    save(counterexample, tmp_path / "kueue.json")
    assert replay(tmp_path / "kueue.json").counterexample == counterexample


def test_nobody_else_waits_for_the_incidents_to_be_imported() -> None:
    program = (
        "import sys; from deadheat.scenarios.check import check; from deadheat.scenarios.scenario import Scenario; "
        "Scenario('baseline'); sys.exit(any('incidents' in each for each in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
