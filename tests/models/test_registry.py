"""Registries: what is known under which name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import settled
from deadheat.models.components.mailbox import Mailbox
from deadheat.models.components.registry import Registry
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from tests.models.driver import Driver, violated

JOBS = Registry("jobs")


def test_what_is_registered_is_found_until_it_is_removed() -> None:
    drive = Driver(JOBS)
    assert drive(JOBS.find("job1")) is None
    assert drive(JOBS.register("job1", "thread 7")) is None
    assert drive(JOBS.find("job1")) == "thread 7"
    assert drive(JOBS.register("job1", "thread 8")) == "thread 7"
    assert drive(JOBS.remove("job1")) == "thread 8"
    assert drive(JOBS.remove("job1")) is None


def test_names_are_listed_in_one_order_however_they_came() -> None:
    drive = Driver(JOBS)
    for each in ("b", "a"):
        drive(JOBS.register(each))
    assert drive(JOBS.names()) == ("a", "b")


def test_an_entry_that_is_there_is_kept_if_so_asked() -> None:
    drive = Driver(JOBS)
    assert drive(JOBS.register_if_absent("job1", "mine")) is True
    assert drive(JOBS.register_if_absent("job1", "yours")) is False
    assert drive(JOBS.find("job1")) == "mine"


def test_whoever_waits_for_a_name_goes_on_once_it_is_registered() -> None:
    drive = Driver(JOBS)
    assert drive.blocks(JOBS.wait_for("job1"))
    drive(JOBS.register("job1"))
    assert drive(JOBS.wait_for("job1")) is True


def test_what_a_process_knows_goes_with_it() -> None:
    drive = Driver(JOBS)
    drive(JOBS.register("job1"))
    drive(JOBS.clear())
    assert drive(JOBS.names()) == ()


@dataclass(frozen=True)
class Worker(Components):
    jobs: Mailbox = Mailbox("jobs")
    kills: Mailbox = Mailbox("kills")
    running: Registry = Registry("running")
    killed: Registry = Registry("killed")
    interrupted: Row = Row("interrupted", False)
    asked: Row = Row("asked", False)


def controller(system: Worker) -> Steps:
    yield system.jobs.send("job1")
    yield system.kills.send("job1")
    yield system.asked.set(True)


def run(system: Worker) -> Steps:
    job = yield system.jobs.receive()
    yield system.running.register(job)


def run_and_look(system: Worker) -> Steps:
    job = yield system.jobs.receive()
    yield system.running.register(job)
    if (yield system.killed.find(job)):
        yield system.interrupted.set(True)


def look_and_run(system: Worker) -> Steps:
    job = yield system.jobs.receive()
    if (yield system.killed.find(job)):
        yield system.interrupted.set(True)
    yield system.running.register(job)


def kill(system: Worker) -> Steps:
    job = yield system.kills.receive()
    if (yield system.running.find(job)):
        yield system.interrupted.set(True)


def note_and_kill(system: Worker) -> Steps:
    job = yield system.kills.receive()
    yield system.killed.register(job)
    if (yield system.running.find(job)):
        yield system.interrupted.set(True)


@settled
def a_kill_is_not_forgotten(asked: bool, interrupted: bool) -> bool:
    return asked and not interrupted


def design(runs: Any, kills: Any) -> Design[Worker]:
    roles = (one("controller", controller), one("runner", runs), one("killer", kills))
    return Design("worker", "kills by a registry", "kestra issue 19684", Worker(), roles, (a_kill_is_not_forgotten,))


def test_a_kill_that_comes_before_its_job_is_registered_is_forgotten_unless_it_is_kept() -> None:
    assert violated(design(run, kill)) == {"a-kill-is-not-forgotten"}
    assert violated(design(run_and_look, note_and_kill)) == set()


def test_to_look_for_a_kill_before_registering_mends_nothing() -> None:
    assert violated(design(look_and_run, note_and_kill)) == {"a-kill-is-not-forgotten"}
