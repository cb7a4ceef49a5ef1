"""Orders that share nothing but how often a fault may happen to all of them together."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import Component, Components, Design, Fault, Outcomes, Step, Steps, one_each, operation, settled

FIRST = Fault("first", "the answer is lost", "a test")
SECOND = Fault("second", "the answer is lost", "a test")


class Cell(Component):
    """What became of an order."""

    keyed = True
    initial = "new"
    faults = (FIRST, SECOND)

    @operation
    def ask(self, value: str, order: str) -> Outcomes:
        """Begin; it is lost at once, or goes on."""
        del value, order
        lost = (Step("end", "lost", fault=fault) for fault in self.faults)
        return (Step("more", "half"), *lost)

    @operation
    def finish(self, value: str, order: str) -> Outcomes:
        """End."""
        del value, order
        return (Step(None, "done"),)


@dataclass(frozen=True)
class Orders(Components):
    """The cells."""

    cell: Cell = Cell("cell")


def run(orders: Orders, order: str) -> Steps:
    """Work on one order."""
    if (yield orders.cell.ask(order)) == "more":
        yield orders.cell.finish(order)


@settled
def done(order: str, cell: str) -> str | None:
    """Every order is done in the end."""
    return None if cell == "done" else f"{order} is {cell}"


ORDERS = Design(
    name="orders",
    summary="orders that share a budget",
    source="a test",
    key="order",
    components=Orders(),
    roles=(one_each("run", run),),
    claims=(done,),
)
