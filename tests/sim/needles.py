"""Models with a needle in them: how likely a run finds it can be counted by hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.sim.components import Component, Step, Steps, operation
from deadheat.sim.faults import Fault
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Request
from tests.sim.classics import Variable

Role = Generator[Request, Any, Any]


def all_before(steps: int) -> Model:
    """Two processes of so many steps; the needle is in the one run in which the second's all come before the first's.

    There are C(2 steps, steps) interleavings, and one has it. Drawn evenly step by step, it takes that the second
    process is chosen `steps` times out of two: once in 2**steps. By priorities, of depth 1, it takes that the second
    has the higher one: once in two.
    """
    one, other = Variable("one", 0), Variable("other", 0)

    def count(variable: Variable) -> Role:
        for number in range(steps):
            yield variable.set(number + 1)

    def found(before: View, after: View) -> str | None:
        is_first = before["one"] == 0 and after["one"] == 1
        return "found" if is_first and before["other"] == steps else None

    processes = (Process("first", count, (one,)), Process("second", count, (other,)))
    properties = (Property("needle", "", Kind.STEP, ("one", "other"), found),)
    return Model({"one": one, "other": other}, processes, properties)


class Lever(Component):
    """A lever that may meet so many kinds of fault whenever it is pulled, and keeps which it met."""

    initial: tuple[str, ...] = ()

    def __init__(self, kinds: int) -> None:
        super().__init__("lever")
        self.faults = tuple(Fault(f"kind-{number}", "it slips", "a test") for number in range(kinds))

    @operation
    def pull(self, met: tuple[str, ...]) -> Steps:
        return (Step(None, met), *(Step(None, (*met, each.kind), each) for each in self.faults))


def drowned(kinds: int, pulls: int) -> Model:
    """A lever that is pulled so often; the needle is that it met the first kind of fault and none of the others.

    Pulled once, with the kinds of the set S allowed, it meets the first with 1 / (1 + |S|), if that is in S.
    """
    lever = Lever(kinds)

    def pull() -> Role:
        for _ in range(pulls):
            yield lever.pull()

    def found(view: View) -> str | None:
        return "found" if view["lever"] == ("kind-0",) else None

    properties = (Property("needle", "", Kind.SETTLED, ("lever",), found),)
    budgets = {each.kind: 1 for each in lever.faults}
    return Model({"lever": lever}, (Process("hand", pull),), properties, budgets)


def in_between(steps: int) -> Model:
    """Two processes; the second's only step must come after just half of the first's `steps`: of depth 2.

    Of `steps` + 1 interleavings one has it.
    """
    one, other = Variable("one", 0), Variable("other", 0)

    def count(variable: Variable) -> Role:
        for number in range(steps):
            yield variable.set(number + 1)

    def once(variable: Variable) -> Role:
        yield variable.set(1)

    def found(before: View, after: View) -> str | None:
        happens = before["other"] == 0 and after["other"] == 1
        return "found" if happens and before["one"] == steps // 2 else None

    processes = (Process("first", count, (one,)), Process("second", once, (other,)))
    properties = (Property("needle", "", Kind.STEP, ("one", "other"), found),)
    return Model({"one": one, "other": other}, processes, properties)


class Dice(Component):
    """Falls on any number below as many as it has sides."""

    initial = 0

    @operation
    def roll(self, value: int, sides: int) -> Steps:
        return tuple(Step(side, value) for side in range(sides))


def going_round() -> Model:
    """A process that goes round for ever, in violation, if three dice of 8 sides fall on 0: once in 512 runs.

    Another one has so many local states that the loop is but a small part of what there is to learn.
    """
    dice, other, mine = Dice("dice"), Variable("other", 0), Variable("mine", 0)

    def fill() -> Role:
        total = 0
        for _ in range(2):
            side = yield dice.roll(5)
            total = total * 5 + side
        yield other.set(total % 3)

    def go_round() -> Role:
        for _ in range(3):
            if (yield dice.roll(8)):
                yield mine.set(2)
                return
        while True:
            yield mine.set(1)
            if (yield mine.get()) == 3:
                return

    def found(view: View) -> str | None:
        return "not done" if view["mine"] != 2 else None

    processes = (Process("fill", fill), Process("go round", go_round))
    properties = (Property("needle", "", Kind.EVENTUALLY, ("mine",), found),)
    return Model({"dice": dice, "other": other, "mine": mine}, processes, properties)


def staircase(steps: int) -> Model:
    """A coin that must fall on 0 so many times in a row, each of which is a step in a place of its own.

    Drawn evenly, once in 2**steps.
    """
    dice, top = Dice("dice"), Variable("top", 0)

    def climb() -> Role:
        for _ in range(steps):
            if (yield dice.roll(2)):
                return
        yield top.set(1)

    def found(view: View) -> str | None:
        return "found" if view["top"] else None

    properties = (Property("needle", "", Kind.ALWAYS, ("top",), found),)
    return Model({"dice": dice, "top": top}, (Process("climb", climb),), properties)
