"""Every order of a trace's steps, one by one, and the times at which each can happen: a slow twin of the race window.

It is written down from what docs/window.md says of latencies, and shares nothing with how `deadheat window` finds its
answers: orders are tried by running them, when a step could first happen is seen while they run, and times are found
by a Bellman-Ford of its own.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Choice, Schedule

Bounds = Mapping[int, tuple[int, float]]
"""The shortest and the longest latency of steps, by number; what is not there comes when it likes."""

Difference = tuple[int, int, float]
"""(earlier, later, most): the time of `later` minus that of `earlier` is at most so much."""


@dataclass(frozen=True)
class Order:
    """An order in which the steps can happen and violate the property, and what each of them waits for in it."""

    numbers: tuple[int, ...]
    waits_for: Mapping[int, int]

    def differences(self, bounds: Bounds) -> list[Difference]:
        found: list[Difference] = []
        for earlier, later in zip((0, *self.numbers), self.numbers, strict=False):
            found.append((later, earlier, 0))
        for number, (shortest, longest) in bounds.items():
            found.append((number, self.waits_for[number], -shortest))
            if longest < math.inf:
                found.append((self.waits_for[number], number, longest))
        return found

    def is_possible(self, bounds: Bounds) -> bool:
        return satisfiable(self.differences(bounds))

    def keeps(self, bounds: Bounds, at: Mapping[int, int]) -> bool:
        return all(at[later] - at[earlier] <= most for earlier, later, most in self.differences(bounds))


def possible(orders: Sequence[Order], bounds: Bounds) -> bool:
    return any(order.is_possible(bounds) for order in orders)


def shortest_paths(differences: Sequence[Difference], start: int | None = None) -> dict[int, float] | None:
    """Return how far each point is from the start, or from anywhere; None if a cycle is negative."""
    points = {point for earlier, later, _ in differences for point in (earlier, later)} | {0}
    lengths: dict[int, float] = dict.fromkeys(points, 0 if start is None else math.inf)
    if start is not None:
        lengths[start] = 0
    for _ in range(len(points) + 1):
        changed = False
        for earlier, later, most in differences:
            if lengths[earlier] + most < lengths[later]:
                lengths[later] = lengths[earlier] + most
                changed = True
        if not changed:
            return lengths
    return None


def satisfiable(differences: Sequence[Difference]) -> bool:
    return shortest_paths(differences) is not None


def taken(model: Model, schedule: Schedule) -> list[Transition]:
    simulation = Simulation(model)
    return [simulation.fire(choice) for choice in schedule.choices]


def every_order(model: Model, prop: Property, steps: Sequence[Transition]) -> Iterator[Order]:
    """Yield all orders in which the steps are answered as they were, and the property is violated."""
    yield from _go_on(model, prop, steps, (), (), {}, {})


def _go_on(
    model: Model,
    prop: Property,
    steps: Sequence[Transition],
    numbers: tuple[int, ...],
    choices: tuple[Choice, ...],
    since: Mapping[int, int],
    waits_for: Mapping[int, int],
) -> Iterator[Order]:
    if len(numbers) == len(steps):
        if violates(model, prop, choices, numbers.index(len(steps)) + 1):
            yield Order(numbers, waits_for)
        return
    simulation = Simulation(model)
    for choice in choices:
        simulation.fire(choice)
    enabled = simulation.transitions()
    now = {
        number: since.get(number, numbers[-1] if numbers else 0)
        for number in _pending(steps, numbers)
        if any(_could(each, steps[number - 1]) for each in enabled)
    }
    for number in now:
        for each in enabled:
            if _answers(each, steps[number - 1]):
                yield from _go_on(
                    model,
                    prop,
                    steps,
                    (*numbers, number),
                    (*choices, each.choice),
                    now,
                    {**waits_for, number: now[number]},
                )


def order_of(model: Model, prop: Property, steps: Sequence[Transition], numbers: Sequence[int]) -> Order | None:
    """Return one order of the steps; None if they cannot happen in it, or do not violate the property."""
    simulation = Simulation(model)
    since: dict[int, int] = {}
    waits_for: dict[int, int] = {}
    choices: list[Choice] = []
    for place, number in enumerate(numbers):
        enabled = simulation.transitions()
        since = {
            each: since.get(each, numbers[place - 1] if place else 0)
            for each in _pending(steps, numbers[:place])
            if any(_could(one, steps[each - 1]) for one in enabled)
        }
        chosen = next((each for each in enabled if _answers(each, steps[number - 1])), None)
        if chosen is None:
            return None
        waits_for[number] = since[number]
        simulation.fire(chosen.choice)
        choices.append(chosen.choice)
    if not violates(model, prop, tuple(choices), list(numbers).index(len(steps)) + 1):
        return None
    return Order(tuple(numbers), waits_for)


def some_orders(model: Model, prop: Property, steps: Sequence[Transition], seed: int, tries: int) -> Iterator[Order]:
    """Yield orders that a random walk finds, which exchanges two neighbours at a time."""
    generator = random.Random(seed)
    numbers = list(range(1, len(steps) + 1))
    first = order_of(model, prop, steps, numbers)
    assert first is not None
    yield first
    for _ in range(tries):
        place = generator.randrange(len(numbers) - 1)
        one, other = numbers[place : place + 2]
        if steps[one - 1].choice.process != steps[other - 1].choice.process:
            tried = [*numbers[:place], other, one, *numbers[place + 2 :]]
            if (order := order_of(model, prop, steps, tried)) is not None:
                numbers = tried
                yield order


def violates(model: Model, prop: Property, choices: tuple[Choice, ...], last: int) -> bool:
    """Return whether the end violates the property; one of single steps: whether the trace's last step does."""
    choices = choices[:last] if prop.kind is Kind.STEP else choices
    return violation_of(model, prop.name, Schedule(choices)) is not None


def _pending(steps: Sequence[Transition], done: Sequence[int]) -> list[int]:
    """Return the next step of each process."""
    found: dict[str, int] = {}
    for number, step in enumerate(steps, start=1):
        if number not in done:
            found.setdefault(step.choice.process, number)
    return list(found.values())


def _asks(one: Transition, other: Transition) -> bool:
    return (one.choice.process, one.choice.alternative) == (other.choice.process, other.choice.alternative)


def _answers(one: Transition, wanted: Transition) -> bool:
    def answer(each: Transition) -> Any:
        return freeze(each.step.outcome), each.step.fault

    return _asks(one, wanted) and answer(one) == answer(wanted)


def _could(one: Transition, wanted: Transition) -> bool:
    """Return whether what is enabled shows that the wanted step could happen: a fault as it was, else without one."""
    return _answers(one, wanted) if wanted.step.fault else _asks(one, wanted) and one.step.fault is None
