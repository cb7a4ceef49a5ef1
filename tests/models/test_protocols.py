"""What each protocol does, with a reason for each expectation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deadheat.models.components.kubernetes import Answer
from deadheat.models.components.kubernetes_guards import BURIED
from deadheat.models.components.status import TERMINAL, Status
from deadheat.models.components.user import Cancellation
from deadheat.models.faults import FAULTS
from deadheat.models.protocols.name_tombstone import NAME_TOMBSTONE
from deadheat.models.roles import Steps
from deadheat.models.steps import LABELS
from deadheat.models.system import CancelRequest, System
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import Options, Verdict, check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore import reference
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.python import explore
from tests.breadth import campaign
from tests.protocols import EACH

TRANSIENT = {"no-transient-orphan", "cancelled-means-stopped"}
TRANSIENT_ONLY = tuple(sorted(TRANSIENT))
ORPHAN = TRANSIENT | {"no-permanent-orphan", "eventually-cleaned"}

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
    "state-machine": TRANSIENT,
    # Once the reservation is confirmed, the cancellation aborts nothing, and T8 is still to come.
    "two-phase": ORPHAN | {"terminal-is-final"},
    # The dispatcher has not received the event yet; or it has, after its check. And T1's event after the cancellation's
    # says "provisioning", while the dispatcher refuses: nothing ends it any more.
    "event-sourcing": ORPHAN | {"terminal-is-final", "nothing-stuck"},
    # A Job that is created after its owner was deleted runs until it is collected.
    "owner-tombstone": TRANSIENT,
    # The suspended Job is there until the dispatcher has looked; it is created after the answer, but never starts.
    "suspended-create": TRANSIENT,
    # The name is taken before the cancellation is written, and for good.
    "name-tombstone": set(),
    "name-tombstone+orphan-cleanup": set(),
    "name-tombstone+orphan-cleanup-by-uid": set(),
    # The policy's cache still admits the old generation.
    "fenced-generation": ORPHAN,
    # The sweep takes away what is left over, but not before it was there.
    "baseline+orphan-cleanup": TRANSIENT | {"terminal-is-final"},
    "baseline+orphan-cleanup-by-uid": TRANSIENT | {"terminal-is-final"},
    # T8 may fall between T5 and T6: the listener looks while the status is still "provisioning", and never again.
    "baseline+storage-worker": ORPHAN | {"terminal-is-final"},
    # The sweep heals what the token does not prevent.
    "request-token+orphan-cleanup": TRANSIENT | {"terminal-is-final"},
    # The same hole as over the baseline: the status is written after the listener's look.
    "status-check+storage-worker": ORPHAN | {"terminal-is-final"},
    # Both additions together are no worse than the sweep alone.
    "baseline+orphan-cleanup+storage-worker": TRANSIENT | {"terminal-is-final"},
}

# (protocol, fault) -> what one such fault violates beyond EXPECTED
WITH_A_FAULT = {
    # The first delivery's Job is killed; the second delivery's is created after that.
    ("baseline", "http-retry"): {"at-most-one-job"},
    # The claim is never given back, so the second delivery is refused.
    ("state-machine", "http-retry"): set(),
    # A reservation made by the second delivery replaces the one that the worker confirms.
    ("two-phase", "http-retry"): {"uncancelled-gets-job", "nothing-stuck"},
    # The second run's check sees "provisioning" again, which T1 wrote over "cancelled"; or the crash came after T1 had
    # done that, and the second delivery finds a lock, a check that passes, and no user who would cancel once more.
    ("creation-lock", "worker-crash"): {"at-most-one-job", "nothing-stuck"},
    # The claim outlives the crashed worker, and its request is still under way.
    ("state-machine", "worker-crash"): set(),
    # To be lost is to crash, and another worker takes the message.
    ("creation-lock", "worker-loss"): {"at-most-one-job", "nothing-stuck"},
    ("state-machine", "worker-loss"): set(),
    ("name-tombstone", "worker-loss"): {"at-most-one-job"},
    # The lock comes back, released as it was, and its time runs out like that of any other.
    ("creation-lock", "redis-failover"): ORPHAN,
    # The worker has given up, and so nobody counts on the token; it is gone when the late request is looked at.
    ("request-token", "http-timeout"): {"uncancelled-gets-job"},
    # Both hold the lock: the cancellation fits between check and creation again.
    ("creation-lock", "lease-expiry"): ORPHAN,
    # The token is gone before the dispatcher looks, although nobody cancelled.
    ("request-token", "lease-expiry"): {"uncancelled-gets-job", "nothing-stuck"},
    # So is the reservation before the worker confirms it.
    ("two-phase", "lease-expiry"): {"uncancelled-gets-job", "nothing-stuck"},
    # The flag is lost after the cancellation has raised it: the second look finds nothing.
    ("state-machine", "redis-failover"): {"no-permanent-orphan", "eventually-cleaned"},
    # The kill after the status was written is refused, and nobody tries again.
    ("suspended-create", "k8s-refusal"): {"no-permanent-orphan", "eventually-cleaned", "uncancelled-gets-job"},
    # The handler dies between its write and its kill; the next one finds "cancelled" and does nothing.
    ("suspended-create", "cancel-crash"): {"no-permanent-orphan", "eventually-cleaned"},
    # The dispatcher's look finds what was written before the cancellation.
    ("suspended-create", "stale-status"): {"no-permanent-orphan", "eventually-cleaned"},
    # A cleanup that is never started again cleans nothing.
    ("baseline+orphan-cleanup", "cleanup-loss"): {"no-permanent-orphan", "eventually-cleaned"},
    ("baseline+orphan-cleanup", "cleanup-crash"): set(),
    # Any second creation can come between the deletion of the first Job and the tombstone.
    ("name-tombstone", "http-retry"): {"at-most-one-job"},
    ("name-tombstone", "celery-redelivery"): {"at-most-one-job"},
    # The sweep has seen the first Job; when it deletes by its name, that is the tombstone's, and the second delivery
    # finds the name free.
    ("name-tombstone+orphan-cleanup", "http-retry"): TRANSIENT | {"at-most-one-job"},
    ("name-tombstone+orphan-cleanup-by-uid", "http-retry"): {"at-most-one-job"},
    # A worker that gave up kills the Job that it does not know of; and one that waits for nobody is refused.
    ("name-tombstone", "http-timeout"): {"uncancelled-gets-job", "wanted-job-survives"},
    # Nobody takes up the user's request, and the name may already be taken.
    ("name-tombstone", "cancel-loss"): {"cancel-answered", "nothing-stuck"},
    ("name-tombstone", "cancel-crash"): set(),
    ("name-tombstone", "redis-failover"): set(),
}


def violated(scenario: Scenario, explorer: str = "python") -> set[str]:
    result = check(scenario, Options(SearchOptions(explorer=explorer)))
    assert result.exploration.complete
    return {each.property for each in result.outcomes if each.verdict is Verdict.VIOLATED}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_protocol_violates_exactly_what_it_should(name: str) -> None:
    assert violated(Scenario(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", EACH)
def test_the_reference_explorer_agrees(name: str) -> None:
    # Histories of name-tombstone have no end, unless those that end alike are one; so the reference may merge too.
    model = Scenario(name).model()
    options = SearchOptions(merging=name == "name-tombstone")
    assert set(reference.explore(model, options).counterexamples) == EXPECTED[name]


@pytest.mark.parametrize("name", ["baseline", "creation-lock", "suspended-create"])
def test_a_second_evaluation_changes_no_verdict(name: str) -> None:
    # Evaluations share nothing: what they have in common holds them under different names.
    assert violated(Scenario(name, evaluations=2)) == EXPECTED[name]


@pytest.mark.parametrize(("name", "fault"), WITH_A_FAULT)
def test_one_fault_breaks_exactly_what_it_should(name: str, fault: str) -> None:
    assert violated(Scenario(name, faults=((fault, 1),))) == EXPECTED[name] | WITH_A_FAULT[name, fault]


CLEANUP_FAULTS = ("cleanup-crash", "cleanup-loss", "stale-list", "watch-loss", "watch-duplicate", "overlapping-sweeps")
SLOW_FOR_THE_REFERENCE = (
    *("celery-redelivery", "worker-crash", "repeated-cancel", "resubmission", "worker-loss", "http-retry"),
    *("overlapping-sweeps", "redis-failover", "watch-duplicate"),
    # Others of their kind are left: a crash (cancel-crash), a stale look (stale-status), somebody who is gone
    # (dispatcher-loss), and a request that gets no answer (http-timeout).
    *("cleanup-crash", "dispatcher-crash", "stale-list", "cleanup-loss", "http-loss"),
)
"""With these it runs every prefix of some thousand states anew, for many seconds: `-m slow` has them all."""


def where_it_can_happen(fault: str) -> str:
    if fault in CLEANUP_FAULTS:
        return "baseline+storage-worker" if fault.startswith("watch") else "baseline+orphan-cleanup"
    return "creation-lock"


QUICK_FOR_THE_REFERENCE = [each for each in FAULTS if each not in SLOW_FOR_THE_REFERENCE]


@pytest.mark.parametrize("fault", campaign("faults for the reference", QUICK_FOR_THE_REFERENCE, 3))
def test_the_reference_explorer_agrees_on_every_fault(fault: str) -> None:
    scenario = Scenario(where_it_can_happen(fault), faults=((fault, 1),))
    assert violated(scenario, "reference") == violated(scenario)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["baseline", "baseline+orphan-cleanup", "baseline+storage-worker", "creation-lock"])
def test_the_reference_explorer_agrees_on_every_fault_however_long_it_takes(name: str, fault: str) -> None:
    scenario = Scenario(name, faults=((fault, 1),))
    assert violated(scenario, "reference") == violated(scenario)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_happens_in_some_run(fault: str) -> None:
    name = "request-token" if fault == "lease-expiry" else where_it_can_happen(fault)
    assert check(Scenario(name, faults=((fault, 1),))).faults_not_fired == ()


@pytest.mark.parametrize("name", DEFAULT_PROTOCOLS)
def test_every_step_of_the_seed_is_reached(name: str) -> None:
    assert check(Scenario(name)).exploration.labels_reached == {label.name for label in LABELS}


@pytest.mark.parametrize("name", EACH)
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


def bury_by_name(system: System, evaluation: str) -> Steps:
    """Take the name with a tombstone, and delete what else has it by that name alone."""
    while (yield system.guards.create_tombstone(evaluation)) is not Answer.CREATED:
        if (yield system.guards.get_by_name(evaluation)) == BURIED:
            return
        yield system.kubernetes.delete_job(evaluation)


def cancel_by_name(system: System, request: CancelRequest) -> Steps:
    evaluation = request.evaluation
    yield system.user.cancellation(evaluation, request.number)
    while (status := (yield system.store.get(evaluation))) not in TERMINAL:
        yield from bury_by_name(system, evaluation)
        yield system.store.compare_and_set(evaluation, status, Status.CANCELLED)
    yield system.user.answer(evaluation, request.number, Cancellation.CANCELLED)


BY_NAME = replace(NAME_TOMBSTONE, cancel=cancel_by_name)


def test_a_tombstone_protects_only_if_nobody_deletes_by_name() -> None:
    # One handler has seen the Job; before it deletes, the Job is gone, and the other handler's tombstone has the name.
    by_uid = Scenario("name-tombstone", faults=(("repeated-cancel", 1), ("http-retry", 1)), properties=TRANSIENT_ONLY)
    by_name = replace(by_uid, protocol=f"{__name__}:BY_NAME")
    assert set(explore(by_name.model()).counterexamples) == set(TRANSIENT_ONLY)
    assert not explore(by_uid.model()).counterexamples
