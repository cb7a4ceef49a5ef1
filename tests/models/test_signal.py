"""Signals with a grace period: a process is told to end, and killed if it has not ended in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import settled
from deadheat.models.components.row import Row
from deadheat.models.components.signal import GRACE_TOO_SHORT, Signal, Signalled, Stage
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from deadheat.sim.operations import any_of, atomically
from tests.models.driver import Driver, violated

SIGNAL, LATER = Signal("signal"), Signal("signal", begun=False)


def test_a_process_is_told_and_ends_in_order() -> None:
    drive = Driver(SIGNAL)
    assert drive.blocks(SIGNAL.wait())
    assert drive(SIGNAL.send()) is True
    drive(SIGNAL.wait())
    assert drive(SIGNAL.look()) is Stage.ENDING
    assert drive(SIGNAL.end()) is True
    assert drive(SIGNAL.look()) is Stage.ENDED
    assert drive.blocks(SIGNAL.kill())
    assert drive.blocks(SIGNAL.alive())
    assert drive(SIGNAL.send()) is False


def test_a_process_that_ends_in_order_is_killed_before_only_by_the_fault() -> None:
    drive = Driver(SIGNAL)
    assert drive.blocks(SIGNAL.kill())
    drive(SIGNAL.send())
    assert [each.fault for each in drive.steps(SIGNAL.kill())] == [GRACE_TOO_SHORT]
    drive(SIGNAL.wait())
    drive.fault(SIGNAL.kill(), "grace-too-short")
    assert drive(SIGNAL.look()) is Stage.KILLED
    assert drive.blocks(SIGNAL.alive())
    assert drive(SIGNAL.end()) is False


def test_a_process_that_does_not_mind_is_killed_in_the_end_whether_it_says_so_early_or_late() -> None:
    for told_first in (True, False):
        drive = Driver(SIGNAL)
        for each in [SIGNAL.send(), SIGNAL.ignore()] if told_first else [SIGNAL.ignore(), SIGNAL.send()]:
            drive(each)
        assert [each.fault for each in drive.steps(SIGNAL.kill())] == [None]


def test_a_signal_to_a_process_that_has_not_begun_is_lost_and_its_time_runs() -> None:
    drive = Driver(LATER)
    assert drive.blocks(LATER.alive())
    assert drive(LATER.send()) is False
    assert drive(LATER.is_sent()) is True
    assert drive(LATER.begin()) is True
    assert drive.blocks(LATER.wait())
    assert [each.fault for each in drive.steps(LATER.kill())] == [None]


def test_what_is_killed_before_it_begins_does_not_begin() -> None:
    drive = Driver(LATER)
    drive(LATER.send())
    drive(LATER.kill())
    assert drive(LATER.begin()) is False


def test_a_second_signal_changes_nothing() -> None:
    drive = Driver(SIGNAL)
    drive(SIGNAL.send())
    drive(SIGNAL.wait())
    before = drive.value
    assert drive(SIGNAL.send()) is False
    assert drive.value == before


@dataclass(frozen=True)
class Pod(Components):
    signal: Signal = Signal("signal", begun=False)
    work: Row = Row("work", "none")


def delete(system: Pod) -> Steps:
    yield system.signal.look()
    yield system.signal.send()


def start(system: Pod) -> Steps:
    """Pull the image, then start the container, which works until it is told to end."""
    yield system.signal.look()
    begun, was_deleted = yield atomically(system.signal.begin(), system.signal.is_sent())
    if begun:
        yield from container(system, "done too late" if was_deleted else "done")


def start_unless_deleted(system: Pod) -> Steps:
    yield system.signal.look()
    begun, was_deleted = yield atomically(system.signal.begin(), system.signal.is_sent())
    if begun and not was_deleted:
        yield from container(system, "done")


def container(system: Pod, done: str) -> Steps:
    chosen = yield any_of(system.signal.wait(), atomically(system.work.set(done), system.signal.alive()))
    if chosen.which == 1:
        yield system.signal.wait()
    yield system.signal.end()


@settled
def nothing_is_done_after_the_delete(work: str) -> bool:
    return work == "done too late"


@settled
def a_deleted_pod_ends(signal: Signalled) -> bool:
    return signal.grace.is_running


def design(kubelet: Any) -> Design[Pod]:
    roles = (one("user", delete, owed=False), one("kubelet", kubelet))
    claims = (nothing_is_done_after_the_delete, a_deleted_pod_ends)
    return Design("pod", "a pod is deleted while its image is pulled", "kubernetes issue 125050", Pod(), roles, claims)


def test_a_pod_that_is_deleted_before_it_starts_works_all_the_same_until_it_is_killed() -> None:
    assert violated(design(start)) == {"nothing-is-done-after-the-delete"}


def test_a_kubelet_that_looks_in_the_same_step_starts_no_deleted_pod() -> None:
    assert violated(design(start_unless_deleted)) == set()
