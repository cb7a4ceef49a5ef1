"""SPIN, on models written by hand in Promela, says the same as deadheat."""

from __future__ import annotations

import pytest

from benchmarks.spin.run import FAULTS, MODELS, PROPERTIES, Options, SpinError, missing_tool, run
from deadheat.models.faults import FAULTS as ALL_FAULTS
from deadheat.scenarios.catalogue import DEFAULT_PROTOCOLS
from deadheat.scenarios.check import check
from deadheat.scenarios.properties import PROPERTIES as ALL_PROPERTIES
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.explore import python

REASON = missing_tool()
needs_spin = pytest.mark.skipif(REASON is not None, reason=str(REASON))

# One that overwrites, one that compares and sets, one with states between creation and start, one that polls.
QUICK = ("baseline", "state-machine", "suspended-create", "baseline+orphan-cleanup")
REST = tuple(each for each in MODELS if each not in QUICK)

# Faults that meet the retries, the claims, the leases, the kills and the answers of the protocols.
FAULTS_AT_TWO = ("worker-crash", "http-retry", "k8s-refusal", "lease-expiry", "cancel-loss")
FAULTS_TOGETHER = (
    (("worker-crash", 1), ("http-retry", 1)),
    (("k8s-refusal", 2), ("cancel-crash", 1)),
    (("k8s-lost-answer", 1), ("http-retry", 1)),
    (("worker-crash", 1), ("lease-expiry", 1)),
    (("completion", 1), ("http-retry", 1)),
)

# What no local variable is dead in, so that both count the same whether dead ones are merged or not.
COUNTABLE = ("baseline", "baseline+storage-worker", "baseline+orphan-cleanup")


def spin_says(protocol: str, evaluations: int, *faults: tuple[str, int]) -> dict[str, str]:
    return dict(run(protocol, PROPERTIES, evaluations, faults, Options(optimised=evaluations > 1)).verdicts)


def deadheat_says(protocol: str, evaluations: int, *faults: tuple[str, int]) -> dict[str, str]:
    result = check(Scenario(protocol, evaluations, faults, tuple(PROPERTIES)))
    return {outcome.property: str(outcome.verdict) for outcome in result.outcomes}


def test_there_is_a_model_of_every_protocol_that_is_checked_by_default() -> None:
    assert set(MODELS) == set(DEFAULT_PROTOCOLS)


def test_the_models_use_deadheats_names_of_properties_and_faults() -> None:
    assert set(PROPERTIES) <= set(ALL_PROPERTIES)
    assert set(FAULTS) <= set(ALL_FAULTS)


@needs_spin
def test_what_has_no_model_is_refused_by_name() -> None:
    with pytest.raises(SpinError, match="no Promela model of the fault 'stale-list'"):
        run("baseline", faults=[("stale-list", 1)])


@needs_spin
@pytest.mark.parametrize("protocol", QUICK)
def test_spin_and_deadheat_agree_on_one_evaluation(protocol: str) -> None:
    assert spin_says(protocol, 1) == deadheat_says(protocol, 1)


@needs_spin
def test_a_fault_changes_the_verdict_of_both_alike() -> None:
    verdicts = spin_says("suspended-create", 1, ("k8s-refusal", 1))
    assert verdicts == deadheat_says("suspended-create", 1, ("k8s-refusal", 1))
    assert verdicts["no-permanent-orphan"] == "violated"  # the kill is refused; without the fault it holds


@needs_spin
def test_a_shortest_counterexample_has_as_many_steps_in_both() -> None:
    name = "no-permanent-orphan"
    found = run("baseline", [name], options=Options(breadth_first=True, optimised=False))
    counterexample = check(Scenario("baseline", properties=(name,))).outcome(name).counterexample
    assert counterexample is not None
    assert found.counterexample_length == len(counterexample.trace.events) == 17


@needs_spin
@pytest.mark.parametrize("protocol", COUNTABLE)
def test_both_count_the_same_states_and_transitions(protocol: str) -> None:
    found = run(protocol, (), options=Options(optimised=False))
    explored = python.explore(Scenario(protocol, properties=()).model())
    assert (found.states, found.transitions) == (explored.states, explored.transitions)


@needs_spin
def test_two_evaluations_that_share_nothing_have_the_square_of_the_states_of_one() -> None:
    assert run("baseline", (), evaluations=2, options=Options(optimised=False)).states == 209**2


@needs_spin
def test_a_search_that_is_cut_short_is_inconclusive() -> None:
    found = run("baseline", ["at-most-one-job"], options=Options(optimised=False, depth_max=10))
    assert found.verdicts == {"at-most-one-job": "inconclusive"}


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("protocol", REST)
def test_spin_and_deadheat_agree_on_one_evaluation_of_every_other_protocol(protocol: str) -> None:
    assert spin_says(protocol, 1) == deadheat_says(protocol, 1)


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("protocol", MODELS)
def test_spin_and_deadheat_agree_on_one_evaluation_with_a_fault(protocol: str, fault: str) -> None:
    assert spin_says(protocol, 1, (fault, 1)) == deadheat_says(protocol, 1, (fault, 1))


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS_TOGETHER, ids=lambda faults: "+".join(kind for kind, _ in faults))
@pytest.mark.parametrize("protocol", MODELS)
def test_spin_and_deadheat_agree_on_faults_that_meet(protocol: str, faults: tuple[tuple[str, int], ...]) -> None:
    assert spin_says(protocol, 1, *faults) == deadheat_says(protocol, 1, *faults)


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("protocol", MODELS)
def test_spin_and_deadheat_agree_on_two_evaluations(protocol: str) -> None:
    assert spin_says(protocol, 2) == deadheat_says(protocol, 2)


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS_AT_TWO)
@pytest.mark.parametrize("protocol", ["baseline", "creation-lock", "state-machine", "suspended-create"])
def test_spin_and_deadheat_agree_on_two_evaluations_with_a_fault(protocol: str, fault: str) -> None:
    assert spin_says(protocol, 2, (fault, 1)) == deadheat_says(protocol, 2, (fault, 1))


@needs_spin
@pytest.mark.slow
@pytest.mark.parametrize("protocol", MODELS)
def test_every_shortest_counterexample_has_as_many_steps_in_both(protocol: str) -> None:
    for outcome in check(Scenario(protocol, properties=tuple(PROPERTIES))).outcomes:
        if outcome.counterexample is not None:
            found = run(protocol, [outcome.property], options=Options(breadth_first=True, optimised=False))
            assert found.counterexample_length == len(outcome.counterexample.trace.events), outcome.property
