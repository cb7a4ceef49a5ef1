"""What a race window says of single steps: when one that comes when it likes must come, and what lease excludes it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from deadheat.scenarios.latency import Latency
from deadheat.scenarios.window_network import constraints_of, readings_of
from deadheat.sim.components import Component
from deadheat.sim.explain.causality import Reading
from deadheat.sim.explain.cuts import START, Cuts
from deadheat.sim.explain.temporal import Network
from deadheat.sim.model import Model
from deadheat.sim.operations import Operation, plain
from deadheat.sim.render import render
from deadheat.sim.traits import Expires, traits_of

__all__ = ["FreeStep", "Lease", "free_steps", "leases_of"]


@dataclass(frozen=True, slots=True)
class FreeStep:
    """A step that comes when it likes, and the window in which it must come.

    `opens` are the pairs of steps (earlier, later) that it must come late enough for, `closes` those that it must
    come early enough for, while all that does not follow from it stays where it is. The window lasts at most
    `widest_ns`, and at least `narrowest_ns`, over all latencies within the bounds.
    """

    number: int
    opens: tuple[tuple[int, int], ...]
    closes: tuple[tuple[int, int], ...]
    widest_ns: float
    narrowest_ns: float


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease that expires in the trace: by which step, set by which, and the longest time between the two."""

    number: int
    key: str
    set_by: int
    longest_ns: float


def free_steps(cuts: Cuts, network: Network) -> Iterator[FreeStep]:
    """Yield the windows, in one reading, of the steps that come when they like."""
    measured = {each.later: each.earlier for each in network.constraints if each.measured}
    for step in cuts.steps:
        if step.number in measured:
            continue
        moved = {each for each in (START, *measured) if _follows(each, step.number, measured)} | {step.number}
        crossing = sorted(
            each.points for each in network.constraints if (each.earlier in moved) != (each.later in moved)
        )
        yield FreeStep(
            number=step.number,
            opens=tuple(pair for pair in crossing if pair[1] in moved and pair[0] != START),
            closes=tuple(pair for pair in crossing if pair[0] in moved),
            widest_ns=network.room(moved),
            narrowest_ns=network.least_room(moved),
        )


def _follows(step: int, free: int, measured: Mapping[int, int]) -> bool:
    """Return whether a step comes a latency after a free step, or after what does."""
    while step in measured:
        step = measured[step]
    return step == free


def leases_of(model: Model, cuts: Cuts, bounds: Mapping[int, Latency]) -> Iterator[Lease]:
    """Yield, over all readings, how long the leases that expire can last, whatever latency is given for the expiry."""
    for step in cuts.steps:
        operation, outcome = step.transition.operation, step.transition.step.outcome
        if not isinstance(operation, Operation):
            continue
        component = model.component(operation.component)
        expiry = traits_of(component, operation.name).expires
        if expiry is None:
            continue
        key = operation.component if outcome is None else render(outcome)
        setting = _setting(component, cuts, operation, outcome, expiry)
        others = {number: latency for number, latency in bounds.items() if number != step.number}
        found = [
            (network.longest(each, step.number), each)
            for reading in readings_of(cuts, others)
            if (network := Network(constraints_of(cuts, reading, others))).earliest() is not None
            for each in _last(setting, step.number, reading)
        ]
        if found:
            longest, set_by = max(found)
            yield Lease(step.number, key, set_by, longest)
        elif setting:
            yield Lease(step.number, key, max(setting), -math.inf)


def _last(steps: Set[int], end: int, reading: Reading) -> set[int]:
    """Return those of the steps that may be the last of them before the end."""
    before: dict[int, set[int]] = {}
    for number in (START, *reading.order):
        direct = {earlier for earlier, later in reading.orders if later == number}
        before[number] = direct.union(*(before[each] for each in direct))
    left = {each for each in steps if end not in before[each]}
    return {each for each in left if not any(each in before[other] for other in left & before[end])}


def _setting(component: Component, cuts: Cuts, expiring: Operation, expired: Any, expiry: Expires) -> set[int]:
    """Return the steps that set the time of what expires: which, done as they were, do so where none is set."""
    value, found = component.initial, set()
    for step in cuts.steps:
        operation = plain(step.transition.operation) if step.transition.operation else None
        after = step.transition.step.values.get(expiring.component, value)
        if isinstance(operation, Operation) and operation.component == expiring.component:
            unset = component.initial if expiry.unset is None else expiry.unset(value, expired)
            steps = component.apply(unset, operation)
            values = [each.value for each in steps if each.outcome == step.transition.step.outcome]
            if any(over.outcome == expired for each in values for over in component.apply(each, expiring)):
                found.add(step.number)
        value = after
    return found
