"""An outbox: an order and the message that tells of it commit together, and a relay sends what has committed.

    deadheat check examples/outbox.py --expected
    deadheat show examples/outbox.py:OUTBOX

The pattern is https://microservices.io/patterns/data/transactional-outbox.html. A shop writes an order to its database,
and tells the warehouse by a message that the goods are to be taken. Whoever does the one and then the other does only
one of them when it is killed in between (`WRITTEN_THEN_SENT`, `SENT_THEN_WRITTEN`). With the outbox (`OUTBOX`) a relay
sends, and then deletes what it has sent; when it is killed between these, it sends again. So the consumer must not
mind, by a table of what it has received, written in the transaction in which it does what it is told (`DEDUPLICATED`).

Two relays that do not know of each other send everything twice without any fault (`TWO_RELAYS`). FOR UPDATE SKIP LOCKED
mends just that (`SKIP_LOCKED`): a crash of a relay still sends twice, and needs such a consumer (`ALL_OF_IT`).

Left out: the order of messages, a broker that loses any, and a consumer that cannot do what it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from deadheat import (
    BLOCKED,
    Component,
    Components,
    Design,
    Fault,
    Instance,
    Label,
    Operation,
    Outcomes,
    Role,
    Step,
    Steps,
    crash,
    hands_work,
    one_each,
    operation,
    passes_work_on,
    settled,
    several,
)
from deadheat.library import Column, Database, DatabaseState, Record, RowLock

IN_STOCK = 10

SHOP_CRASH = Fault(
    "shop-crash", "the shop is killed in the middle of a request", "Kubernetes: Pod Lifecycle", bounded=True
)
RELAY_CRASH = Fault("relay-crash", "a relay is killed, and starts anew", "Kubernetes: Pod Lifecycle")
CONSUMER_CRASH = Fault("consumer-crash", "a consumer is killed, and starts anew", "Kubernetes: Pod Lifecycle")

B1 = Label("B1", "the order is committed")
B2 = Label("B2", "a message is sent")
B3 = Label("B3", "a relay looks for a message in the outbox")
B4 = Label("B4", "a relay has deleted a message from the outbox")
B5 = Label("B5", "a consumer receives a message")
B6 = Label("B6", "the goods are taken")


class Order(Record, table="orders"):
    id: Column[str]


class Message(Record, table="outbox"):
    order: Column[str]


class Stock(Record, table="stock"):
    item: Column[str]
    left: Column[int]


class Received(Record, table="received"):
    order: Column[str]


class Delivery(NamedTuple):
    """How many messages about an order wait, and whether one was received and not acknowledged."""

    waiting: int = 0
    unacknowledged: bool = False


class Broker(Component):
    """A topic: what is not acknowledged when its consumer is gone is delivered again."""

    keyed = True
    initial = Delivery()

    def describe(self, value: Delivery) -> str:
        """Return how many messages wait, and whether one is at the consumer."""
        return f"{value.waiting} to deliver" + (", 1 delivered" if value.unacknowledged else "")

    @passes_work_on
    @operation
    def publish(self, value: Delivery, order: str) -> Outcomes:
        """Send a message about an order."""
        return (Step(None, value._replace(waiting=value.waiting + 1)),)

    @hands_work
    @operation
    def receive(self, value: Delivery, order: str) -> Outcomes:
        """Wait for a message about an order."""
        return (Step(order, Delivery(value.waiting - 1, unacknowledged=True)),) if value.waiting else BLOCKED

    @operation
    def acknowledge(self, value: Delivery, order: str) -> Outcomes:
        """Say that what was received is done."""
        return (Step(None, value._replace(unacknowledged=False)),)

    @operation
    def deliver_again(self, value: Delivery, order: str) -> Outcomes:
        """What was received and not acknowledged waits again."""
        return (Step(None, Delivery(value.waiting + value.unacknowledged)),)


@dataclass(frozen=True)
class Shop(Components):
    """The database of the shop, the broker, and the database of the warehouse."""

    db: Database = Database("db", Order, Message)
    broker: Broker = Broker("broker")
    warehouse: Database = Database("warehouse", Stock, Received, rows=(Stock("shoes", IN_STOCK),))


def write_and_send(shop: Shop, order: str) -> Steps:
    """POST /orders, without an outbox."""
    yield B1(shop.db.insert(Order(order)))
    yield B2(shop.broker.publish(order))


def send_and_write(shop: Shop, order: str) -> Steps:
    """The same, the other way round."""
    yield B2(shop.broker.publish(order))
    yield B1(shop.db.insert(Order(order)))


def place(shop: Shop, order: str) -> Steps:
    """POST /orders, with an outbox."""
    tx = shop.db.begin()
    yield from tx.insert(Order(order))
    yield from tx.insert(Message(order))
    yield from tx.commit(label=B1)


def relay(shop: Shop, number: int) -> Steps:
    """Send one message, and then delete it."""
    yield from relay_one(shop, number, lock=None)


def relay_unlocked(shop: Shop, number: int) -> Steps:
    """The same with one that no other relay is about to send."""
    yield from relay_one(shop, number, lock=RowLock.SKIP_LOCKED)


def relay_one(shop: Shop, number: int, lock: RowLock | None) -> Steps:
    tx = shop.db.begin()
    messages = yield from tx.select(Message, limit=1, lock=lock, label=B3)
    if messages:
        order = messages[0].order
        yield B2(shop.broker.publish(order))
        yield from tx.delete(Message, Message.order == order)
    yield from tx.commit(label=B4)


def consume(shop: Shop, order: str) -> Steps:
    """Take the goods, and acknowledge that."""
    yield B5(shop.broker.receive(order))
    taken = yield B6(shop.warehouse.update(Stock, Stock.left.plus(-1), Stock.item == "shoes"))
    yield from acknowledge(shop, order, taken)


def consume_once(shop: Shop, order: str) -> Steps:
    """The same, unless the message was received before."""
    yield B5(shop.broker.receive(order))
    tx = shop.warehouse.begin()
    if (yield from tx.insert(Received(order), or_nothing=True)):
        yield from tx.update(Stock, Stock.left.plus(-1), where=Stock.item == "shoes")
    committed = yield from tx.commit(label=B6)
    yield from acknowledge(shop, order, committed)


def acknowledge(shop: Shop, order: str, is_done: object) -> Steps:
    yield shop.broker.acknowledge(order) if is_done else shop.broker.deliver_again(order)


def loses_its_message(shop: Shop, consumer: Instance) -> tuple[Operation, ...]:
    return (shop.broker.deliver_again(consumer.key or ""),)


def left(warehouse: DatabaseState) -> int:
    return sum(each.left for each in warehouse.rows_of(Stock))


@settled("nothing-taken-twice", "once everything has settled, no more goods were taken than were ordered", across=True)
def nothing_taken_twice(db: DatabaseState, warehouse: DatabaseState) -> str | None:
    ordered, taken = len(db.rows_of(Order)), IN_STOCK - left(warehouse)
    return f"{ordered} ordered, and {taken} taken" if taken > ordered else None


@settled("every-order-served", "once everything has settled, all goods were taken that were ordered", across=True)
def every_order_served(db: DatabaseState, warehouse: DatabaseState) -> str | None:
    ordered, taken = len(db.rows_of(Order)), IN_STOCK - left(warehouse)
    return f"{ordered} ordered, and {taken} taken" if taken < ordered else None


def roles(*, relays: int) -> tuple[Role[Shop], ...]:
    return (
        one_each("shop", place, crashes=(crash(SHOP_CRASH, restarts=False),)),
        several("relay", relay, relays, repeats=True, crashes=(crash(RELAY_CRASH),)),
        one_each("consumer", consume, repeats=True, crashes=(crash(CONSUMER_CRASH, noticed=loses_its_message),)),
    )


OUTBOX = Design(
    name="outbox",
    summary="a relay sends what has committed, and deletes it then",
    source="microservices.io, Transactional outbox",
    key="order",
    components=Shop(),
    roles=roles(relays=1),
    claims=(nothing_taken_twice, every_order_served),
    budgets={"relay-crash": 1},
    expects={"nothing-taken-twice": "violated", "every-order-served": "holds"},
)

WRITTEN_THEN_SENT = OUTBOX.variant(
    "no-outbox",
    "the order is written, and then the message is sent",
    roles={"shop": write_and_send},
    without=("relay",),
    budgets={"shop-crash": 1},
    expects={"nothing-taken-twice": "holds", "every-order-served": "violated"},
)

SENT_THEN_WRITTEN = WRITTEN_THEN_SENT.variant(
    "no-outbox-sent-first",
    "the message is sent, and then the order is written",
    roles={"shop": send_and_write},
    expects={"nothing-taken-twice": "violated", "every-order-served": "holds"},
)

DEDUPLICATED = OUTBOX.variant(
    "outbox-deduplicated",
    "the same, and a consumer knows what it has received",
    roles={"consumer": consume_once},
    budgets={"relay-crash": 1, "consumer-crash": 1, "sql-lost-commit": 1},
    expects={"nothing-taken-twice": "holds", "every-order-served": "holds"},
)

TWO_RELAYS = replace(
    OUTBOX,
    name="outbox-two-relays",
    summary="two relays, each of which sends what it sees",
    roles=roles(relays=2),
    budgets={},
)

SKIP_LOCKED = TWO_RELAYS.variant(
    "outbox-skip-locked",
    "two relays, each of which locks what it sends",
    roles={"relay": relay_unlocked},
    expects={"nothing-taken-twice": "holds", "every-order-served": "holds"},
)

ALL_OF_IT = SKIP_LOCKED.variant(
    "outbox-all",
    "the same, and a consumer knows what it has received",
    roles={"consumer": consume_once},
    budgets=DEDUPLICATED.budgets,
    expects={"nothing-taken-twice": "holds", "every-order-served": "holds"},
)
