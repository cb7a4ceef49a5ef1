"""An advisory lock: it belongs to a session, and ends with it, whatever its holder is about.

It stands for PostgreSQL's session-level advisory locks: a lock is held until it is released or the session ends; a
session may take the lock that it has, and has to release it as often; nobody is kept from working without it. A worker
whose connection breaks works on, and does not know that the next one has its lock. Source: PostgreSQL documentation,
"Explicit Locking", Advisory Locks, and `pg_advisory_lock`, `pg_try_advisory_lock`, `pg_advisory_unlock`.

For a lock of a transaction (`pg_advisory_xact_lock`), release it `atomically` with what the transaction writes last.

Not modelled: shared locks, deadlock detection, and in which order waiting sessions are served.
"""

from __future__ import annotations

from typing import NamedTuple

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.traits import by_itself, looks

__all__ = ["SESSION_LOST", "AdvisoryLock", "Held"]

SESSION_LOST = Fault(
    "session-lost",
    "the database session that holds a lock ends, and its client does not know yet",
    "PostgreSQL: Explicit Locking, Advisory Locks",
)


class Held(NamedTuple):
    """Which session has the lock, and how often it has taken it."""

    session: str | None = None
    times: int = 0


FREE = Held()


class AdvisoryLock(OneOrEach):
    """One lock. Sessions are known by name."""

    initial = FREE
    faults = (SESSION_LOST,)

    def describe(self, value: Held) -> str:
        """Return who has it."""
        return (
            f"held by {value.session}" + (f", {value.times} times" if value.times > 1 else "")
            if value.times
            else "free"
        )

    @operation
    def lock(self, value: Held, session: str, key: str | None = None) -> Steps:
        """Wait until no other session has the lock, and take it."""
        return BLOCKED if value.session not in (None, session) else (Step(None, Held(session, value.times + 1)),)

    @operation
    def try_lock(self, value: Held, session: str, key: str | None = None) -> Steps:
        """Take the lock unless another session has it; answer whether it was taken."""
        if value.session not in (None, session):
            return (Step(False, value),)
        return (Step(True, Held(session, value.times + 1)),)

    @operation
    def unlock(self, value: Held, session: str, key: str | None = None) -> Steps:
        """Release the lock once; answer whether the session had it."""
        if value.session != session:
            return (Step(False, value),)
        return (Step(True, Held(session, value.times - 1) if value.times > 1 else FREE),)

    @operation
    def end_session(self, value: Held, session: str, key: str | None = None) -> Steps:
        """A session ends, and the lock with it if it has it: what becomes of a holder that crashes."""
        return (Step(None, FREE if value.session == session else value),)

    @looks
    @operation
    def has(self, value: Held, session: str, key: str | None = None) -> Steps:
        """Answer whether a session has the lock."""
        return (Step(value.session == session, value),)

    @by_itself(owed=False, fault=SESSION_LOST)
    @operation
    def lose(self, value: Held, key: str | None = None) -> Steps:
        """The session that has the lock ends; answer which."""
        return BLOCKED if value == FREE else (Step(value.session, FREE, fault=SESSION_LOST),)
