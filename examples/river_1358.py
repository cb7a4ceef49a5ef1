"""River: the signal that cancels a running job is lost while the listener reconnects, or before the job is registered.

    deadheat check examples/river_1358.py --expected
    deadheat show examples/river_1358.py:AS_IT_WAS

https://github.com/riverqueue/river/issues/1358 (open since 2026-08-22). `JobCancel` marks the row of a running job, and
sends a NOTIFY in the same statement; a client hears of it by LISTEN alone. A NOTIFY while its notifier reconnects (with
a backoff of up to 64 s) reaches nobody, and the job works on until the rescuer comes, after an hour by default.

Read: the issue; https://github.com/riverqueue/river/pull/1361 (open since 2026-08-23), by which a client looks up the
rows of its active jobs whenever it has begun to listen; the statements `JobCancel` and `JobGetAvailable`; `producer.go`
at commit 02ede34: a goroutine of its own claims a job in the database, the loop puts it into `activeJobs` when it
receives that result, and `maybeCancelJob` meanwhile does nothing for a job that is not there.

Inferred: that this is a second gap, and that the pull request leaves it open. A cancellation between the claim in the
database and `activeJobs` in memory is dropped without any fault, by a client that listens all the time (`THE_GAP`).
`LOOKED_AGAIN` looks at the row once more when the job is registered. `AS_IT_WAS` and `RELISTED` assume that the user
cancels once the client listens and has registered the job, so that they show the first gap alone; `THE_GAP` assumes
that it listens; `LOOKED_AGAIN` assumes nothing.

Left out: the channel between notifier and loop, which drops what it has no room for; jobs that end by themselves; the
rescuer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from deadheat import (
    BLOCKED,
    Component,
    Components,
    Design,
    Label,
    Outcomes,
    Step,
    Steps,
    always,
    atomically,
    hands_work,
    looks,
    one,
    one_each,
    operation,
    settled,
)
from deadheat.library import Disconnected, Ghost, PubSub, Registry, Row

AVAILABLE, RUNNING, CANCELLED = "available", "running", "cancelled"
CLIENT = "client"

R1 = Label("R1", "the client claims the job in the database")
R2 = Label("R2", "the client registers the job among its active ones")
R3 = Label("R3", "the user cancels the job: its row is marked, and a NOTIFY sent")
R4 = Label("R4", "the client listens")
R5 = Label("R5", "the client looks for a cancelled job among its active ones")
R6 = Label("R6", "the client looks at the row of an active job")
R7 = Label("R7", "the job stops")


class Job(NamedTuple):
    """A row of `river_job`."""

    state: str = AVAILABLE
    cancel_attempted: bool = False


class Jobs(Component):
    """The table `river_job`, by the statements that are needed here."""

    keyed = True
    initial = Job()

    @hands_work
    @operation
    def get_available(self, value: Job, job: str) -> Outcomes:
        """`JobGetAvailable`; that it finds nothing changes nothing."""
        return (Step(None, value._replace(state=RUNNING)),) if value.state == AVAILABLE else BLOCKED

    @operation
    def cancel(self, value: Job, job: str) -> Outcomes:
        """`JobCancel`: CASE WHEN state = 'running' THEN state ELSE 'cancelled' END."""
        state = RUNNING if value.state == RUNNING else CANCELLED
        return (Step(None, Job(state, cancel_attempted=True)),)

    @looks
    @operation
    def get(self, value: Job, job: str) -> Outcomes:
        """`JobGetByID`."""
        return (Step(value, value),)

    @operation
    def finish(self, value: Job, job: str) -> Outcomes:
        """`JobSetStateIfRunning`."""
        return (Step(None, value._replace(state=CANCELLED)),)


@dataclass(frozen=True)
class River(Components):
    """The table, the channel for NOTIFY, and one client: its active jobs, and whether their contexts are cancelled."""

    jobs: Jobs = Jobs("jobs")
    channel: PubSub = PubSub("channel")
    active_jobs: Registry = Registry("active_jobs")
    context_cancelled: Row = Row("context_cancelled", False, keyed=True)
    ghost: Ghost = Ghost("ghost")


def cancel(river: River, job: str) -> Steps:
    """`Client.JobCancel`."""
    yield atomically(R3(river.jobs.cancel(job)), river.channel.publish(job))


def cancel_once_listening(river: River, job: str) -> Steps:
    """The same, assuming that the client has begun to listen."""
    yield atomically(river.ghost.once("listening"), R3(river.jobs.cancel(job)), river.channel.publish(job))


def cancel_once_active(river: River, job: str) -> Steps:
    """The same, assuming that it has, and that it has registered the job."""
    yield atomically(
        river.ghost.once("listening"),
        river.ghost.once("registered", job),
        R3(river.jobs.cancel(job)),
        river.channel.publish(job),
    )


def work(river: River, job: str) -> Steps:
    """`dispatchWork`, `startNewExecutors`, and the executor."""
    yield R1(river.jobs.get_available(job))
    yield atomically(R2(river.active_jobs.register(job)), river.ghost.note("registered", job))
    yield from execute(river, job)


def work_unless_cancelled(river: River, job: str) -> Steps:
    """The same, with one more look at the row."""
    yield R1(river.jobs.get_available(job))
    yield R2(river.active_jobs.register(job))
    yield from look(river, job)
    yield from execute(river, job)


def execute(river: River, job: str) -> Steps:
    """The job works until its context is cancelled."""
    yield river.context_cancelled.wait_for(True, key=job)
    yield R7(river.jobs.finish(job))
    yield river.active_jobs.remove(job)


def look(river: River, job: str) -> Steps:
    if (yield R6(river.jobs.get(job))).cancel_attempted:
        yield river.context_cancelled.set(True, key=job)


def listen(river: River) -> Steps:
    """The notifier, until it is disconnected; then it begins anew."""
    yield atomically(R4(river.channel.subscribe(CLIENT)), river.ghost.note("listening"))
    yield from hear(river)


def listen_and_look(river: River) -> Steps:
    """The same, with a look at the rows of all active jobs (pull request 1361)."""
    yield atomically(R4(river.channel.subscribe(CLIENT)), river.ghost.note("listening"))
    for job in (yield river.active_jobs.names()):
        yield from look(river, job)
    yield from hear(river)


def hear(river: River) -> Steps:
    """`handleControlNotification` and `maybeCancelJob`."""
    while (job := (yield river.channel.receive(CLIENT))) != Disconnected():
        if (yield R5(river.active_jobs.find(job))):
            yield river.context_cancelled.set(True, key=job)


@settled("cancelled-job-stops", "once everything has settled, no cancelled job works")
def cancelled_job_stops(job: str, jobs: Job) -> str | None:
    return f"{job} was cancelled, and works on" if jobs.cancel_attempted and jobs.state == RUNNING else None


@always("only-cancelled-jobs-stop", "no job is made to stop that nobody cancelled")
def only_cancelled_jobs_stop(job: str, jobs: Job, context_cancelled: bool) -> str | None:
    return f"{job} is made to stop" if context_cancelled and not jobs.cancel_attempted else None


AS_IT_WAS = Design(
    name="river-1358",
    summary="a running job is cancelled by a NOTIFY alone",
    source="river issue 1358",
    key="job",
    components=River(),
    roles=(
        one_each("user", cancel_once_active, owed=False),
        one_each("worker", work),
        one("notifier", listen, repeats=True),
    ),
    claims=(cancelled_job_stops, only_cancelled_jobs_stop),
    budgets={"listener-lost": 1},
    expects={"cancelled-job-stops": "violated", "only-cancelled-jobs-stop": "holds"},
)

RELISTED = AS_IT_WAS.variant(
    "river-1358-relisted",
    "whenever a client has begun to listen, it looks at the rows of its active jobs",
    roles={"notifier": listen_and_look},
    expects={"cancelled-job-stops": "holds", "only-cancelled-jobs-stop": "holds"},
)

THE_GAP = RELISTED.variant(
    "river-1358-the-gap",
    "the same, where a job may be cancelled before it is registered",
    roles={"user": cancel_once_listening},
    budgets={},
    expects={"cancelled-job-stops": "violated", "only-cancelled-jobs-stop": "holds"},
)

LOOKED_AGAIN = THE_GAP.variant(
    "river-1358-looked-again",
    "the client looks at the row also when it has registered a job",
    roles={"user": cancel, "worker": work_unless_cancelled},
    budgets={"listener-lost": 1},
    expects={"cancelled-job-stops": "holds", "only-cancelled-jobs-stop": "holds"},
)
