"""An advisory lock: it belongs to a session, and ends with it, whatever its holder is about.

It stands for PostgreSQL's session-level advisory locks: a lock is held until it is released or the session ends; a
session may take the lock that it has, and has to release it as often; nobody is kept from working without it. A worker
whose connection breaks works on, and does not know that the next one has its lock. Source: PostgreSQL documentation,
"Explicit Locking", Advisory Locks, and `pg_advisory_lock`, `pg_try_advisory_lock`, `pg_advisory_unlock`.

In a design, a session is its process's own, named after it, and ends with it: when the process is killed, and when its
role ends.

For a lock of a transaction (`pg_advisory_xact_lock`), release it `atomically` with what the transaction writes last.

Not modelled: shared locks, deadlock detection, and in which order waiting sessions are served.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, NamedTuple

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from deadheat.sim.operations import Block, Operation, Request
from deadheat.sim.run.connected import Client, asked_in, happened
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

    def connection(self, client: Client) -> LockSession:
        """Return a process's session, which ends with it."""
        return LockSession(self.name, client.name, client.repeats, client.keys if self.keyed else ("",))

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


@dataclass(frozen=True, slots=True)
class LockSession:
    """The session of one process, in which it takes the locks of these keys; "" for the lock that is one for all."""

    lock: str
    process: str
    repeats: bool
    keys: tuple[str, ...]

    def asked(self, request: Request) -> Request:
        """Return the request; raises ModelError for a session that could be another process's too."""
        for each in filter(self._is_of_it, asked_in(request)):
            session, key = each.arguments[0], self._key(each)
            if session != self.process:
                raise ModelError(
                    f"The session {session!r} of the lock {self.lock!r} is not that of the process {self.process!r}, "
                    f"which asks for it, so another could have it too; name it {self.process!r}."
                )
            if key not in self.keys:
                raise ModelError(
                    f"{self.process!r} asks for the lock {self.lock!r} of {key!r}, which is not its own key, and "
                    "nobody would notice when it is killed; let a role that is one for all ask for that."
                )
        return request

    @staticmethod
    def goes_on(request: Request, outcome: Any) -> None:
        """Nothing waits in the midst of it."""

    def after(self, opened: Hashable, request: Request, outcome: Any) -> Hashable:
        """Return the keys of the locks that the session has, each as often as it has taken it; None for none."""
        if self.repeats:  # it goes on, in the same session
            return None
        assert isinstance(opened, tuple | None)
        held = list(opened or ())
        for each, answer in happened(request, outcome):
            if isinstance(each, Block):
                held += self.keys if any(reach.component == self.lock for reach in each.reaches) else ()
            elif self._is_of_it(each):
                key = self._key(each)
                if each.name == "lock" or (each.name == "try_lock" and answer):
                    held.append(key)
                elif each.name == "unlock" and key in held:
                    held.remove(key)
                elif each.name == "end_session":
                    held = [other for other in held if other != key]
        return tuple(sorted(held)) or None

    def closed(self, opened: Hashable) -> tuple[Operation, ...]:
        """End the session, if it has a lock."""
        return self.broken(for_good=True) if opened else ()

    def broken(self, *, for_good: bool) -> tuple[Operation, ...]:
        """End the session: its locks are free."""
        del for_good
        return tuple(
            Operation(f"{self.lock}/{key}" if key else self.lock, "end_session", (self.process, key or None))
            for key in self.keys
        )

    def _is_of_it(self, request: Operation) -> bool:
        return request.component.partition("/")[0] == self.lock and request.name != "lose"

    @staticmethod
    def _key(request: Operation) -> str:
        return request.arguments[-1] or ""
