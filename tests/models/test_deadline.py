"""Deadlines: they outlast something, and expire once that is over; earlier only by a fault."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from deadheat.models.any_system import Components
from deadheat.models.claims import always, settled
from deadheat.models.components.deadline import EARLY_EXPIRY, Deadline
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.periods import Clock, Period, runs_out
from deadheat.models.roles import Steps, crash, one, one_each
from deadheat.sim import components as sim
from deadheat.sim.components import Component, Step, operation
from deadheat.sim.faults import Fault
from deadheat.sim.operations import atomically
from deadheat.sim.traits import by_itself
from tests.models.driver import Driver, violated

DEADLINE = Deadline("deadline")


def test_a_deadline_that_is_not_armed_does_not_expire() -> None:
    drive = Driver(DEADLINE)
    assert drive.blocks(DEADLINE.expire())
    drive(DEADLINE.close())
    assert drive.blocks(DEADLINE.expire())


def test_while_what_it_outlasts_is_open_it_expires_only_by_the_fault() -> None:
    drive = Driver(DEADLINE)
    drive(DEADLINE.arm())
    assert [each.fault for each in drive.steps(DEADLINE.expire())] == [EARLY_EXPIRY]
    drive(DEADLINE.close())
    assert [each.fault for each in drive.steps(DEADLINE.expire())] == [None]
    drive(DEADLINE.open())
    assert [each.fault for each in drive.steps(DEADLINE.expire())] == [EARLY_EXPIRY]


def test_what_it_outlasts_may_be_over_before_it_is_armed() -> None:
    drive = Driver(DEADLINE)
    drive(DEADLINE.close())
    drive(DEADLINE.arm())
    assert [each.fault for each in drive.steps(DEADLINE.expire())] == [None]


def test_whoever_waits_goes_on_when_it_has_expired() -> None:
    drive = Driver(DEADLINE)
    drive(DEADLINE.arm())
    drive(DEADLINE.close())
    assert drive.blocks(DEADLINE.wait())
    assert drive(DEADLINE.look()) is Clock.RUNNING
    drive(DEADLINE.expire())
    assert drive(DEADLINE.look()) is Clock.EXPIRED
    assert drive(DEADLINE.wait()) is None
    assert drive.blocks(DEADLINE.expire())


def test_it_can_be_renewed_and_called_off_only_in_time() -> None:
    drive = Driver(DEADLINE)
    assert drive(DEADLINE.renew()) is False
    drive(DEADLINE.arm())
    assert drive(DEADLINE.renew()) is True
    assert drive(DEADLINE.call_off()) is True
    assert drive(DEADLINE.call_off()) is False
    drive(DEADLINE.arm())
    drive.fault(DEADLINE.expire(), "early-expiry")
    assert drive(DEADLINE.renew()) is False
    assert drive(DEADLINE.call_off()) is False


def test_each_deadline_can_have_a_fault_of_its_own() -> None:
    short = Fault("tombstone-too-short", "a tombstone goes before the last delivery", "Redis: EXPIRE")
    deadline = Deadline("tombstone", early=short, is_open=False)
    assert deadline.faults == (short,)
    drive = Driver(deadline)
    drive(deadline.arm())
    assert [each.fault for each in drive.steps(deadline.expire())] == [None]
    drive(deadline.open())
    assert [each.fault for each in drive.steps(deadline.expire())] == [short]


@pytest.mark.parametrize(
    "period", [Period(), Period(Clock.RUNNING), Period(Clock.RUNNING, False), Period(Clock.EXPIRED)]
)
def test_a_period_says_how_it_stands(period: Period) -> None:
    assert str(period) in {"off", "running", "running, nothing left to outlast", "expired"}


class Lease(NamedTuple):
    holder: str | None = None
    time: Period = Period()


TOO_SHORT = Fault("lease-too-short", "a lease runs out while its holder is at work", "Gray and Cheriton: Leases (1989)")


class Leases(Component):
    """A component of a user's own, with a period in one line."""

    initial = Lease()
    faults = (TOO_SHORT,)

    @operation
    def take(self, value: Lease, holder: str) -> sim.Steps:
        return () if value.holder else (Step(None, Lease(holder, value.time.opened().armed())),)

    @operation
    def done(self, value: Lease) -> sim.Steps:
        return (Step(None, value._replace(time=value.time.closed())),)

    @by_itself()
    @operation
    def run_out(self, value: Lease) -> sim.Steps:
        return runs_out(value.time, TOO_SHORT, lambda time: Lease(None, time))


@dataclass(frozen=True)
class Workshop(Components):
    leases: Leases = Leases("leases")
    working: Row = Row("working", 0)


def work(shop: Workshop, key: str) -> Steps:
    yield shop.leases.take(key)
    before = yield shop.working.get()
    yield shop.working.set(before + 1)
    now = yield shop.working.get()
    yield shop.working.set(now - 1)
    yield shop.leases.done()


@always
def one_at_a_time(working: int) -> bool:
    return working > 1


@settled
def everybody_gets_the_lease(leases: Lease) -> bool:
    return leases.holder is not None


LEASED = Design(
    "leased",
    "one at a time",
    "Gray and Cheriton",
    Workshop(),
    (one_each("worker", work),),
    (one_at_a_time, everybody_gets_the_lease),
)


def test_a_component_of_ones_own_has_a_period_in_one_line() -> None:
    assert violated(LEASED, 2) == set()
    assert violated(LEASED, 2, lease_too_short=1) == {"one-at-a-time"}


@dataclass(frozen=True)
class Dispatch(Components):
    tombstone: Deadline = Deadline("tombstone")
    request: Row = Row("request", "sent")
    job: Row = Row("job", None)


def cancel(system: Dispatch) -> Steps:
    yield system.tombstone.arm()


def handle(system: Dispatch) -> Steps:
    """Create the job unless a tombstone says not to, then let go of the request."""
    buried = (yield system.tombstone.look()) is Clock.RUNNING
    if not buried:
        was_ever = (yield system.tombstone.look()) is Clock.EXPIRED
        yield system.job.set("created after its tombstone went" if was_ever else "created")
    yield system.tombstone.close()


@always
def no_job_after_its_tombstone(job: str | None) -> str | None:
    return job if job == "created after its tombstone went" else None


@settled
def no_tombstone_stays(tombstone: Period) -> bool:
    return tombstone.is_running


TOMBSTONE = Design(
    "tombstone",
    "a cancelled request leaves a tombstone, which outlasts its last delivery",
    "Redis: EXPIRE",
    Dispatch(),
    (one("cancel", cancel), one("dispatcher", handle)),
    (no_job_after_its_tombstone, no_tombstone_stays),
)


def test_a_tombstone_outlasts_the_request_and_goes_in_the_end() -> None:
    assert violated(TOMBSTONE) == set()


def test_a_tombstone_that_is_too_short_lets_a_late_request_through() -> None:
    assert violated(TOMBSTONE, early_expiry=1) == {"no-job-after-its-tombstone"}


@dataclass(frozen=True)
class Sandboxes(Components):
    row: Row = Row("row", None)
    folder: Row = Row("folder", None)
    young: Deadline = Deadline("young")


ROLLBACK = Fault("rollback", "the request that creates a session fails", "PostgreSQL: ROLLBACK", bounded=True)


def create(system: Sandboxes) -> Steps:
    """Make the folder before the row is committed, as a request does that commits at its end."""
    yield atomically(system.folder.set("made"), system.young.arm())
    yield atomically(system.row.set("committed"), system.young.close())


def sweep(system: Sandboxes) -> Steps:
    yield system.folder.wait_for("made")
    if (yield system.row.get()) is None:
        yield system.folder.set("swept")


def sweep_what_is_old(system: Sandboxes) -> Steps:
    yield system.young.wait()
    yield from sweep(system)


@settled
def a_session_keeps_its_folder(row: str | None, folder: str | None) -> bool:
    return row == "committed" and folder == "swept"


@settled
def a_folder_without_a_session_is_swept(row: str | None, folder: str | None) -> bool:
    return row is None and folder == "made"


def sandboxes(sweeps: Any) -> Design[Sandboxes]:
    failed = crash(ROLLBACK, restarts=False, noticed=lambda system, _: (system.young.close(),))
    roles = (one("session", create, crashes=(failed,)), one("sweep", sweeps, repeats=True))
    claims = (a_session_keeps_its_folder, a_folder_without_a_session_is_swept)
    return Design("sandboxes", "a sweep of folders without a session", "onyx PR 13202", Sandboxes(), roles, claims)


def test_a_sweep_takes_what_is_not_committed_yet_for_an_orphan_unless_it_spares_what_is_young() -> None:
    assert violated(sandboxes(sweep), rollback=1) == {"a-session-keeps-its-folder"}
    assert violated(sandboxes(sweep_what_is_old), rollback=1) == set()
    assert violated(sandboxes(sweep_what_is_old), rollback=1, early_expiry=1) == {"a-session-keeps-its-folder"}
