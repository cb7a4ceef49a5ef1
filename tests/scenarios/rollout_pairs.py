"""Pairs of versions whose rollouts are known by hand: where old and new do not go together, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from deadheat.models.any_system import Components
from deadheat.models.claims import always
from deadheat.models.design import Design
from deadheat.models.roles import Steps, one_each
from deadheat.sim.components import Component, Step, Steps as Outcomes, operation

OLD, STOPPING, CANCELLED = "queued", "stopping", "cancelled"


class LedgerState(NamedTuple):
    """What is said of an order, whether its flag is raised, whether it was started, and whether that was too late."""

    status: str = OLD
    is_flagged: bool = False
    is_started: bool = False
    too_late: bool = False


class Ledger(Component):
    """Where orders are cancelled and started, each at one instant."""

    keyed = True
    initial = LedgerState()

    @operation
    def say(self, value: LedgerState, order: str, status: str) -> Outcomes:
        return (Step(None, value._replace(status=status)),)

    @operation
    def raise_flag(self, value: LedgerState, order: str) -> Outcomes:
        return (Step(None, value._replace(is_flagged=True)),)

    @operation
    def read(self, value: LedgerState, order: str) -> Outcomes:
        return (Step(value.status, value),)

    @operation
    def start_unless(
        self, value: LedgerState, order: str, statuses: tuple[str, ...], flagged: bool = False
    ) -> Outcomes:
        """Start it, unless it has one of these statuses, or, with `flagged`, its flag is raised."""
        if value.status in statuses or (flagged and value.is_flagged):
            return (Step(False, value),)
        is_cancelled = value.status in (STOPPING, CANCELLED) or value.is_flagged
        return (Step(True, value._replace(is_started=True, too_late=is_cancelled)),)


@dataclass(frozen=True)
class Desk(Components):
    """The ledger alone."""

    ledger: Ledger = field(default=Ledger("ledger"))


@always
def never_started_too_late(ledger: LedgerState) -> bool:
    """No order is started that was cancelled before."""
    return ledger.too_late


def cancel(desk: Desk, order: str) -> Steps:
    yield desk.ledger.say(order, CANCELLED)


def dispatch(desk: Desk, order: str) -> Steps:
    yield desk.ledger.start_unless(order, (CANCELLED,))


PLAIN = Design(
    name="plain",
    summary="an order that is cancelled is not started",
    source="a test",
    key="order",
    components=Desk(),
    roles=(one_each("dispatch", dispatch), one_each("cancel", cancel)),
    claims=(never_started_too_late,),
)


# A flag that no old dispatcher looks at


def cancel_by_flag(desk: Desk, order: str) -> Steps:
    yield desk.ledger.raise_flag(order)


def dispatch_looking(desk: Desk, order: str) -> Steps:
    yield desk.ledger.start_unless(order, (CANCELLED,), flagged=True)


def dispatch_looking_at_the_flag(desk: Desk, order: str) -> Steps:
    """Look at the flag, and no more at the status."""
    yield desk.ledger.start_unless(order, (), flagged=True)


FLAGGED = PLAIN.variant("flagged", "a flag instead", roles={"dispatch": dispatch_looking, "cancel": cancel_by_flag})


# A status that the old reads as "not cancelled", and one that it cannot read


def cancel_in_two(desk: Desk, order: str) -> Steps:
    yield desk.ledger.say(order, STOPPING)
    yield desk.ledger.say(order, CANCELLED)


def dispatch_knowing_both(desk: Desk, order: str) -> Steps:
    yield desk.ledger.start_unless(order, (CANCELLED, STOPPING))


IN_TWO = PLAIN.variant("in-two", "stopping first", roles={"dispatch": dispatch_knowing_both, "cancel": cancel_in_two})


def report(desk: Desk, order: str) -> Steps:
    known = {OLD: 1, CANCELLED: 2}
    yield desk.ledger.start_unless(order, (CANCELLED, STOPPING) if known[(yield desk.ledger.read(order))] else ())


def report_all(desk: Desk, order: str) -> Steps:
    known = {OLD: 1, CANCELLED: 2, STOPPING: 3}
    yield desk.ledger.start_unless(order, (CANCELLED, STOPPING) if known[(yield desk.ledger.read(order))] else ())


READING = PLAIN.variant("reading", "looks it up", roles={"dispatch": report})
READING_BOTH = PLAIN.variant("reading-both", "of two", roles={"dispatch": report_all, "cancel": cancel_in_two})


# The same by other names


def called_otherwise(desk: Desk, order: str) -> Steps:
    yield desk.ledger.say(order, CANCELLED)


def called_otherwise_too(wardrobe: Desk, which: str) -> Steps:
    yield wardrobe.ledger.start_unless(which, (CANCELLED,))


RENAMED = PLAIN.variant("renamed", "the same", roles={"dispatch": called_otherwise_too, "cancel": called_otherwise})


# Others that do not go together


class OtherLedger(Component):
    keyed = True
    initial = LedgerState()

    @operation
    def say(self, value: LedgerState, order: str, status: str) -> Outcomes:
        return (Step(None, value._replace(status=status)),)


@dataclass(frozen=True)
class OtherDesk(Components):
    ledger: OtherLedger = field(default=OtherLedger("ledger"))


def cancel_there(desk: OtherDesk, order: str) -> Steps:
    yield desk.ledger.say(order, CANCELLED)


MIGRATED = Design(
    name="migrated",
    summary="kept elsewhere",
    source="a test",
    key="order",
    components=OtherDesk(),
    roles=(one_each("cancel", cancel_there),),
    claims=(never_started_too_late,),
)
OF_CARDS = Design(
    name="of-cards",
    summary="another key",
    source="a test",
    key="card",
    components=Desk(),
    roles=PLAIN.roles,
    claims=(never_started_too_late,),
)
