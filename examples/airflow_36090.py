"""Airflow: a triggerer that was paused takes the reassignment of its trigger for a kill, and cancels another's job.

    deadheat check examples/airflow_36090.py --expected
    deadheat show examples/airflow_36090.py:HOOKED

https://github.com/apache/airflow/issues/36090 (closed): a deferred task waits for a remote job (BigQuery, Databricks)
by a trigger, which a triggerer runs; when a user marks the task failed or clears it, the trigger goes, and the remote
job runs on.

Read: the issue; https://github.com/apache/airflow/pull/65590 (merged on 2026-04-21), which calls `on_kill()` for each
trigger that is gone from a triggerer's list, since "redistribution only happens when a triggerer is considered dead";
https://github.com/apache/airflow/pull/73454 (open since 2026-09-21): one that is considered dead, because its heartbeat
was late (a long garbage collection, a stopped container, a watchdog that skips heartbeats on purpose), goes on later,
misses what was given to another, and cancels the job that the other polls. It asks the database before it cancels: a
row that is gone was killed, and one that is another's is dropped. `update_triggers` was read, too. The same was
reported of operators of a user's own in https://github.com/apache/airflow/issues/41231 (2024).

Inferred: that `CRASHED` is left. A triggerer that dies takes along the kill that it has not noticed yet: the row is
gone, so no other adopts the trigger, nobody misses it, and the job runs on.

Assumed: the user kills a task only once a triggerer has its trigger; before that, nobody can miss it either. Left out:
jobs and triggers that end by themselves; a third triggerer; that one takes the trigger back.
"""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import (
    Components,
    Design,
    Fault,
    Instance,
    Label,
    Operation,
    Steps,
    always,
    atomically,
    crash,
    one_each,
    settled,
)
from deadheat.library import Assignment, Facts, Ghost, Row, was_noted

RUNNING, CANCELLED = "running", "cancelled"
FIRST, SECOND = "triggerer1", "triggerer2"

TRIGGERER_CRASH = Fault(
    "triggerer-crash", "a triggerer is killed, and not started again", "Airflow: Deferrable Operators", bounded=True
)

A1 = Label("A1", "a triggerer begins to poll the remote job")
A2 = Label("A2", "a triggerer sends its heartbeat, and looks whether the trigger is its own")
A3 = Label("A3", "the user kills the task: the row of its trigger is deleted")
A4 = Label("A4", "another triggerer adopts the trigger")
A5 = Label("A5", "a triggerer asks why the trigger is not its own any more")
A6 = Label("A6", "on_kill() cancels the remote job")


@dataclass(frozen=True)
class Airflow(Components):
    """For each task: whose its trigger is, with that one's heartbeat, and the remote job."""

    trigger: Assignment = Assignment("trigger", keyed=True)
    job: Row = Row("job", RUNNING, keyed=True)
    ghost: Ghost = Ghost("ghost", keyed=True)


def kill(airflow: Airflow, task: str) -> Steps:
    """The task is marked failed, or cleared."""
    yield atomically(
        airflow.ghost.once("polled", key=task),
        A3(airflow.trigger.remove(key=task)),
        airflow.ghost.note("killed", key=task),
    )


def poll(airflow: Airflow, task: str) -> Steps:
    """A triggerer with a new trigger, as it was: one that is not its own any more is dropped."""
    yield atomically(A1(airflow.trigger.assign(FIRST, key=task)), airflow.ghost.note("polled", key=task))
    yield from update_triggers(airflow, task, FIRST)


def adopt(airflow: Airflow, task: str) -> Steps:
    """Another one, `Trigger.assign_unassigned`."""
    yield A4(airflow.trigger.adopt(SECOND, key=task))
    yield from update_triggers(airflow, task, SECOND)


def update_triggers(airflow: Airflow, task: str, me: str) -> Steps:
    """Go on until a trigger that runs is not among those that are asked for."""
    while (yield A2(airflow.trigger.beat(me, key=task))):
        pass


def poll_and_kill(airflow: Airflow, task: str) -> Steps:
    """The same (pull request 65590): one that is not its own any more was killed."""
    yield from poll(airflow, task)
    yield A6(airflow.job.set(CANCELLED, key=task))


def adopt_and_kill(airflow: Airflow, task: str) -> Steps:
    yield from adopt(airflow, task)
    yield A6(airflow.job.set(CANCELLED, key=task))


def poll_and_ask(airflow: Airflow, task: str) -> Steps:
    """The same (pull request 73454): it was killed if its row is gone."""
    yield from poll(airflow, task)
    yield from ask(airflow, task)


def adopt_and_ask(airflow: Airflow, task: str) -> Steps:
    yield from adopt(airflow, task)
    yield from ask(airflow, task)


def ask(airflow: Airflow, task: str) -> Steps:
    if (yield A5(airflow.trigger.owner(key=task))) is None:
        yield A6(airflow.job.set(CANCELLED, key=task))


def triggerer_dies(airflow: Airflow, triggerer: Instance) -> tuple[Operation, ...]:
    """Nothing but its heartbeats stops, which are late from then on without a fault."""
    return (airflow.trigger.die(FIRST, key=triggerer.key),)


@always("only-a-kill-cancels", "no remote job is cancelled whose task nobody killed")
def only_a_kill_cancels(task: str, job: str, ghost: Facts) -> str | None:
    return f"the job of {task} is cancelled" if job == CANCELLED and not was_noted(ghost, "killed") else None


@settled("a-kill-cancels", "once everything has settled, no remote job of a killed task runs")
def a_kill_cancels(task: str, job: str, ghost: Facts) -> str | None:
    return f"{task} was killed, and its job runs on" if job == RUNNING and was_noted(ghost, "killed") else None


AS_IT_WAS = Design(
    name="airflow-36090",
    summary="a trigger that is not a triggerer's own any more is dropped",
    source="airflow issue 36090",
    key="task",
    components=Airflow(),
    roles=(
        one_each("user", kill, owed=False),
        one_each("first", poll, crashes=(crash(TRIGGERER_CRASH, restarts=False, noticed=triggerer_dies),)),
        one_each("second", adopt),
    ),
    claims=(only_a_kill_cancels, a_kill_cancels),
    lacks=(A4,),
    expects={"only-a-kill-cancels": "holds", "a-kill-cancels": "violated"},
)

HOOKED = AS_IT_WAS.variant(
    "airflow-65590",
    "on_kill() for a trigger that is not a triggerer's own any more",
    roles={"first": poll_and_kill, "second": adopt_and_kill},
    budgets={"heartbeat-late": 1},
    lacks=(),
    expects={"only-a-kill-cancels": "violated", "a-kill-cancels": "holds"},
)

ASKED = HOOKED.variant(
    "airflow-73454",
    "on_kill() for one whose row is gone",
    roles={"first": poll_and_ask, "second": adopt_and_ask},
    expects={"only-a-kill-cancels": "holds", "a-kill-cancels": "holds"},
)

CRASHED = ASKED.variant(
    "airflow-73454-crashed",
    "the same, and a triggerer dies before it has noticed a kill",
    budgets={"triggerer-crash": 1},
    expects={"only-a-kill-cancels": "holds", "a-kill-cancels": "violated"},
)
