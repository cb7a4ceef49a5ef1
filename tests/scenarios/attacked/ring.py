"""A ring that is gone round for ever, and never left: a run that violates something, and does not stay put for it."""

from __future__ import annotations

from dataclasses import dataclass

from deadheat import Component, Components, Design, Outcomes, Step, Steps, eventually, one, operation


class Ring(Component):
    """Where somebody is: outside at 0, and on the ring from 1 to 3."""

    initial = 0

    @operation
    def step(self, place: int) -> Outcomes:
        """Enter the ring, or go on."""
        return (Step(None, place + 1 if place < 3 else 1),)


@dataclass(frozen=True)
class Parts(Components):
    """The ring alone."""

    ring: Ring = Ring("ring")


def mover(parts: Parts) -> Steps:
    """Make one step."""
    yield parts.ring.step()


@eventually
def done(ring: int) -> bool:
    """The ring is left in the end."""
    return ring > 0


RING = Design(
    name="ring",
    summary="somebody goes round for ever",
    source="a report of 2026",
    key="order",
    components=Parts(),
    roles=(one("mover", mover, repeats=True),),
    claims=(done,),
)
