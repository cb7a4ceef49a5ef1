"""Advisory locks: they belong to a session, and end with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from deadheat.models.any_system import Components
from deadheat.models.claims import always, settled
from deadheat.models.components.advisory_lock import FREE, AdvisoryLock, Held, LockSession
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, crash, one_each
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from tests.models.driver import Driver, violated

LOCK = AdvisoryLock("lock")


def test_one_session_has_the_lock_and_others_wait() -> None:
    drive = Driver(LOCK)
    drive(LOCK.lock("a"))
    assert drive.blocks(LOCK.lock("b"))
    assert drive(LOCK.try_lock("b")) is False
    assert drive(LOCK.unlock("b")) is False
    assert drive(LOCK.unlock("a")) is True
    assert drive(LOCK.try_lock("b")) is True
    assert [drive(LOCK.has("a")), drive(LOCK.has("b"))] == [False, True]


def test_a_session_releases_a_lock_as_often_as_it_took_it() -> None:
    drive = Driver(LOCK)
    drive(LOCK.lock("a"))
    drive(LOCK.try_lock("a"))
    drive(LOCK.unlock("a"))
    assert drive.blocks(LOCK.lock("b"))
    drive(LOCK.unlock("a"))
    assert drive.value == FREE


def test_a_lock_ends_with_its_session_however_often_it_was_taken() -> None:
    drive = Driver(LOCK)
    drive(LOCK.lock("a"))
    drive(LOCK.lock("a"))
    drive(LOCK.end_session("b"))
    assert drive(LOCK.has("a")) is True
    drive(LOCK.end_session("a"))
    assert drive.value == FREE


def test_a_session_may_be_lost_and_its_client_learns_of_it_when_it_releases() -> None:
    drive = Driver(LOCK)
    assert drive.blocks(LOCK.lose())
    drive(LOCK.lock("a"))
    assert drive.fault(LOCK.lose(), "session-lost") == "a"
    assert drive(LOCK.unlock("a")) is False


@dataclass(frozen=True)
class Sweepers(Components):
    lock: AdvisoryLock = AdvisoryLock("lock")
    seat: Row = Row("seat", None)
    both: Row = Row("both", False)


CRASH = Fault("sweeper-crash", "a sweeper is killed", "PostgreSQL: pg_terminate_backend", bounded=True)


def sweep(system: Sweepers, key: str) -> Steps:
    yield system.lock.lock(f"sweeper/{key}")
    yield system.seat.set(key)
    if (yield system.seat.get()) != key:
        yield system.both.set(True)
    yield system.lock.unlock(f"sweeper/{key}")


@always
def one_at_a_time(both: bool) -> bool:
    return both


@settled
def the_lock_is_released(lock: Held) -> bool:
    return lock != FREE


def design(noticed: Any) -> Design[Sweepers]:
    crashes = (crash(CRASH, restarts=False, noticed=noticed),)
    roles = (one_each("sweeper", sweep, crashes=crashes),)
    return Design(
        "sweepers", "one sweep at a time", "PostgreSQL", Sweepers(), roles, (one_at_a_time, the_lock_is_released)
    )


SWEEPERS = design(lambda system, instance: ())


def test_two_never_work_at_a_time_unless_a_session_is_lost_behind_its_clients_back() -> None:
    assert violated(SWEEPERS, 2) == set()
    assert violated(SWEEPERS, 2, session_lost=1) == {"one-at-a-time"}


def test_a_session_ends_with_its_process_and_releases_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert violated(SWEEPERS, 2, sweeper_crash=1) == set()
    monkeypatch.setattr(LockSession, "broken", lambda *_, for_good: ())
    assert violated(SWEEPERS, 2, sweeper_crash=1) == {"the-lock-is-released"}


def keeps(system: Sweepers, key: str) -> Steps:
    yield system.lock.lock(f"sweeper/{key}")
    yield system.lock.lock(f"sweeper/{key}")
    yield system.lock.unlock(f"sweeper/{key}")


def test_a_session_ends_when_its_role_does(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = SWEEPERS.variant("kept", "one forgets to release it", roles={"sweeper": keeps})
    assert violated(kept, 2) == set()
    monkeypatch.setattr(LockSession, "closed", lambda *_: ())
    assert violated(kept, 2) == {"the-lock-is-released"}


def test_a_session_that_two_processes_could_have_is_refused() -> None:
    def foreign(system: Sweepers, key: str) -> Steps:
        yield system.lock.try_lock("sweeper")

    with pytest.raises(ModelError, match="'sweeper' of the lock 'lock' is not that of the process 'sweeper/key1'"):
        violated(SWEEPERS.variant("foreign", "one name for all", roles={"sweeper": foreign}), 2)


@dataclass(frozen=True)
class Keyed(Components):
    lock: AdvisoryLock = AdvisoryLock("lock", keyed=True)


@settled
def free(lock: Held) -> bool:
    return lock != FREE


def test_a_lock_of_each_key_is_that_of_its_process() -> None:
    def own(system: Keyed, key: str) -> Steps:
        yield system.lock.lock(f"own/{key}", key=key)

    def other(system: Keyed, key: str) -> Steps:
        yield system.lock.lock(f"own/{key}", key="key1" if key == "key2" else "key2")

    def of(role: Any) -> Design[Keyed]:
        return Design("keyed", "a lock each", "PostgreSQL", Keyed(), (one_each("own", role),), (free,))

    assert violated(of(own), 2) == set()
    with pytest.raises(ModelError, match="which is not its own key"):
        violated(of(other), 2)
