"""Sets with a time to live: what is put into them is forgotten in the end."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat.models.any_system import Components
from deadheat.models.claims import always, settled
from deadheat.models.components.expiring_set import FORGOTTEN_EARLY, ExpiringSet, Items
from deadheat.models.components.mailbox import Mailbox
from deadheat.models.components.row import Row
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one
from deadheat.sim.operations import atomically
from tests.models.driver import Driver, violated

KILLED = ExpiringSet("killed")


def test_an_item_is_in_the_set_until_it_is_removed() -> None:
    drive = Driver(KILLED)
    assert drive(KILLED.add("job1")) is True
    assert drive(KILLED.add("job1")) is False
    assert drive(KILLED.has("job1")) is True
    assert drive(KILLED.remove("job1")) is True
    assert drive(KILLED.remove("job1")) is False
    assert drive.value == ()


def test_an_item_that_something_may_still_ask_for_is_forgotten_only_by_the_fault() -> None:
    drive = Driver(KILLED)
    drive(KILLED.add("job1"))
    drive(KILLED.add("job2"))
    drive(KILLED.close("job2"))
    assert [(each.outcome, each.fault) for each in drive.steps(KILLED.expire())] == [
        ("job1", FORGOTTEN_EARLY),
        ("job2", None),
    ]
    assert drive(KILLED.expire()) == "job2"
    assert [drive(KILLED.has("job1")), drive(KILLED.has("job2"))] == [True, False]


def test_an_item_may_be_closed_before_it_is_added() -> None:
    drive = Driver(KILLED)
    drive(KILLED.close("job1"))
    assert drive.blocks(KILLED.expire())
    drive(KILLED.add("job1"))
    assert drive(KILLED.expire()) == "job1"
    drive(KILLED.open("job1"))
    assert drive.value == ()


@dataclass(frozen=True)
class Requests(Components):
    network: Mailbox = Mailbox("network", lossy=True, capacity=2)
    done: ExpiringSet = ExpiringSet("done")
    payments: Row = Row("payments", 0)


def caller(system: Requests) -> Steps:
    yield system.network.send("r1")


def handler(system: Requests) -> Steps:
    request = yield system.network.receive()
    if not (yield system.done.has(request)):
        paid = yield system.payments.get()
        yield atomically(system.done.add(request), system.payments.set(paid + 1))
    if not (yield system.network.size()):
        yield system.done.close(request)


@always
def paid_once(payments: int) -> bool:
    return payments > 1


@settled
def nothing_is_kept_for_ever(done: Items) -> bool:
    return any(time.is_running for _, time in done)


DEDUPED = Design(
    "deduped",
    "requests are known for a time, so that they are not done twice",
    "SQS: exactly-once processing",
    Requests(),
    (one("caller", caller), one("handler", handler, repeats=True)),
    (paid_once, nothing_is_kept_for_ever),
)


def test_a_request_is_not_done_twice_while_it_is_known() -> None:
    assert violated(DEDUPED, message_twice=1) == set()


def test_a_request_that_is_forgotten_early_is_done_twice() -> None:
    assert violated(DEDUPED, message_twice=1, forgotten_early=1) == {"paid-once"}
