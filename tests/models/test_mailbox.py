"""Mailboxes: messages wait until somebody receives them, once each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deadheat.models.any_system import Components
from deadheat.models.claims import always, settled
from deadheat.models.components.mailbox import Mailbox
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from tests.models.driver import Driver, violated

BOX = Mailbox("box")


def test_messages_are_received_once_and_in_order() -> None:
    drive = Driver(BOX)
    assert drive.blocks(BOX.receive())
    drive(BOX.send("a"))
    drive(BOX.send("b"))
    assert drive(BOX.size()) == 2
    assert [drive(BOX.receive()), drive(BOX.poll()), drive(BOX.poll())] == ["a", "b", None]


def test_a_full_mailbox_lets_its_sender_wait_or_turns_the_message_away() -> None:
    small = Mailbox("small", capacity=1)
    drive = Driver(small)
    assert drive(small.offer("a")) is True
    assert drive.blocks(small.send("b"))
    assert drive(small.offer("b")) is False
    assert drive.value == ("a",)


def test_without_an_order_any_message_may_come_next_and_equal_ones_are_one_choice() -> None:
    bag = Mailbox("bag", ordered=False)
    drive = Driver(bag)
    for each in ("b", "a", "b"):
        drive(bag.send(each))
    assert drive.value == ("a", "b", "b")
    assert drive.outcomes(bag.receive()) == ["a", "b"]


def test_messages_that_are_only_equal_to_python_are_told_apart() -> None:
    bag = Mailbox("bag", ordered=False)
    drive = Driver(bag)
    drive(bag.send(1))
    drive(bag.send(True))
    assert {str(each) for each in drive.outcomes(bag.receive())} == {"1", "True"}


def test_only_a_lossy_mailbox_loses_and_doubles() -> None:
    assert BOX.faults == ()
    lossy = Mailbox("net", lossy=True)
    assert [each.kind for each in Driver(lossy).steps(lossy.send("a"))] == [None, "message-loss", "message-twice"]
    full = Mailbox("net", lossy=True, capacity=1)
    assert [each.kind for each in Driver(full).steps(full.send("a"))] == [None, "message-loss"]


def test_what_waits_goes_with_the_process_that_had_it() -> None:
    drive = Driver(BOX)
    drive(BOX.send("a"))
    drive(BOX.clear())
    assert drive.blocks(BOX.receive())


@dataclass(frozen=True)
class Payments(Components):
    network: Mailbox = Mailbox("network", lossy=True)
    paid: Row = Row("paid", 0)


def order(system: Payments) -> Steps:
    yield system.network.send("pay 1")


def pay(system: Payments) -> Steps:
    yield system.network.receive()
    paid = yield system.paid.get()
    yield system.paid.set(paid + 1)


def pay_once(system: Payments) -> Steps:
    yield system.network.receive()
    yield system.paid.compare_and_set(0, 1)


@always
def paid_once(paid: int) -> bool:
    return paid > 1


@settled
def paid_at_all(paid: int) -> bool:
    return paid == 0


def design(pays: Any) -> Design[Payments]:
    roles = (one("shop", order), one("bank", pays, repeats=True))
    return Design("payments", "a message orders a payment", "SQS", Payments(), roles, (paid_once, paid_at_all))


def test_at_least_once_pays_twice_unless_the_handler_compares() -> None:
    assert violated(design(pay)) == set()
    assert violated(design(pay), message_twice=1) == {"paid-once"}
    assert violated(design(pay_once), message_twice=1) == set()


def test_a_message_that_is_lost_and_not_repeated_is_never_handled() -> None:
    assert violated(design(pay_once), message_loss=1) == {"paid-at-all"}
