"""What tells two failures apart: the property, the faults, and the order of those steps that are in conflict.

Two steps of different processes are in conflict where one of them writes what the other touches. Runs that differ only
in the order of steps that are not have one cause, and so have those that differ by an exchange of names that are
interchangeable.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import permutations

from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model
from deadheat.sim.operations import operations_of
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.run.stepping import touched
from deadheat.sim.trace import Schedule

__all__ = ["Cause", "cause_of"]


NAMES_MAX = 5
"""With more interchangeable names than these, failures are not compared by them."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The property, how often each kind of fault happens, and which step comes before which that it conflicts with."""

    property: str
    faults: tuple[tuple[str, int], ...]
    order: frozenset[tuple[str, str]]


def cause_of(model: Model, name: str, schedule: Schedule) -> Cause:
    """Return the cause of a failure; the schedule is executed through simpy for it."""
    simulation = Simulation(model)
    done: list[tuple[str, str, frozenset[str], frozenset[str]]] = []
    faults: Counter[str] = Counter()
    order: set[tuple[str, str]] = set()
    for choice in schedule.choices:
        before = dict(simulation.values)
        transition = simulation.fire(choice)
        written = frozenset(
            name for name, value in transition.step.values.items() if freeze(value) != freeze(before[name])
        )
        request = transition.operation
        if request is None:
            process = next(each for each in model.processes if each.name == choice.process)
            crash = process.crashes[choice.crash]
            fault: str | None = crash.kind
            reached = touched(model, crash.request)
        else:
            reached, fault = touched(model, request), transition.step.fault
        if fault is not None:
            faults[fault] += 1
        step = _name_of(transition)
        order.update(
            (earlier, step)
            for process_name, earlier, writes, touches in done
            if process_name != choice.process and (writes & frozenset(reached) or written & touches)
        )
        done.append((choice.process, step, written, frozenset(reached)))
    return Cause(name, tuple(sorted(faults.items())), _named_alike(model, order))


def _named_alike(model: Model, order: set[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    """Return the order with interchangeable names exchanged in such a way that it is the least, as text."""
    names = model.interchangeable
    if not 1 < len(names) <= NAMES_MAX:
        return frozenset(order)
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)")

    def exchanged(others: tuple[str, ...]) -> list[tuple[str, str]]:
        by_name = dict(zip(names, others, strict=True))
        pairs = ([pattern.sub(lambda found: by_name[found[1]], step) for step in pair] for pair in order)
        return sorted((one, other) for one, other in pairs)

    return frozenset(min(map(exchanged, permutations(names))))


def _name_of(transition: Transition) -> str:
    if transition.operation is None:
        return f"{transition.choice.process}: crash"
    parts = [f"{each.component}.{each.name}" for each in operations_of(transition.operation)]
    return f"{transition.choice.process}: {transition.operation.label or ' and '.join(parts)}"
