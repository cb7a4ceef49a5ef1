"""Publish and subscribe: whoever listens at that moment is told, and nobody else ever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import settled
from deadheat.models.components.pubsub import Disconnected, Listener, PubSub
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from deadheat.sim.operations import atomically
from tests.models.driver import Driver, violated

CHANNEL = PubSub("channel")


def test_what_is_published_goes_to_those_who_listen_then_in_order() -> None:
    drive = Driver(CHANNEL)
    assert drive(CHANNEL.publish("early")) == 0
    assert drive(CHANNEL.subscribe("a")) is True
    assert drive(CHANNEL.publish("one")) == 1
    drive(CHANNEL.subscribe("b"))
    assert drive(CHANNEL.publish("two")) == 2
    assert [drive(CHANNEL.receive("a")), drive(CHANNEL.receive("a"))] == ["one", "two"]
    assert drive(CHANNEL.receive("b")) == "two"
    assert drive.blocks(CHANNEL.receive("b"))


def test_to_subscribe_again_changes_nothing_and_loses_nothing() -> None:
    drive = Driver(CHANNEL)
    drive(CHANNEL.subscribe("a"))
    drive(CHANNEL.publish("one"))
    assert drive(CHANNEL.subscribe("a")) is False
    assert drive(CHANNEL.receive("a")) == "one"


def test_nothing_is_kept_for_a_listener_whose_connection_broke() -> None:
    drive = Driver(CHANNEL)
    drive(CHANNEL.subscribe("a"))
    drive(CHANNEL.publish("one"))
    assert drive.fault(CHANNEL.disconnect(), "listener-lost") == "a"
    assert drive(CHANNEL.is_subscribed("a")) is False
    assert drive(CHANNEL.publish("two")) == 0
    assert drive(CHANNEL.receive("a")) == Disconnected()
    assert drive(CHANNEL.subscribe("a")) is True
    assert drive.blocks(CHANNEL.receive("a"))


def test_what_was_on_its_way_when_the_connection_broke_is_heard_up_to_some_message() -> None:
    drive = Driver(CHANNEL)
    drive(CHANNEL.subscribe("a"))
    for each in ("one", "two"):
        drive(CHANNEL.publish(each))
    broken = drive.steps(CHANNEL.disconnect())
    assert [dict(each.value).get("a", Listener()).pending for each in broken] == [(), ("one",), ("one", "two")]
    drive.value = broken[1].value
    drive(CHANNEL.publish("three"))
    assert drive(CHANNEL.receive("a")) == "one"
    assert drive(CHANNEL.receive("a")) == Disconnected()
    drive.value = broken[2].value
    assert drive(CHANNEL.subscribe("a")) is True
    assert drive.blocks(CHANNEL.receive("a"))


def test_the_connection_of_anybody_who_listens_may_break_and_of_nobody_else() -> None:
    drive = Driver(CHANNEL)
    assert drive.blocks(CHANNEL.disconnect())
    for each in ("b", "a"):
        drive(CHANNEL.subscribe(each))
    drive(CHANNEL.unsubscribe("b"))
    drive(CHANNEL.subscribe("c"))
    assert [each.outcome for each in drive.steps(CHANNEL.disconnect())] == ["a", "c"]


@dataclass(frozen=True)
class Jobs(Components):
    row: Row = Row("row", "running")
    channel: PubSub = PubSub("channel")
    worker: Row = Row("worker", "working")


def cancel(system: Jobs) -> Steps:
    yield system.channel.is_subscribed("worker")
    yield atomically(system.row.set("cancelled"), system.channel.publish("cancel"))


def listen(system: Jobs) -> Steps:
    """Subscribe again whenever the connection is lost, and count on the signal."""
    yield system.channel.subscribe("worker")
    heard = yield system.channel.receive("worker")
    if heard == "cancel":
        yield system.worker.set("stopped")


def list_again(system: Jobs) -> Steps:
    """After each subscription, look at what may have been told before."""
    yield system.channel.subscribe("worker")
    if (yield system.row.get()) == "cancelled":
        yield system.worker.set("stopped")
        return
    heard = yield system.channel.receive("worker")
    if heard == "cancel":
        yield system.worker.set("stopped")


def list_too_early(system: Jobs) -> Steps:
    """The same in the wrong order: what is told between the look and the subscription is lost."""
    if (yield system.row.get()) == "cancelled":
        yield system.worker.set("stopped")
        return
    yield system.channel.subscribe("worker")
    heard = yield system.channel.receive("worker")
    if heard == "cancel":
        yield system.worker.set("stopped")


@settled
def a_cancelled_job_stops(row: str, worker: str) -> bool:
    return row == "cancelled" and worker == "working"


def design(listener: Any) -> Design[Jobs]:
    roles = (one("user", cancel, owed=False), one("worker", listener, repeats=True))
    return Design("jobs", "a cancel signal by NOTIFY", "river issue 1358", Jobs(), roles, (a_cancelled_job_stops,))


def subscribed_first(listener: Any) -> Design[Jobs]:
    """The same, if the signal is given only once the worker has been listening."""

    def cancel_later(system: Jobs) -> Steps:
        yield system.worker.wait_for("listening")
        yield atomically(system.row.set("cancelled"), system.channel.publish("cancel"))

    def listen_aloud(system: Jobs) -> Steps:
        yield atomically(system.channel.subscribe("worker"), system.worker.set("listening"))
        while (yield system.worker.get()) != "stopped":
            yield from listener(system)

    @settled
    def a_cancelled_job_stops(row: str, worker: str) -> bool:
        return row == "cancelled" and worker != "stopped"

    roles = (one("user", cancel_later, owed=False), one("worker", listen_aloud))
    return Design("jobs", "a cancel signal by NOTIFY", "river issue 1358", Jobs(), roles, (a_cancelled_job_stops,))


def test_a_signal_that_is_given_before_anybody_listens_is_lost_without_any_fault() -> None:
    assert violated(design(listen)) == {"a-cancelled-job-stops"}


def test_a_signal_is_lost_while_the_listener_is_down() -> None:
    assert violated(subscribed_first(listen)) == set()
    assert violated(subscribed_first(listen), listener_lost=1) == {"a-cancelled-job-stops"}


def test_to_list_again_after_subscribing_mends_it_whatever_happens() -> None:
    assert violated(design(list_again), listener_lost=2) == set()
    assert violated(subscribed_first(list_again), listener_lost=2) == set()


def test_to_list_again_before_subscribing_mends_nothing() -> None:
    assert violated(subscribed_first(list_too_early), listener_lost=1) == {"a-cancelled-job-stops"}
