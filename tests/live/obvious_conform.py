"""A slow twin of `deadheat conform`: it runs the model through simpy, over and over, and tries every order.

It shares nothing with the search but the model and the log's events: no tables, no ranks of moments, nothing forgotten.
Whether a run fits the times is looked at for the run as a whole, in exact decimals: each step happens as early as it
can, no earlier than the one before it, than the event that it is began, and than what its process did last was over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations
from typing import Any

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.tape import LiveEvent
from deadheat.models.components.kubernetes import JobReference
from deadheat.sim.model import Model
from deadheat.sim.operations import Atomic, Operation, operations_of
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Choice
from tests.live.environment import is_environment

__all__ = ["is_explained"]

EVER = Decimal("-Infinity")


@dataclass(frozen=True)
class Done:
    """A step of a run, and the events that it is."""

    choice: Choice
    events: tuple[int, ...]


def is_explained(model: Model, components: Sequence[str], events: Sequence[LiveEvent], tries: int) -> bool | None:
    """Return whether some run of the model does what the events say, in an order that fits; None after many tries."""
    runs: list[tuple[Done, ...]] = [()]
    seen = set()
    while runs:
        run = runs.pop()
        moments = _moments(run, events)
        if moments is None:
            continue
        simulation, names = _replayed(model, components, events, run)
        if simulation is None:
            continue
        if sum(len(done.events) for done in run) == len(events):
            return True
        key = (simulation.state(merging=True), frozenset(n for done in run for n in done.events), names, moments)
        if key in seen:
            continue
        seen.add(key)
        if len(seen) > tries:
            return None
        for transition in simulation.transitions():
            left = [n for n in range(len(events)) if all(n not in done.events for done in run)]
            for each in permutations(left, len(_told(transition, components))):
                if _may_be(transition, components, [events[n] for n in each]):
                    runs.append((*run, Done(transition.choice, each)))
    return False


def _may_be(transition: Transition, components: Sequence[str], events: Sequence[LiveEvent]) -> bool:
    told = _told(transition, components)
    return all(
        None not in _alike(transition.choice.process, *each, event) for each, event in zip(told, events, strict=True)
    )


def _told(transition: Transition, components: Sequence[str]) -> list[tuple[Operation, Any]]:
    operation = transition.operation
    if operation is None or is_environment(transition.choice.process) or is_the_end(operation):
        return []
    whole = isinstance(operation, Atomic)
    operations = operations_of(operation)
    outcomes = transition.step.outcome if whole else (transition.step.outcome,)
    return [pair for pair in zip(operations, outcomes, strict=True) if _kind(pair[0]) in components]


def _kind(operation: Operation) -> str:
    return operation.component.partition("/")[0]


def _replayed(
    model: Model, components: Sequence[str], events: Sequence[LiveEvent], run: Sequence[Done]
) -> tuple[Simulation | None, frozenset[Any]]:
    """Run it, and return what has which name then; no simulation where its last steps are not those events."""
    simulation = Simulation(model)
    names: set[tuple[str, Any, Any]] = set()
    for done in run:
        told = _told(simulation.fire(done.choice), components)
        for number, (operation, outcome) in zip(done.events, told, strict=True):
            found = list(_alike(done.choice.process, operation, outcome, events[number]))
            if None in found:
                return None, frozenset()
            names.update(each for each in found if each is not None)
    ours = {(kind, mine) for kind, mine, _ in names}
    others = {(kind, theirs) for kind, _, theirs in names}
    return (simulation, frozenset(names)) if len(ours) == len(others) == len(names) else (None, frozenset())


def _alike(process: str, operation: Operation, outcome: Any, event: LiveEvent) -> Iterator[tuple[str, Any, Any] | None]:
    """Yield what is called what where a step is an event, and None where it is not."""
    if event.process not in (None, process) or event.component not in (operation.component, _kind(operation)):
        yield None
    if event.operation != operation.name:
        yield None
        return
    if operation.name == "delete_job" and len(event.arguments) == 3 and event.arguments[2] is not None:
        yield ("uid", operation.arguments[2], event.arguments[2]) if operation.arguments[2] is not None else None
        event = replace(event, arguments=event.arguments[:2])
    for mine, theirs in [*zip(operation.arguments, event.arguments, strict=False), (outcome, event.outcome)]:
        yield from _named(mine, theirs)


def _named(mine: Any, theirs: Any) -> Iterator[tuple[str, Any, Any] | None]:
    """Yield what is called what where the two are alike, and None where they are not."""
    if isinstance(mine, JobReference) and isinstance(theirs, JobReference):
        yield "uid", mine.uid, theirs.uid
        yield from () if mine._replace(uid=0) == theirs._replace(uid=0) else (None,)
    elif isinstance(mine, str) and mine.startswith("token-") and isinstance(theirs, str):
        yield "token", mine, theirs
    elif isinstance(mine, tuple) and type(mine) is type(theirs) and len(mine) == len(theirs):
        for one, other in zip(mine, theirs, strict=True):
            yield from _named(one, other)
    elif type(mine) is not type(theirs) or mine != theirs:
        yield None


def _moments(run: Sequence[Done], events: Sequence[LiveEvent]) -> tuple[Any, ...] | None:
    """Return when the last step of a run happened at the earliest, and each process was free; None if it cannot be."""
    at, over = EVER, dict[str, Decimal]()
    for done in run:
        process, own = done.choice.process, [events[each] for each in done.events]
        before = over.get(process, EVER)
        if any(each.began < before for each in own):
            return None
        asked = [each.began for each in own] or ([] if done.choice.is_crash or is_environment(process) else [before])
        at = max([at, *asked])
        if any(at > each.ended for each in own):
            return None
        over[process] = max([each.ended for each in own], default=at)
    left = [each for number, each in enumerate(events) if all(number not in done.events for done in run)]
    if any(each.ended < at for each in left):
        return None
    return at, tuple(sorted(over.items()))
