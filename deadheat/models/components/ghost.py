"""Ghost values: facts that no real process can see, noted for properties and assumptions.

`atomically(shop.loads.set(...), shop.seen.note("loaded", order))` notes at the very instant of a real operation that it
happened. A property reads what was noted. And `atomically(shop.kills.send("kill"), shop.seen.once("loaded", order))`
is possible only after that: an *assumption*, written where it is meant. It restricts the runs that are looked at, so
whatever holds, holds under it: "the kill comes after loading" hides the trivial cause in order that the interesting one
shows, and says nothing of kills that come before.

Source: Owicki and Gries, "An Axiomatic Proof Technique for Parallel Programs I" (1976), auxiliary variables: what is
noted must not change what the real parts do. So no role may decide by a ghost, and it has no operation that answers.

Not modelled: how often, and in what order, facts were noted.
"""

from __future__ import annotations

from typing import TypeAlias

from deadheat.models.components.one_or_each import OneOrEach
from deadheat.sim.components import BLOCKED, Step, Steps, operation
from deadheat.sim.traits import assumes, hands_work, passes_work_on

__all__ = ["Fact", "Facts", "Ghost", "was_noted"]

Fact: TypeAlias = tuple[str, str]
"""What was noted, and what about: "" where there is only one."""

Facts: TypeAlias = tuple[Fact, ...]
"""What was noted, sorted."""


class Ghost(OneOrEach):
    """Facts that were noted, and assumptions on when something may happen."""

    is_ghost = True
    initial: Facts = ()

    def describe(self, value: Facts) -> str:
        """Return the facts."""
        return ", ".join(f"{what} {about}".rstrip() for what, about in value) or "nothing noted"

    def in_order(self, value: Facts) -> Facts:
        """Return the facts in their order."""
        return tuple(sorted(value))

    @passes_work_on  # no guard, which a mutant could leave out
    @operation
    def note(self, value: Facts, fact: str, about: str | None = None, key: str | None = None) -> Steps:
        """Note a fact; put it beside the operation that makes it one, with `atomically`."""
        return (Step(None, tuple(sorted({*value, (fact, about or "")}))),)

    @assumes
    @hands_work
    @operation
    def once(self, value: Facts, fact: str, about: str | None = None, key: str | None = None) -> Steps:
        """Assume that this comes only after a fact was noted: runs on which it comes before are not looked at."""
        return (Step(None, value),) if was_noted(value, fact, about) else BLOCKED

    @assumes
    @hands_work
    @operation
    def before(self, value: Facts, fact: str, about: str | None = None, key: str | None = None) -> Steps:
        """Assume that this comes only before a fact is noted: runs on which it comes after are not looked at."""
        return BLOCKED if was_noted(value, fact, about) else (Step(None, value),)


def was_noted(facts: Facts, fact: str, about: str | None = None) -> bool:
    """Return whether a fact was noted, for properties that read the ghost."""
    return (fact, about or "") in facts
