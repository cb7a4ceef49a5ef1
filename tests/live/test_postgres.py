"""Statuses in PostgreSQL; needs `DEADHEAT_TEST_POSTGRES`, the URL of a database in which tables may be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deadheat.live.place import Where, open_place
from deadheat.live.replay import replay_live
from deadheat.live.results import LiveOutcome
from deadheat.live.status import PostgresStatus
from deadheat.models.status import Status, StatusStore
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario

statuses = st.sampled_from(Status)
MODEL = StatusStore("status")
operations = st.one_of(
    st.just(MODEL.get("e1")),
    st.builds(lambda status: MODEL.set("e1", status), statuses),
    st.builds(lambda expected, status: MODEL.compare_and_set("e1", expected, status), statuses, statuses),
)


@pytest.fixture
def url() -> str:
    given_url = os.environ.get("DEADHEAT_TEST_POSTGRES")
    if not given_url:
        pytest.skip("no PostgreSQL: DEADHEAT_TEST_POSTGRES is not set")
    return given_url


@pytest.mark.live
@given(st.lists(operations, min_size=20, max_size=40))
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_status_model_does_what_postgresql_does(url: str, operations: list[object]) -> None:
    store, value = PostgresStatus(url, "deadheat_conformance", ["e1"]), MODEL.initial
    try:
        for operation in operations:
            [step] = MODEL.apply(value, operation)  # type: ignore[arg-type]
            assert store.perform(operation) == step.outcome  # type: ignore[arg-type]
            value = step.value
        assert store.observe() == {"status/e1": value}
    finally:
        store.close()


@pytest.mark.live
def test_a_counterexample_happens_with_statuses_in_postgresql(url: str, redis_url: str, kubeconfig: Path) -> None:
    counterexample = check(Scenario("baseline", properties=("no-permanent-orphan",))).outcomes[0].counterexample
    assert counterexample is not None
    with open_place(Where(redis_url=redis_url, status_url=url, kubeconfig=kubeconfig)) as place:
        assert replay_live(place, counterexample).outcome is LiveOutcome.CONFIRMED
