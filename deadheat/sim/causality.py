"""What in a trace depends on what: which steps must keep their order, and what each step waits for.

Two steps of different processes are independent if, in every state of the trace, either order of them answers both
the same and leaves the same values, and neither makes the other possible or impossible. Independent steps may change
places: this is Mazurkiewicz's trace theory, with independence judged by trying rather than by names.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from deadheat.sim.freeze import freeze
from deadheat.sim.model import Kind, Model, Property
from deadheat.sim.operations import Atomic, Operation
from deadheat.sim.simulation import Simulation, Transition
from deadheat.sim.stepping import JointStep, steps_of
from deadheat.sim.trace import Choice, Schedule

__all__ = ["CausalStep", "Causality", "causality", "left_waiting", "run_in_order"]

Values = Mapping[str, Any]

START = 0

COMBINATIONS_MAX = 1_000

UNASKED = (LookupError, TypeError, ValueError, AttributeError)
"""What a component may raise where it relies on nobody asking before it is time."""


@dataclass(frozen=True, slots=True)
class CausalStep:
    """A step of a trace, by its number from 1.

    `waits_for` are the steps, or the start (0), after the last of which it could happen: the step of its own process
    before it, and those that made its operation possible. Where several might be the last, all are named, and the one
    that was the last in the trace comes first.
    """

    number: int
    transition: Transition
    request: Operation | Atomic
    waits_for: tuple[int, ...]

    @property
    def process(self) -> str:
        """The process whose step it is."""
        return self.transition.choice.process


@dataclass(frozen=True, slots=True)
class Causality:
    """The steps of a trace, and the pairs of steps (earlier, later) whose order matters besides what they wait for."""

    steps: tuple[CausalStep, ...]
    orders: tuple[tuple[int, int], ...]


def causality(model: Model, prop: Property, schedule: Schedule, *, strict: bool = False) -> Causality:
    """Return what depends on what in a schedule that violates the property at its end.

    Every order that keeps `orders` and what steps wait for should lead to the same violation; `run_in_order` tells.
    If `strict`, steps are independent only if they touch nothing in common or change nothing that they have in
    common; and then every such order does.
    """
    taken, states = _run(model, schedule)
    requests = [_request(model, each) for each in taken]
    orders = set(_dependent_pairs(model, taken, requests, states, strict=strict))
    if prop.kind is Kind.STEP:
        orders.update(_seen_by(model, prop, taken, requests, states, strict=strict))
    waits = [_candidates(model, number, taken, requests, states) for number in range(1, len(taken) + 1)]
    before = _closure(orders, waits)
    steps = tuple(
        CausalStep(number, transition, request, _latest(candidates, before))
        for number, (transition, request, candidates) in enumerate(zip(taken, requests, waits, strict=True), start=1)
    )
    return Causality(steps, _reduced(orders, steps))


def run_in_order(model: Model, steps: Sequence[CausalStep], extra: CausalStep | None = None) -> Schedule | None:
    """Run steps in another order, and return it as a schedule; None if a step cannot be answered as it was.

    An `extra` one among them may be answered in another way.
    """
    simulation = Simulation(model)
    choices = []
    for step in steps:
        choice = _same_step(simulation, step.transition, any_answer=step is extra)
        if choice is None:
            return None
        simulation.fire(choice)
        choices.append(choice)
    return Schedule(tuple(choices))


def left_waiting(model: Model, schedule: Schedule) -> tuple[CausalStep, ...]:
    """Return the owed steps that could happen next at the end of a schedule, with what they have waited for.

    One that the environment can answer in several ways is there once.
    """
    taken, states = _run(model, schedule)
    requests = [_request(model, each) for each in taken]
    simulation, number = Simulation(model), len(taken) + 1
    for choice in schedule.choices:
        simulation.fire(choice)
    left = []
    for each in simulation.transitions():
        if each.owed and each.operation is not None and each.choice.branch == 0:
            candidates = _candidates(model, number, [*taken, each], [*requests, each.operation], states)
            left.append(CausalStep(number, each, each.operation, tuple(sorted(candidates, reverse=True))))
    return tuple(left)


def _run(model: Model, schedule: Schedule) -> tuple[list[Transition], list[Values]]:
    """Return the transitions, and the component values before the first and after each of them."""
    simulation = Simulation(model)
    taken: list[Transition] = []
    states: list[Values] = [dict(simulation.values)]
    for choice in schedule.choices:
        taken.append(simulation.fire(choice))
        states.append(dict(simulation.values))
    return taken, states


def _request(model: Model, transition: Transition) -> Operation | Atomic:
    """Return what the step asked for; for a crash, what follows from it."""
    if transition.operation is not None:
        return transition.operation
    process = next(each for each in model.processes if each.name == transition.choice.process)
    return process.crashes[transition.choice.crash].consequences


def _same_step(simulation: Simulation, wanted: Transition, *, any_answer: bool) -> Choice | None:
    """Return the choice that answers as the wanted one did; the number of its branch may differ."""
    for each in simulation.transitions():
        same_place = (each.choice.process, each.choice.alternative) == (
            wanted.choice.process,
            wanted.choice.alternative,
        )
        same_answer = _answer(each.step) == _answer(wanted.step) or (any_answer and each.step.fault is None)
        if same_place and same_answer and each.operation == wanted.operation:
            return each.choice
    return None


# Order


def _dependent_pairs(
    model: Model,
    taken: Sequence[Transition],
    requests: Sequence[Operation | Atomic],
    states: Sequence[Values],
    *,
    strict: bool,
) -> Iterator[tuple[int, int]]:
    for later in range(len(taken)):
        for earlier in range(later):
            if taken[earlier].choice.process == taken[later].choice.process:
                continue
            shared = set(requests[earlier].components) & set(requests[later].components)
            if strict:
                dependent = any(_changes(states, index, name) for index in (earlier, later) for name in shared)
            else:
                pair = (taken[earlier], requests[earlier]), (taken[later], requests[later])
                distinct = _distinct(states, requests[earlier], requests[later])
                dependent = bool(shared) and not _commute(model, *pair, distinct)
            if dependent:
                yield earlier + 1, later + 1


def _changes(states: Sequence[Values], index: int, name: str) -> bool:
    return freeze(states[index][name]) != freeze(states[index + 1][name])


def _distinct(states: Sequence[Values], *requests: Operation | Atomic) -> list[Values]:
    """Return the states that differ in what the requests touch."""
    names = sorted({name for request in requests for name in request.components})
    return list({tuple(freeze(values[name]) for name in names): values for values in states}.values())


def _commute(
    model: Model,
    one: tuple[Transition, Operation | Atomic],
    other: tuple[Transition, Operation | Atomic],
    states: Sequence[Values],
) -> bool:
    for values in states:
        first, second = _take(model, *one, values), _take(model, *other, values)
        first_then = None if first is None else _take(model, *other, first)
        second_then = None if second is None else _take(model, *one, second)
        if first is not None and (first_then is None) != (second is None):
            return False
        if second is not None and (second_then is None) != (first is None):
            return False
        if first_then is not None and second_then is not None and not _equal(first_then, second_then):
            return False
    return True


def _take(model: Model, transition: Transition, request: Operation | Atomic, values: Values) -> Values | None:
    """Return the values after a request that is answered as in the transition; None where it is not."""
    try:
        steps = list(steps_of(model, request, values))
    except UNASKED:
        return None
    if transition.operation is not None:  # what follows from a crash answers nothing
        steps = [each for each in steps if _answer(each) == _answer(transition.step)]
    if not steps:
        return None
    branch = transition.choice.branch if transition.choice.branch < len(steps) else 0
    return {**values, **steps[branch if len(steps) > 1 else 0].values}


def _answer(step: JointStep) -> tuple[Any, Any]:
    return freeze(step.outcome), step.fault


def _equal(one: Values, other: Values) -> bool:
    return all(freeze(value) == freeze(other[name]) for name, value in one.items())


def _seen_by(
    model: Model,
    prop: Property,
    taken: Sequence[Transition],
    requests: Sequence[Operation | Atomic],
    states: Sequence[Values],
    *,
    strict: bool,
) -> Iterator[tuple[int, int]]:
    """Yield the orders without which the last step might not violate the property: those of what it looks at.

    What it looks at does not matter if any value of the trace in its place, together with those of the others that do
    not matter, leaves the violation as it is.
    """
    last = len(taken)
    indifferent: list[str] = []
    for name in prop.reads:
        if not strict and _violates_with_any(model, prop, taken[-1], requests[-1], states, [*indifferent, name]):
            indifferent.append(name)
            continue
        others = (index for index in range(last - 1) if taken[index].choice.process != taken[-1].choice.process)
        for index in others:
            if name in requests[index].components and _could_change(model, taken[index], requests[index], states, name):
                yield index + 1, last


def _violates_with_any(
    model: Model,
    prop: Property,
    transition: Transition,
    request: Operation | Atomic,
    states: Sequence[Values],
    names: Sequence[str],
) -> bool:
    """Return whether a last step violates the property with every combination of values for the named components."""
    values = [list({freeze(each[name]): each[name] for each in states[:-1]}.values()) for name in names]
    if math.prod(map(len, values)) > COMBINATIONS_MAX:
        return False
    for combination in product(*values):
        before = {**states[-2], **dict(zip(names, combination, strict=True))}
        after = _take(model, transition, request, before)
        if after is not None and prop.violation(before, after) is None:
            return False
    return True


def _could_change(
    model: Model, transition: Transition, request: Operation | Atomic, states: Sequence[Values], name: str
) -> bool:
    """Return whether a step changes a component in any state of the trace."""
    after = ((values, _take(model, transition, request, values)) for values in states)
    return any(then is not None and freeze(then[name]) != freeze(values[name]) for values, then in after)


# Waiting


def _candidates(
    model: Model,
    number: int,
    taken: Sequence[Transition],
    requests: Sequence[Operation | Atomic],
    states: Sequence[Values],
) -> set[int]:
    """Return the step of the same process before a step, or the start, and those that made its operation possible."""
    transition, request = taken[number - 1], requests[number - 1]
    own = (each for each in range(number - 1, 0, -1) if taken[each - 1].choice.process == transition.choice.process)
    candidates = {next(own, START)}
    if transition.operation is not None:
        parts = request.operations if isinstance(request, Atomic) else ()
        fault = transition.step if transition.step.fault is not None else None
        for each in (request, *parts):
            candidates.add(_enabled_by(model, each, fault if each is request else None, states[:number]))
    return candidates


def _enabled_by(model: Model, request: Operation | Atomic, fault: JointStep | None, states: Sequence[Values]) -> int:
    """Return the step after which a request was possible throughout, or the start.

    `states` are those before the request happened. A fault is possible where it can be answered as it was; anything
    else where it can happen without a fault.
    """

    def possible(values: Values) -> bool:
        try:
            steps = list(steps_of(model, request, values))
        except UNASKED:
            return False
        if fault is not None:
            return any(_answer(each) == _answer(fault) for each in steps)
        return any(each.fault is None for each in steps)

    if not possible(states[-1]):
        return START  # a part of an atomic request that needs another part of it
    return next((index + 1 for index in range(len(states) - 1, -1, -1) if not possible(states[index])), START)


def _closure(orders: set[tuple[int, int]], waits: Sequence[set[int]]) -> list[set[int]]:
    """Return, for the start and each step, all that must come before it."""
    before: list[set[int]] = [set()]
    for number, candidates in enumerate(waits, start=1):
        direct = candidates | {earlier for earlier, later in orders if later == number}
        before.append(direct.union(*(before[each] for each in direct)) | {START})
    return before


def _latest(candidates: set[int], before: Sequence[set[int]]) -> tuple[int, ...]:
    """Return the candidates that come before no other candidate, the latest first."""
    last = {each for each in candidates if not any(each in before[other] for other in candidates)}
    return tuple(sorted(last, reverse=True))


def _reduced(orders: set[tuple[int, int]], steps: Sequence[CausalStep]) -> tuple[tuple[int, int], ...]:
    """Return the orders that do not follow from others."""
    import networkx

    waiting = {(each, step.number) for step in steps for each in step.waits_for}
    graph: networkx.DiGraph[int] = networkx.DiGraph([*orders, *waiting])
    reduced = networkx.transitive_reduction(graph)
    return tuple(sorted((one, other) for one, other in reduced.edges if (one, other) in orders - waiting))
