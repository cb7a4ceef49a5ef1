"""Models with a needle in them: how likely a run finds it can be counted by hand."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

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
