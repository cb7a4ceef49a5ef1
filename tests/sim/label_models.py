"""Small models of which it is known by hand which sets of faults break what."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from itertools import combinations_with_replacement
from typing import Any

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.explore.labels.breaking import Question
from deadheat.sim.explore.labels.sets import Kinds
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.faults import Fault
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Operation

__all__ = ["HOLES", "KINDS", "Holes", "OneHole", "helpers", "holes", "one_hole", "question", "two_ways"]

KINDS = ("a", "b", "c", "d")
HOLES = len(KINDS)


class Holes(Component):
    """How often each kind of fault has made a hole, up to twice; and whether a round was made."""

    initial = (0,) * HOLES
    faults = tuple(Fault(kind, "a hole is made", "a test") for kind in KINDS)

    @operation
    def damage(self, value: tuple[int, ...]) -> Steps:
        """Make a hole, by any of the faults."""
        return tuple(
            Step(None, (*value[:number], min(held + 1, 2), *value[number + 1 :]), fault=KINDS[number])
            for number, held in enumerate(value)
        )

    @operation
    def mend(self, value: tuple[int, ...]) -> Steps:
        """Wait until all is whole."""
        return (Step(None, value),) if not any(value) else BLOCKED


def damaging(part: Holes) -> Generator[Operation, Any, None]:
    yield part.damage()


def holes(sets: tuple[Kinds, ...], kind: Kind = Kind.ALWAYS) -> Model:
    """Return a model that is broken exactly by these sets of faults, and by what contains one of them."""
    part = Holes("holes")

    def violation(view: View) -> bool:
        return any(all(view["holes"][each] >= wanted.count(each) for each in wanted) for wanted in sets)

    def by_a_step(before: View, after: View) -> bool:
        return violation(after) and not violation(before)

    wanted = Property(str(kind), "", kind, ("holes",), by_a_step if kind is Kind.STEP else violation)  # type: ignore[arg-type]
    return Model({"holes": part}, (Process("damaging", damaging, (part,), repeats=True, owed=False),), (wanted,))


def question(
    model: Model, up_to: int, base: Mapping[str, int] | None = None, options: SearchOptions = SearchOptions()
) -> Question:
    """Ask which sets of KINDS break a model, which is the same for all of them."""
    sets = [each for size in range(up_to + 1) for each in combinations_with_replacement(range(HOLES), size)]
    return Question(KINDS, up_to, dict.fromkeys(sets, model), base or {}, (), options)


class Count(Component):
    """How many helped."""

    initial = 0
    faults = (Fault("a", "one more helps", "a test"), Fault("b", "it counts twice", "a test"))

    @operation
    def help(self, value: int) -> Steps:
        """Help, as long as fewer than three did."""
        return (Step(None, value + 1), Step(None, value + 2, fault="b")) if value < 3 else BLOCKED


def helping(count: Count) -> Generator[Operation, Any, None]:
    yield count.help()


def helpers(kinds: Kinds) -> Model:
    """Return the model under a set of the faults `a` and `b`: each `a` is one helper more, who helps at once."""
    count = Count("count")
    many = Property("few", "", Kind.ALWAYS, ("count",), lambda view: view["count"] > 2)
    processes = tuple(Process(f"helper/{number}", helping, (count,)) for number in range(1 + kinds.count(0)))
    budgets = {"a": kinds.count(0), "b": kinds.count(1)}
    return Model({"count": count}, processes, (many,), budgets)


class OneHole(Component):
    """Whether there is a hole; either of two faults makes it."""

    initial = 0
    faults = Holes.faults

    @operation
    def damage(self, value: int) -> Steps:
        """Make the hole."""
        return (Step(None, 1, fault="a"), Step(None, 1, fault="b"))


def damaging_one(part: OneHole) -> Generator[Operation, Any, None]:
    yield part.damage()


def one_hole() -> Model:
    """Return a model in which two faults lead to one and the same state, which is wrong."""
    part = OneHole("hole")
    whole = Property("always", "", Kind.ALWAYS, ("hole",), lambda view: view["hole"] > 0)
    return Model({"hole": part}, (Process("damaging", damaging_one, (part,), repeats=True, owed=False),), (whole,))


class Ladder(Component):
    """Three steps up, of which a fault needs but one."""

    initial = 0
    faults = Holes.faults

    @operation
    def jump(self, value: int) -> Steps:
        """Go up at once, by the fault."""
        return (Step(None, 3, fault="a"),)

    @operation
    def climb(self, value: int) -> Steps:
        """Go up by one step."""
        return (Step(None, value + 1),) if value < 3 else BLOCKED


def jumping(ladder: Ladder) -> Generator[Operation, Any, None]:
    yield ladder.jump()


def climbing(ladder: Ladder) -> Generator[Operation, Any, None]:
    yield ladder.climb()


def two_ways(kinds: Kinds) -> Model:
    """Return the model under a set of the fault `a`: where it is allowed, somebody can also climb without its help.

    What is reached so is the same state as by the fault, and is wrong.
    """
    ladder = Ladder("ladder")
    low = Property("low", "", Kind.ALWAYS, ("ladder",), lambda view: view["ladder"] > 2)
    roles = {"jumping": jumping, "climbing": climbing} if kinds else {"jumping": jumping}
    processes = tuple(Process(name, role, (ladder,), repeats=True, owed=False) for name, role in roles.items())
    return Model({"ladder": ladder}, processes, (low,), {"a": len(kinds)})
