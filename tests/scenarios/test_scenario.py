"""Scenarios: names compose, and mistakes are named."""

from __future__ import annotations

import pytest

from deadheat.scenarios.scenario import DEFAULT_PROTOCOLS, Scenario, find_protocol, parse_faults
from deadheat.sim.errors import UsageError


def test_the_names_of_the_protocols_are_a_contract() -> None:
    assert DEFAULT_PROTOCOLS == (
        "baseline",
        "status-check",
        "creation-lock",
        "request-token",
        "state-machine",
        "two-phase",
        "event-sourcing",
        "owner-tombstone",
        "suspended-create",
        "name-tombstone",
        "fenced-generation",
        "baseline+orphan-cleanup",
        "baseline+storage-worker",
        "baseline+orphan-cleanup-by-uid",
    )


def test_an_addition_goes_with_any_protocol() -> None:
    composed = find_protocol("request-token+orphan-cleanup")
    assert composed.name == "request-token+orphan-cleanup"
    assert composed.worker is find_protocol("request-token").worker
    assert len(composed.processes) == 1
    assert find_protocol("event-sourcing+storage-worker+orphan-cleanup").watches_jobs


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("status-chek", "no protocol 'status-chek'; did you mean status-check"),
        ("orphan-cleanup", "addition to a protocol; ask for one with it, such as baseline\\+orphan-cleanup"),
        ("baseline+orphan", "no addition 'orphan'; did you mean orphan-cleanup"),
        ("baseline+orphan-cleanup+orphan-cleanup", "twice"),
        ("", "no protocol ''"),
    ],
)
def test_an_unknown_protocol_is_answered_with_the_nearest(name: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_protocol(name)


def test_unknown_faults_properties_and_sizes_are_refused() -> None:
    with pytest.raises(UsageError, match="no fault 'worker-crsh'; did you mean worker-crash"):
        Scenario("baseline", faults=(("worker-crsh", 1),))
    with pytest.raises(UsageError, match="no property 'no-orphan'; did you mean"):
        Scenario("baseline", properties=("no-orphan",))
    with pytest.raises(UsageError, match="at least 1"):
        Scenario("baseline", evaluations=0)


def test_fault_budgets_are_read_from_text() -> None:
    assert parse_faults(["worker-crash=1", "http-retry=2"]) == (("worker-crash", 1), ("http-retry", 2))
    for text in ("worker-crash", "worker-crash=", "worker-crash=-1", "worker-crash=two"):
        with pytest.raises(UsageError, match="write KIND=K"):
            parse_faults([text])
    with pytest.raises(UsageError, match="given twice"):
        parse_faults(["worker-crash=1", "worker-crash=1"])


def test_a_scenario_knows_the_command_that_shows_its_counterexample() -> None:
    scenario = Scenario("two-phase", evaluations=2, faults=(("http-retry", 1),))
    assert scenario.command("no-transient-orphan") == (
        "deadheat show two-phase --property no-transient-orphan --evaluations 2 --faults http-retry=1"
    )


def test_two_protocols_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from deadheat.models.protocols import PROTOCOLS
    from deadheat.scenarios import scenario

    monkeypatch.setattr(scenario, "PROTOCOLS", (*PROTOCOLS, PROTOCOLS[0]))
    with pytest.raises(UsageError, match="Two protocols are named 'baseline'"):
        scenario.find_protocol("baseline")
