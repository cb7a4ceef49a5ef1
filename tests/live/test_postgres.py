"""Statuses in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from deadheat.live.adapters.status import PostgresStatus
from deadheat.live.forcing.replay import replay_live
from deadheat.live.leavings.sweep import Choice, Fate, sweep_postgres
from deadheat.live.place import Where, open_place
from deadheat.live.results import LiveOutcome
from deadheat.models.components.status import Status, StatusStore
from deadheat.scenarios.check import check
from deadheat.scenarios.scenario import Scenario
from tests.following import rest_of

statuses = st.sampled_from(Status)
MODEL = StatusStore("status")
operations = st.one_of(
    st.just(MODEL.get("e1")),
    st.builds(lambda status: MODEL.set("e1", status), statuses),
    st.builds(lambda expected, status: MODEL.compare_and_set("e1", expected, status), statuses, statuses),
)


@pytest.mark.live
@given(st.lists(operations, min_size=20, max_size=40))
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_status_model_does_what_postgresql_does(postgres_url: str, operations: list[object]) -> None:
    store, value = PostgresStatus(postgres_url, "deadheat_conformance", ["e1"]), MODEL.initial
    try:
        for operation in operations:
            [step] = MODEL.apply(value, operation)  # type: ignore[arg-type]
            assert store.perform(operation) == step.outcome  # type: ignore[arg-type]
            value = step.value
        assert store.observe() == {"status/e1": value}
    finally:
        store.close()


@pytest.mark.live
def test_a_counterexample_happens_with_statuses_in_postgresql(
    postgres_url: str, redis_url: str, kubeconfig: Path
) -> None:
    counterexample = check(Scenario("baseline", properties=("no-permanent-orphan",))).outcomes[0].counterexample
    assert counterexample is not None
    with open_place(Where(redis_url=redis_url, status_url=postgres_url, kubeconfig=kubeconfig)) as place:
        assert replay_live(place, counterexample).outcome is LiveOutcome.CONFIRMED


RUN = """
import sys
from deadheat.live.leavings.run_record import new_record
from deadheat.live.adapters.status import PostgresStatus
from deadheat.live.leavings.sweep import Choice, Fate, sweep_postgres
record = new_record()
status = PostgresStatus(sys.argv[1], f"deadheat_{record.run}_1", ["e1"], record=record)
print(record.run, flush=True)
sys.stdin.readline()
print(status.get("e1"))
status.close()
"""


def tables(postgres_url: str) -> set[str]:
    import psycopg

    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute(
            "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        ).fetchall()
    return {name for (name,) in rows}


@pytest.mark.live
def test_a_killed_runs_table_is_swept_and_a_living_ones_and_look_alikes_are_not(postgres_url: str) -> None:
    import psycopg

    command, pipes = [sys.executable, "-c", RUN, postgres_url], {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    one, other = (subprocess.Popen(command, text=True, **pipes) for _ in range(2))  # type: ignore[call-overload]
    dead, living = one.stdout.readline().strip(), other.stdout.readline().strip()
    table = f"deadheat_{dead}_1"
    try:
        assert {each.fate for each in sweep_postgres(postgres_url, Choice(delete=True))} == {Fate.SPARED}
        one.kill()
        one.wait()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            comment = connection.execute("SELECT obj_description(%s::regclass)", [table]).fetchone()
            assert comment is not None
            connection.execute("CREATE SCHEMA elsewhere")
            for name in (f"elsewhere.{table}", "mine"):
                connection.execute(f"CREATE TABLE {name} (a int)")
                connection.execute(psycopg.sql.SQL(f"COMMENT ON TABLE {name} IS {{}}").format(comment[0]))
            connection.execute("CREATE TABLE deadheat_plain (a int)")
        time.sleep(0.5)
        assert Fate.REMOVED not in {each.fate for each in sweep_postgres(postgres_url, Choice())}
        assert Fate.REMOVED not in {
            each.fate for each in sweep_postgres(postgres_url, Choice(older_than_s=1, delete=True))
        }
        swept = list(sweep_postgres(postgres_url, Choice(delete=True)))
        assert [each.what.split()[2] for each in swept if each.fate is Fate.REMOVED] == [f"public.{table}"]
        assert len(swept) == 5  # the removal is told of twice
        assert tables(postgres_url) >= {
            f"elsewhere.{table}",
            "public.mine",
            "public.deadheat_plain",
            f"public.deadheat_{living}_1",
        }
        assert len(list(sweep_postgres(postgres_url, Choice(delete=True)))) == 3
        assert rest_of(other, 60, "\n")[0] == "queued\n"
        assert f"public.deadheat_{living}_1" not in tables(postgres_url)
    finally:
        for each in (one, other):
            each.kill()
            each.communicate()
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS elsewhere CASCADE")
            connection.execute("DROP TABLE IF EXISTS mine, deadheat_plain")


@pytest.mark.live
def test_what_an_interrupt_leaves_of_a_runs_tables_goes_with_the_run(
    postgres_url: str, redis_url: str, kubeconfig: Path
) -> None:
    with open_place(Where(redis_url=redis_url, status_url=postgres_url, kubeconfig=kubeconfig)) as place:
        PostgresStatus(postgres_url, f"deadheat_{place.run}_1", ["e1"], record=place.record)._connection.close()
        assert f"public.deadheat_{place.run}_1" in tables(postgres_url)
    assert f"public.deadheat_{place.run}_1" not in tables(postgres_url)
