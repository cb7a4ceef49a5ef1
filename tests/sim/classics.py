"""Classic problems, in the engine's words: known answers to hold it against."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from deadheat.sim.components import BLOCKED, Component, Step, Steps, operation
from deadheat.sim.model import Kind, Model, Process, Property, View
from deadheat.sim.operations import Request

Role = Generator[Request, Any, Any]


class Variable(Component):
    """A shared variable."""

    def __init__(self, name: str, initial: Any) -> None:
        super().__init__(name)
        self.initial = initial

    @operation
    def get(self, value: Any) -> Steps:
        return (Step(value, value),)

    @operation
    def set(self, value: Any, new: Any) -> Steps:
        return (Step(None, new),)


class Section(Component):
    """Who is in the critical section."""

    initial: tuple[int, ...] = ()

    @operation
    def enter(self, value: tuple[int, ...], who: int) -> Steps:
        return (Step(None, tuple(sorted((*value, who)))),)

    @operation
    def leave(self, value: tuple[int, ...], who: int) -> Steps:
        return (Step(None, tuple(each for each in value if each != who)),)


class Fork(Component):
    """A fork that one philosopher can hold."""

    @operation
    def take(self, value: int | None, who: int) -> Steps:
        return (Step(None, who),) if value is None else BLOCKED

    @operation
    def put_back(self, value: int | None) -> Steps:
        return (Step(None, None),)


def lost_update() -> Model:
    """Two processes read a counter and write back one more: lost in 4 steps, read read write write."""
    counter = Variable("counter", 0)

    def increment(counter: Variable) -> Role:
        value = yield counter.get()
        yield counter.set(value + 1)

    def lost(view: View) -> str | None:
        return None if view["counter"] == 2 else "an update is lost"

    processes = tuple(Process(f"p{number}", increment, (counter,)) for number in (1, 2))
    return Model({"counter": counter}, processes, (Property("no-lost-update", "", Kind.SETTLED, ("counter",), lost),))


def peterson(*, broken: bool = False) -> Model:
    """Peterson's lock for two processes, which enter again and again; broken, it sets the turn before the flag."""
    flags = Variable("flag 0", False), Variable("flag 1", False)
    turn = Variable("turn", 0)
    section = Section("section")

    def process(me: int, flags: tuple[Variable, Variable], turn: Variable, section: Section) -> Role:
        other = 1 - me
        if broken:
            yield turn.set(other)
            yield flags[me].set(True)
        else:
            yield flags[me].set(True)
            yield turn.set(other)
        while (yield flags[other].get()) and (yield turn.get()) == other:
            pass
        yield section.enter(me)
        yield section.leave(me)
        yield flags[me].set(False)

    def crowded(view: View) -> str | None:
        return "both are in the critical section" if len(view["section"]) > 1 else None

    components = {each.name: each for each in (*flags, turn, section)}
    processes = tuple(Process(f"p{me}", process, (me, flags, turn, section), repeats=True) for me in (0, 1))
    return Model(components, processes, (Property("mutual-exclusion", "", Kind.ALWAYS, ("section",), crowded),))


def philosophers(number: int, *, ordered: bool) -> Model:
    """Dining philosophers who eat once; unless they take the forks in one order, they can all starve."""
    forks = tuple(Fork(f"fork {index}") for index in range(number))
    fed = Section("fed")

    def dine(me: int, forks: tuple[Fork, ...], fed: Section) -> Role:
        first, second = me, (me + 1) % number
        if ordered and second < first:
            first, second = second, first
        yield forks[first].take(me)
        yield forks[second].take(me)
        yield fed.enter(me)
        yield forks[second].put_back()
        yield forks[first].put_back()

    def starving(view: View) -> str | None:
        return None if len(view["fed"]) == number else "somebody starves"

    components = {each.name: each for each in (*forks, fed)}
    processes = tuple(Process(f"philosopher {me}", dine, (me, forks, fed)) for me in range(number))
    return Model(components, processes, (Property("all-fed", "", Kind.SETTLED, ("fed",), starving),))
