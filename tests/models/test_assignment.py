"""Assignments: an owner shows by heartbeats that it is alive, or else another adopts its work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import always, settled
from deadheat.models.components.assignment import HEARTBEAT_LATE, NOBODY, Assigned, Assignment
from deadheat.models.components.ghost import Ghost
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Instance, Steps, crash, one
from deadheat.sim.faults import Fault
from deadheat.sim.operations import atomically
from tests.models.driver import Driver, violated

WORK = Assignment("work")


def test_work_is_given_to_one_owner() -> None:
    drive = Driver(WORK)
    assert drive(WORK.owner()) is None
    assert drive(WORK.assign("a")) is True
    assert drive(WORK.assign("b")) is False
    assert drive(WORK.owner()) == "a"
    assert [drive(WORK.beat("a")), drive(WORK.beat("b"))] == [True, False]


def test_the_heartbeat_of_an_owner_that_is_alive_lapses_only_by_the_fault() -> None:
    drive = Driver(WORK)
    assert drive.blocks(WORK.lapse())
    drive(WORK.assign("a"))
    assert [each.fault for each in drive.steps(WORK.lapse())] == [HEARTBEAT_LATE]
    drive(WORK.die("b"))
    assert [each.fault for each in drive.steps(WORK.lapse())] == [HEARTBEAT_LATE]
    drive(WORK.die("a"))
    assert [each.fault for each in drive.steps(WORK.lapse())] == [None]


def test_work_is_adopted_only_once_the_heartbeat_has_lapsed() -> None:
    drive = Driver(WORK)
    drive(WORK.assign("a"))
    assert drive.blocks(WORK.adopt("b"))
    drive.fault(WORK.lapse(), "heartbeat-late")
    assert drive(WORK.adopt("b")) == "a"
    assert drive(WORK.beat("a")) is False
    assert drive.blocks(WORK.adopt("a"))


def test_an_owner_that_is_back_in_time_keeps_its_work() -> None:
    drive = Driver(WORK)
    drive(WORK.assign("a"))
    drive.fault(WORK.lapse(), "heartbeat-late")
    assert drive(WORK.beat("a")) is True
    assert drive.blocks(WORK.adopt("b"))


def test_what_is_removed_is_nobodys_and_is_not_adopted() -> None:
    drive = Driver(WORK)
    drive(WORK.assign("a"))
    drive.fault(WORK.lapse(), "heartbeat-late")
    assert drive(WORK.remove()) == "a"
    assert drive.value == NOBODY
    assert drive.blocks(WORK.adopt("b"))


@dataclass(frozen=True)
class Triggers(Components):
    trigger: Assignment = Assignment("trigger")
    job: Row = Row("job", "running")
    user: Row = Row("user", "waits")
    seen: Ghost = Ghost("seen")


CRASH = Fault("triggerer-crash", "a triggerer is killed", "Airflow: Deferrable Operators", bounded=True)


def kill(system: Triggers) -> Steps:
    """Kill what has begun; a kill of what has not is another story."""
    yield system.trigger.owner()
    yield atomically(system.trigger.remove(), system.user.set("has killed"), system.seen.once("assigned"))


def own(system: Triggers) -> Steps:
    """Poll the remote job; when the trigger is not in the list any more, take that for a user's kill."""
    yield atomically(system.trigger.assign("a"), system.seen.note("assigned"))
    while (yield system.trigger.beat("a")):
        pass
    yield system.job.set("cancelled")


def own_and_ask(system: Triggers) -> Steps:
    """Before cancelling, ask why: another has it, or nobody."""
    yield atomically(system.trigger.assign("a"), system.seen.note("assigned"))
    while (yield system.trigger.beat("a")):
        pass
    if (yield system.trigger.owner()) is None:
        yield system.job.set("cancelled")


def adopt(system: Triggers) -> Steps:
    yield system.trigger.adopt("b")
    while (yield system.trigger.beat("b")):
        pass
    yield system.job.set("cancelled")


@always
def only_the_user_cancels(job: str, user: str) -> bool:
    return job == "cancelled" and user != "has killed"


@settled
def a_kill_cancels(job: str, user: str) -> bool:
    return user == "has killed" and job == "running"


def died(system: Triggers, instance: Instance) -> Any:
    return (system.trigger.die("a"),)


def design(owner: Any) -> Design[Triggers]:
    killed = crash(CRASH, restarts=False, noticed=died)
    roles = (one("user", kill, owed=False), one("triggerer", owner, crashes=(killed,)), one("other", adopt))
    claims = (only_the_user_cancels, a_kill_cancels)
    return Design("triggers", "triggers and their owners", "airflow PR 73454", Triggers(), roles, claims)


def test_a_paused_owner_takes_reassignment_for_a_kill_unless_it_asks() -> None:
    assert violated(design(own)) == set()
    assert violated(design(own), heartbeat_late=1) == {"only-the-user-cancels"}
    assert violated(design(own_and_ask), heartbeat_late=2) == set()


def test_the_work_of_an_owner_that_crashed_is_adopted_in_the_end() -> None:
    """Without a fault: a dead owner's heartbeat lapses by itself."""

    @settled
    def never_a_dead_mans(trigger: Assigned, user: str) -> bool:
        return trigger.owner == "a" and not trigger.heartbeat.open

    crashing = design(own_and_ask)
    watched = crashing.variant("watched", "the same", claims=(never_a_dead_mans,))
    assert violated(watched, triggerer_crash=1) == set()
    alone = watched.variant("alone", "nobody adopts", without=("other",))
    assert violated(alone, triggerer_crash=1) == {"never-a-dead-mans"}
