"""What each protocol does, with a reason for each expectation."""

from __future__ import annotations

import pytest

from deadheat.models.protocols import PROTOCOLS
from deadheat.models.steps import LABELS
from deadheat.scenarios.check import Options, Verdict, check
from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS, Scenario

ORPHAN = {"no-permanent-orphan", "no-transient-orphan", "cancelled-means-stopped"}

# protocol -> the violated properties, without faults and with one evaluation
EXPECTED = {
    # T7 and T8 come after T6; and T1 overwrites a cancellation that came before it.
    "baseline": ORPHAN | {"terminal-is-final"},
    # The cancellation fits between the check and T8; T1 is as blind as before.
    "status-check": ORPHAN | {"terminal-is-final"},
    # No orphan: check and creation exclude the cancellation. But a cancellation before T1 is overwritten by it, so
    # the check passes, and what was reported as cancelled starts.
    "creation-lock": {"terminal-is-final", "cancelled-means-stopped"},
    # The cancellation fits between the validation and T8.
    "request-token": ORPHAN | {"terminal-is-final"},
    # The second look at the flag deletes the Job, so it is not there for good, but it was there and had started. The
    # compare-and-set at T1 never overwrites a cancellation.
    "state-machine": {"no-transient-orphan", "cancelled-means-stopped"},
    # Once the reservation is confirmed, the cancellation aborts nothing, and T8 is still to come.
    "two-phase": ORPHAN | {"terminal-is-final"},
    # The dispatcher has not received the event yet; or it has, after its check.
    "event-sourcing": ORPHAN | {"terminal-is-final"},
    # The sweep takes away what is left over, but not before it was there.
    "baseline+orphan-cleanup": {"no-transient-orphan", "cancelled-means-stopped", "terminal-is-final"},
    # T8 may fall between T5 and T6: the listener looks while the status is still "provisioning", and never again.
    "baseline+storage-worker": ORPHAN | {"terminal-is-final"},
    # The sweep heals what the token does not prevent.
    "request-token+orphan-cleanup": {"no-transient-orphan", "cancelled-means-stopped", "terminal-is-final"},
    # The same hole as over the baseline: the status is written after the listener's look.
    "status-check+storage-worker": ORPHAN | {"terminal-is-final"},
    # Both additions together are no worse than the sweep alone.
    "baseline+orphan-cleanup+storage-worker": {"no-transient-orphan", "cancelled-means-stopped", "terminal-is-final"},
}

# (protocol, fault) -> what one such fault violates beyond EXPECTED
WITH_A_FAULT = {
    # The first delivery's Job is killed; the second delivery's is created after that.
    ("baseline", "http-retry"): {"at-most-one-job"},
    # The claim is never given back, so the second delivery is refused.
    ("state-machine", "http-retry"): set(),
    # A reservation made by the second delivery replaces the one that the worker confirms.
    ("two-phase", "http-retry"): {"uncancelled-gets-job"},
    # The second run's check sees "provisioning" again, which T1 wrote over "cancelled".
    ("creation-lock", "worker-crash"): {"at-most-one-job"},
    # The claim outlives the crashed worker, and its request is still under way.
    ("state-machine", "worker-crash"): set(),
    # Both hold the lock: the cancellation fits between check and creation again.
    ("creation-lock", "lease-expiry"): {"no-permanent-orphan", "no-transient-orphan"},
    # The token is gone before the dispatcher looks, although nobody cancelled.
    ("request-token", "lease-expiry"): {"uncancelled-gets-job"},
    # So is the reservation before the worker confirms it.
    ("two-phase", "lease-expiry"): {"uncancelled-gets-job"},
}


def violated(scenario: Scenario, explorer: str = "python") -> set[str]:
    result = check(scenario, Options(explorer=explorer))
    assert result.exploration.complete
    return {each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_protocol_violates_exactly_what_it_should(name: str) -> None:
    assert violated(Scenario(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_the_reference_explorer_agrees(name: str) -> None:
    assert violated(Scenario(name), "reference") == EXPECTED[name]


@pytest.mark.parametrize("name", [each.name for each in PROTOCOLS])
def test_a_second_evaluation_changes_no_verdict(name: str) -> None:
    # Evaluations share nothing but the cluster, the log and Redis, under different names.
    assert violated(Scenario(name, evaluations=2)) == EXPECTED[name]


@pytest.mark.parametrize(("name", "fault"), WITH_A_FAULT)
def test_one_fault_breaks_exactly_what_it_should(name: str, fault: str) -> None:
    assert violated(Scenario(name, faults=((fault, 1),))) == EXPECTED[name] | WITH_A_FAULT[name, fault]


@pytest.mark.parametrize("fault", ["worker-crash", "http-retry", "lease-expiry"])
@pytest.mark.parametrize("name", ["baseline", "creation-lock"])
def test_the_reference_explorer_agrees_under_faults(name: str, fault: str) -> None:
    scenario = Scenario(name, faults=((fault, 1),))
    assert violated(scenario, "reference") == violated(scenario)


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_step_of_the_seed_is_reached(name: str) -> None:
    assert check(Scenario(name)).exploration.labels_reached == {label.name for label in LABELS}


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_a_fault_that_is_allowed_happens_where_it_can(name: str) -> None:
    faults = (("worker-crash", 1), ("http-retry", 1))
    result = check(Scenario(name, faults=faults))
    assert result.faults_not_fired == ()
    assert [site.function for site in result.steps_not_reached if site.function == "call"] == []


def test_a_fault_that_cannot_happen_is_said_not_to_have_happened() -> None:
    assert check(Scenario("baseline", faults=(("lease-expiry", 1),))).faults_not_fired == ("lease-expiry",)


def test_the_shortest_orphan_of_the_baseline_is_the_seeds_story() -> None:
    result = check(Scenario("baseline"))
    counterexample = result.outcome("no-transient-orphan").counterexample
    assert counterexample is not None
    labels = [event.label for event in counterexample.trace.events if event.label]
    assert sorted(labels) == [f"T{number}" for number in range(9)]
    assert labels[-1] == "T8"
    assert labels.index("T2") < labels.index("T7")
    assert labels.index("T5") < labels.index("T6") < labels.index("T8")
    [kill] = [event for event in counterexample.trace.events if event.label == "T5"]
    assert kill.outcome == "404 Not Found"
