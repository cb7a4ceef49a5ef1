"""Onyx: a sweep takes a workspace for an orphan, because the row of its session is not committed yet.

    deadheat check examples/onyx_13202.py --expected
    deadheat show examples/onyx_13202.py:AS_IT_WAS

https://github.com/onyx-dot-app/onyx/pull/13202 (merged on 2026-07-20). A sweep lists the workspaces in the sandbox of a
user, finds those that no row of `build_session` owns, and deletes them.

Read: the pull request, and in it the remark of a reviewer (cubic): `create_session__no_commit` inserts the row and
makes the directory before the request commits; the sweep, in a transaction of its own, does not see that row. The
reviewer proposes a grace period for young workspaces, or the lock under which sessions are created. That it is the
endpoint that commits is https://github.com/onyx-dot-app/onyx/pull/7651; the lock is in `locks.py`: in Redis, one for
each user, with a timeout.

Inferred: that a request holds that lock until it has committed; that the sweep lists first and asks the database then;
that one source of orphans are requests that die between the directory and the commit (another is read: sessions that
are deleted while the sandbox does not answer). What was done about the remark could not be read. So `GRACE_PERIOD` and
`LOCKED` are what it proposes, and either rests on a number of seconds: `SLOW_REQUEST`, `LOCK_TIMED_OUT`.
`COMMITTED_FIRST` rests on none: the row is committed before there is a directory. It never deletes what is wanted, and
where a request dies it leaves a row and a workspace for ever, which no sweep can tell from those of a slow one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

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
from deadheat.library import Clock, Column, Database, DatabaseState, Deadline, Record, Redis, Registry, column

PROVISIONING, ACTIVE = "provisioning", "active"

API_CRASH = Fault("api-crash", "the API server is killed in the middle of a request", "Kubernetes: Pod Lifecycle")

O1 = Label("O1", "the request inserts the session's row")
O2 = Label("O2", "the request makes the workspace")
O3 = Label("O3", "the request commits")
O4 = Label("O4", "the sweep lists the workspaces")
O5 = Label("O5", "the sweep looks for their rows")
O6 = Label("O6", "the sweep deletes a workspace that has none")
O7 = Label("O7", "the user deletes the session, and its workspace stays")


class BuildSession(Record, table="build_session"):
    id: Column[str]
    status: Column[str] = column(default=ACTIVE)


@dataclass(frozen=True)
class Onyx(Components):
    """The database, a sandbox and a lock for each user (who creates one session), and the age of the workspace."""

    db: Database = Database("db", BuildSession)
    workspaces: Registry = Registry("workspaces", keyed=True)
    young: Deadline = Deadline("young", keyed=True)
    redis: Redis = Redis("redis")


Entries: TypeAlias = tuple[tuple[str, bool], ...]


def lock_of(session: str) -> str:
    return f"creating:{{{session}}}"


def create(onyx: Onyx, session: str) -> Steps:
    """The endpoint: `create_session__no_commit` under the lock, and the commit."""
    yield onyx.redis.acquire(lock_of(session), f"request/{session}")
    yield from onyx.db.begin().insert(BuildSession(session), label=O1)
    yield atomically(O2(onyx.workspaces.register(session, key=session)), onyx.young.arm(key=session))
    yield atomically(O3(onyx.db.commit()), onyx.young.close(key=session))
    yield onyx.redis.delete_if_equal(lock_of(session), f"request/{session}")


def create_row_first(onyx: Onyx, session: str) -> Steps:
    """The same, with a transaction before there is a workspace, and one after."""
    yield O1(onyx.db.insert(BuildSession(session, PROVISIONING)))
    yield O2(onyx.workspaces.register(session, key=session))
    yield O3(onyx.db.update(BuildSession, BuildSession.status.to(ACTIVE), BuildSession.id == session))


def request_dies(onyx: Onyx, request: Instance) -> tuple[Operation, ...]:
    """Nothing lasts until its commit any more; its transaction is rolled back, and nobody counts on its lock."""
    return (onyx.young.close(key=request.key),)


def delete(onyx: Onyx, session: str) -> Steps:
    """A deletion proceeds where its workspace cannot be cleaned up."""
    yield O7(onyx.db.delete(BuildSession, BuildSession.id == session))


def sweep(onyx: Onyx, session: str) -> Steps:
    """Delete the workspaces that have no row."""
    found = yield O4(onyx.workspaces.names(key=session))
    yield from delete_orphans(onyx, session, found)


def sweep_what_is_old(onyx: Onyx, session: str) -> Steps:
    """The same, but for those that are younger than so many seconds; that is asked before the rows are looked for."""
    found = yield O4(onyx.workspaces.names(key=session))
    if (yield onyx.young.look(key=session)) is Clock.EXPIRED:
        yield from delete_orphans(onyx, session, found)


def sweep_under_lock(onyx: Onyx, session: str) -> Steps:
    """The same as at first, while no session is created."""
    yield onyx.redis.acquire(lock_of(session), f"sweep/{session}")
    yield from sweep(onyx, session)
    yield onyx.redis.delete_if_equal(lock_of(session), f"sweep/{session}")


def delete_orphans(onyx: Onyx, session: str, found: tuple[str, ...]) -> Steps:
    owned = yield O5(onyx.db.select(BuildSession))
    for name in found:
        if all(row.id != name for row in owned):
            yield O6(onyx.workspaces.remove(name, key=session))


@always("session-has-its-workspace", "an active session has its workspace")
def session_has_its_workspace(session: str, db: DatabaseState, workspaces: Entries) -> str | None:
    active = BuildSession(session, ACTIVE) in db.rows
    return f"{session} is active, and its workspace is deleted" if active and not workspaces else None


@settled("no-orphaned-workspace", "once everything has settled, no workspace is without an active session")
def no_orphaned_workspace(session: str, db: DatabaseState, workspaces: Entries) -> str | None:
    active = BuildSession(session, ACTIVE) in db.rows
    return f"{session} is not active, and has a workspace" if workspaces and not active else None


AS_IT_WAS = Design(
    name="onyx-13202",
    summary="a sweep deletes each workspace whose session's row it does not see",
    source="onyx pull request 13202",
    key="session",
    components=Onyx(),
    roles=(
        one_each("request", create, crashes=(crash(API_CRASH, restarts=False, noticed=request_dies),)),
        one_each("user", delete, owed=False),
        one_each("sweep", sweep, repeats=True),
    ),
    claims=(session_has_its_workspace, no_orphaned_workspace),
    budgets={"api-crash": 1},
    expects={"session-has-its-workspace": "violated", "no-orphaned-workspace": "holds"},
)

GRACE_PERIOD = AS_IT_WAS.variant(
    "onyx-13202-grace-period",
    "the sweep leaves alone what is younger than any request takes",
    roles={"sweep": sweep_what_is_old},
    expects={"session-has-its-workspace": "holds", "no-orphaned-workspace": "holds"},
)

SLOW_REQUEST = GRACE_PERIOD.variant(
    "onyx-13202-slow-request",
    "the same, and a request takes longer",
    budgets={"early-expiry": 1},
    expects={"session-has-its-workspace": "violated", "no-orphaned-workspace": "holds"},
)

LOCKED = AS_IT_WAS.variant(
    "onyx-13202-locked",
    "the sweep holds the lock under which sessions are created",
    roles={"sweep": sweep_under_lock},
    expects={"session-has-its-workspace": "holds", "no-orphaned-workspace": "holds"},
)

LOCK_TIMED_OUT = LOCKED.variant(
    "onyx-13202-lock-timed-out",
    "the same, and the lock times out",
    budgets={"lease-expiry": 1},
    expects={"session-has-its-workspace": "violated", "no-orphaned-workspace": "holds"},
)

COMMITTED_FIRST = AS_IT_WAS.variant(
    "onyx-13202-committed-first",
    "the row is committed before the workspace is made",
    roles={"request": create_row_first},
    expects={"session-has-its-workspace": "holds", "no-orphaned-workspace": "violated"},
)
