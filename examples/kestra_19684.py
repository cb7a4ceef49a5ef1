"""Kestra: a kill that arrives before the worker has registered the job is forgotten, and the trigger runs on.

    deadheat check examples/kestra_19684.py --expected
    deadheat show examples/kestra_19684.py:AS_IT_WAS

https://github.com/kestra-io/kestra/issues/19684 (open since 2026-09-21). A worker hears of jobs and of kills over one
gRPC stream. A kill of a trigger walks the map of the jobs that are running; a job is put into that map by the thread
that begins it, later. A kill in between matches nothing and is kept nowhere, and a realtime trigger does not end by
itself: "it will continue processing until Kestra is restarted" (https://github.com/kestra-io/kestra/pull/13703).

Read: the issue; `ExecutionKilledManager`, which keeps the kills of executions and of task runs for jobs that register
late (for 24 hours, in a cache), and not those of triggers; https://github.com/kestra-io/kestra/pull/16147 (merged on
2026-05-20), which has a processor remember a kill between `register()` and the call. That much is mended in all of
this file.

Inferred: that a trigger is killed when it is disabled (read: when it is deleted, and when it is restarted); that kills
are handled by the thread of the stream, in order, and jobs by a pool; and the mend, which is not decided there. `KEPT`
does for triggers what the class does for task runs. It stops what was killed, and kills what was not: a trigger that is
disabled while no job of it is out leaves a kill behind, which hits the first job after it is enabled again.
`KEPT_IF_SENT` looks in the controller first. `FORGOTTEN_EARLY` is that with a time to live that is shorter than a job
can wait for a thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import Components, Design, Label, Steps, atomically, one_each, settled
from deadheat.library import ExpiringSet, Ghost, Mailbox, Registry, Row

JOB, KILL = "job", "kill"
WAITING, RUNNING, STOPPED = "waiting", "running", "stopped"

K1 = Label("K1", "the controller sends a job of the trigger to the worker")
K2 = Label("K2", "the trigger is disabled: the controller sends a kill")
K3 = Label("K3", "the worker looks for the killed job among those that are running")
K4 = Label("K4", "the worker registers the job")
K5 = Label("K5", "the trigger runs")
K6 = Label("K6", "the trigger is enabled again")


@dataclass(frozen=True)
class Kestra(Components):
    """What the controller knows, its stream to one worker, and the memory of that worker; each by trigger."""

    enabled: Row = Row("enabled", True, keyed=True)
    sent: Row = Row("sent", False, keyed=True)
    stream: Mailbox = Mailbox("stream", keyed=True)
    pool: Mailbox = Mailbox("pool", keyed=True)
    running_jobs: Registry = Registry("running_jobs", keyed=True)
    pending_kills: ExpiringSet = ExpiringSet("pending_kills", keyed=True)
    killed: Row = Row("killed", False, keyed=True)
    run: Row = Row("run", WAITING, keyed=True)
    ghost: Ghost = Ghost("ghost", keyed=True)


def schedule(kestra: Kestra, trigger: str) -> Steps:
    """An enabled trigger gets a job, one in all."""
    yield atomically(
        kestra.enabled.wait_for(True, key=trigger),
        K1(kestra.stream.send(JOB, key=trigger)),
        kestra.sent.set(True, key=trigger),
        kestra.ghost.note("sent", key=trigger),
    )


def disable(kestra: Kestra, trigger: str) -> Steps:
    """A user disables the trigger: `WorkerJobDispatcher` forwards each kill."""
    yield kestra.enabled.set(False, key=trigger)
    yield K2(kestra.stream.send(KILL, key=trigger))
    yield from enable_again(kestra, trigger)


def disable_what_was_sent(kestra: Kestra, trigger: str) -> Steps:
    """The same, and a kill is sent only if there is a job that it is for; a disabled trigger gets none meanwhile."""
    yield kestra.enabled.set(False, key=trigger)
    if (yield kestra.sent.get(key=trigger)):
        yield K2(kestra.stream.send(KILL, key=trigger))
    yield from enable_again(kestra, trigger)


def enable_again(kestra: Kestra, trigger: str) -> Steps:
    """Only a trigger that had no job is enabled again: a second job is not looked at here."""
    yield atomically(kestra.ghost.before("sent", key=trigger), K6(kestra.enabled.set(True, key=trigger)))


def listen(kestra: Kestra, trigger: str) -> Steps:
    """The worker's end of the stream, and `onKillReceived`."""
    if (yield kestra.stream.receive(key=trigger)) == JOB:
        yield kestra.pool.send(JOB, key=trigger)
    elif (yield K3(kestra.running_jobs.find(JOB, key=trigger))):
        yield kestra.killed.set(True, key=trigger)


def listen_and_keep(kestra: Kestra, trigger: str) -> Steps:
    """The same, as it is for task runs: a kill is kept before the running jobs are walked."""
    if (yield kestra.stream.receive(key=trigger)) == JOB:
        yield kestra.pool.send(JOB, key=trigger)
    else:
        yield kestra.pending_kills.add(KILL, key=trigger)
        if (yield K3(kestra.running_jobs.find(JOB, key=trigger))):
            yield from apply_pending(kestra, trigger)


def work(kestra: Kestra, trigger: str) -> Steps:
    """A thread of the worker's pool: `register()`, and the call."""
    yield kestra.pool.receive(key=trigger)
    yield K4(kestra.running_jobs.register(JOB, key=trigger))
    yield from call(kestra, trigger)


def work_unless_killed(kestra: Kestra, trigger: str) -> Steps:
    """The same, as it is for task runs: `register()` looks for a kill that was there before."""
    yield kestra.pool.receive(key=trigger)
    yield K4(kestra.running_jobs.register(JOB, key=trigger))
    yield from apply_pending(kestra, trigger)
    yield from call(kestra, trigger)


def apply_pending(kestra: Kestra, trigger: str) -> Steps:
    if (yield kestra.pending_kills.remove(KILL, key=trigger)):
        yield kestra.killed.set(True, key=trigger)


def call(kestra: Kestra, trigger: str) -> Steps:
    """Run until killed, and not at all if that has happened before (pull request 16147)."""
    if not (yield kestra.killed.get(key=trigger)):
        yield K5(kestra.run.set(RUNNING, key=trigger))
    yield atomically(kestra.killed.wait_for(True, key=trigger), kestra.run.set(STOPPED, key=trigger))


@settled("disabled-means-stopped", "once everything has settled, no disabled trigger runs")
def disabled_means_stopped(trigger: str, enabled: bool, run: str) -> str | None:
    return f"{trigger} is disabled, and runs on" if run == RUNNING and not enabled else None


@settled("enabled-means-running", "once everything has settled, every enabled trigger runs")
def enabled_means_running(trigger: str, enabled: bool, run: str) -> str | None:
    return f"{trigger} is enabled, and its job is {run}" if enabled and run != RUNNING else None


AS_IT_WAS = Design(
    name="kestra-19684",
    summary="a kill of a trigger meets the jobs that are registered, and is forgotten",
    source="kestra issue 19684",
    key="trigger",
    components=Kestra(),
    roles=(
        one_each("scheduler", schedule),
        one_each("user", disable, optional=True),
        one_each("stream", listen, repeats=True),
        one_each("worker", work),
    ),
    claims=(disabled_means_stopped, enabled_means_running),
    expects={"disabled-means-stopped": "violated", "enabled-means-running": "holds"},
)

KEPT = AS_IT_WAS.variant(
    "kestra-19684-kept",
    "the kill of a trigger is kept for a job that registers late, as that of a task run is",
    roles={"stream": listen_and_keep, "worker": work_unless_killed},
    expects={"disabled-means-stopped": "holds", "enabled-means-running": "violated"},
)

KEPT_IF_SENT = KEPT.variant(
    "kestra-19684-kept-if-sent",
    "a kill is sent only where there is a job that it is for, and is kept for that",
    roles={"user": disable_what_was_sent},
    expects={"disabled-means-stopped": "holds", "enabled-means-running": "holds"},
)

FORGOTTEN_EARLY = KEPT_IF_SENT.variant(
    "kestra-19684-forgotten-early",
    "a job waits for a thread longer than its kill is kept",
    budgets={"forgotten-early": 1},
    expects={"disabled-means-stopped": "violated", "enabled-means-running": "holds"},
)
