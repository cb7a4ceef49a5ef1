"""The model's runs, made to happen on a real Redis and a real control plane."""

from __future__ import annotations

from pathlib import Path

import pytest

from deadheat.live.adapters.together import open_adapters
from deadheat.live.forcing.force import force
from deadheat.live.forcing.replay import check_live, replay_live
from deadheat.live.forcing.stage import Stage
from deadheat.live.place import Place
from deadheat.live.results import LiveOutcome
from deadheat.live.site import Site
from deadheat.models.faults import FAULTS
from deadheat.models.protocols.baseline import BASELINE
from deadheat.scenarios.check import Verdict, check
from deadheat.scenarios.scenario import Scenario
from tests.breadth import campaign
from tests.protocols import EACH

pytestmark = pytest.mark.live

STEP_MS_MAX = 5.0

ON = {
    "cleanup-crash": "baseline+orphan-cleanup",
    "cleanup-loss": "baseline+orphan-cleanup",
    "overlapping-sweeps": "baseline+orphan-cleanup",
    "stale-list": "baseline+orphan-cleanup",
    "watch-loss": "baseline+storage-worker",
    "watch-duplicate": "baseline+storage-worker",
    "stale-status": "status-check",
    "lease-expiry": "creation-lock",
    "redis-failover": "creation-lock",
}
"""The protocols that show what a fault does; the baseline shows the others."""


def test_the_orphan_of_the_baseline_is_a_real_job(place: Place) -> None:
    scenario = Scenario("baseline", properties=("no-permanent-orphan",))
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    result = replay_live(place, counterexample)
    assert result.outcome is LiveOutcome.CONFIRMED
    assert result.steps == len(counterexample.trace.events)
    assert result.violation == counterexample.violation
    assert result.status == "cancelled"
    assert result.job is not None
    assert result.job.name == "evaluation-e1"
    assert len(result.job.uid) == 36
    assert result.overhead_ms_median < STEP_MS_MAX


@pytest.mark.parametrize("protocol", EACH)
def test_real_servers_agree_with_every_verdict_of_the_model(place: Place, protocol: str) -> None:
    assert_agrees(place, Scenario(protocol))


@pytest.mark.parametrize("fault", campaign("faults on real servers", FAULTS, 8))
def test_every_fault_happens_to_real_servers_as_to_the_model(place: Place, fault: str) -> None:
    assert_agrees(place, Scenario(ON.get(fault, "baseline"), faults=((fault, 1),)), 1)


@pytest.mark.parametrize(
    ("protocol", "fault"),
    [
        ("two-phase", "worker-crash"),
        ("request-token", "http-retry"),
        ("creation-lock", "worker-loss"),
        ("request-token", "http-timeout"),
        ("name-tombstone+orphan-cleanup", "http-retry"),
    ],
)
def test_faults_happen_to_other_protocols_too(place: Place, protocol: str, fault: str) -> None:
    assert_agrees(place, Scenario(protocol, faults=((fault, 1),)))


def test_two_evaluations_are_forced_as_one(place: Place) -> None:
    assert_agrees(place, Scenario("baseline", 2, properties=("no-transient-orphan", "at-most-one-job")))


def assert_agrees(place: Place, scenario: Scenario, random_schedules: int = 2) -> None:
    results = check_live(place, scenario, random_schedules, seed=1)
    assert [each for each in results if each.outcome is LiveOutcome.DIVERGED] == []
    verdicts = {each.property: each.verdict for each in check(scenario).outcomes}
    violated = {name for name, verdict in verdicts.items() if verdict is Verdict.VIOLATED}
    assert {each.property for each in results if each.outcome is LiveOutcome.CONFIRMED} == violated
    agreeing = [each for each in results if each.outcome is LiveOutcome.AGREES]
    assert len(agreeing) == (len(violated) < len(verdicts))


def test_servers_that_do_something_else_diverge_at_the_step(place: Place) -> None:
    scenario = Scenario("baseline", properties=("no-permanent-orphan",))
    counterexample = check(scenario).outcomes[0].counterexample
    assert counterexample is not None
    events = counterexample.trace.events
    creation = next(number for number, event in enumerate(events, start=1) if event.label == "T8")
    with place.namespace() as namespace:
        site = Site(place, namespace, ("e1",))
        with open_adapters(site, BASELINE, held=True, lease_ms=1000) as adapters:
            assert adapters.kubernetes is not None
            somebody_elses = {
                "metadata": {"name": "evaluation-e1"},
                "spec": adapters.kubernetes._manifest("e9", "evaluation-e1")["spec"],
            }
            kill = next(number for number, event in enumerate(events, start=1) if event.label == "T5")
            assert kill < creation
            # It is there when the kill comes, so the kill is the first to see it.
            place.cluster.create_job(namespace, somebody_elses)
            forced = force(scenario.model(), counterexample.trace.schedule, Stage(adapters))
    assert forced.difference is not None
    assert forced.difference.step == kill
    assert "404 Not Found" in forced.difference.expected
    assert forced.difference.got == "200 OK"
    assert forced.steps == kill - 1


def test_nothing_of_a_run_is_left(place: Place, kubeconfig: Path) -> None:
    scenario = Scenario("creation-lock", properties=("terminal-is-final",))
    check_live(place, scenario, random_schedules=1, seed=3)
    namespaces = place.cluster.core.list_namespace(label_selector=f"deadheat.dev/run={place.run}").items
    assert all(each.metadata and each.metadata.deletion_timestamp for each in namespaces)
    # Keys go when the run ends, and another look at them is the job of the place's own test.
    ours = (place.prefix, f"deadheat-run:{place.run}")
    assert all(key.startswith(ours) for key in place.redis.scan_iter(match="*"))
