"""A payer that waits for a token, and one that does not; a giver that gives one, and one that does not."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import BLOCKED, Component, Components, Design, Outcomes, Step, Steps, one_each, operation, settled
from deadheat.library import Row


class Token(Component):
    """A token."""

    keyed = True
    initial = 0

    @operation
    def give(self, held: int, order: str) -> Outcomes:
        """Give it."""
        del held, order
        return (Step(None, 1),)

    @operation
    def wait(self, held: int, order: str) -> Outcomes:
        """Wait for it, and take it."""
        del order
        return (Step(None, 0),) if held else BLOCKED


@dataclass(frozen=True)
class Shop(Components):
    """All there is."""

    token: Token = Token("token")
    paid: Row = Row("paid", False, keyed=True)


def give(shop: Shop, order: str) -> Steps:
    """Give a token."""
    yield shop.token.give(order)


def give_none(shop: Shop, order: str) -> Steps:
    """Give none any more."""
    yield shop.paid.get(order)


def pay(shop: Shop, order: str) -> Steps:
    """Pay once there is a token."""
    yield shop.token.wait(order)
    yield shop.paid.set(True, order)


def pay_at_once(shop: Shop, order: str) -> Steps:
    """Pay without one."""
    yield shop.paid.set(True, order)


@settled
def paid_in_the_end(order: str, paid: bool) -> str | None:
    """Every order is paid in the end."""
    return None if paid else f"{order} is never paid"


OLD = Design(
    name="old",
    summary="with tokens",
    source="a test",
    key="order",
    components=Shop(),
    roles=(one_each("giver", give), one_each("payer", pay)),
    claims=(paid_in_the_end,),
)
NEW = OLD.variant("new", "without tokens", roles={"giver": give_none, "payer": pay_at_once})
