"""Statuses in PostgreSQL; needs `DEADHEAT_TEST_POSTGRES`, the URL of a database in which tables may be made."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deadheat.live.cleanup import PostgresStatuses
from deadheat.live.place import Where, open_place
from deadheat.live.replay import replay_live
from deadheat.live.results import LiveOutcome
from deadheat.live.status import PostgresStatus
from deadheat.models.status import Status, StatusStore
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.errors import LiveError

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


@pytest.mark.live
def test_the_cleanup_asks_a_query_and_cannot_write(url: str) -> None:
    with closing(PostgresStatuses(url, "SELECT 'cancelled' WHERE %s = 'e1'")) as statuses:
        assert statuses("e1") == "cancelled"
        assert statuses("e2") is None
    refused = pytest.raises(LiveError, match="refuses the query of --status-query: cannot execute CREATE TABLE")
    with closing(PostgresStatuses(url, "CREATE TABLE written AS SELECT %s AS x")) as statuses, refused:
        statuses("e1")


def test_a_database_that_does_not_answer_is_a_sentence_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LiveError, match=r"^PostgreSQL does not answer") as raised:
        PostgresStatuses("postgresql://user:hunter2@127.0.0.1:1/db", "SELECT %s")
    assert "hunter2" not in str(raised.value)
