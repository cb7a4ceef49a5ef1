"""Random runs of a model, written down as a log: each event with times that fit the run."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

from deadheat.live.forcing.free import is_the_end
from deadheat.live.logs.tape import LiveEvent
from deadheat.sim.model import Model
from deadheat.sim.operations import Atomic, operations_of
from deadheat.sim.run.simulation import Simulation, Transition
from tests.live.environment import is_environment

__all__ = ["changed", "log_of", "random_run"]


def random_run(model: Model, generator: Random, steps_max: int = 200) -> list[Transition]:
    """Return the steps of a run, each drawn from those that were enabled, until none is."""
    simulation, run = Simulation(model), list[Transition]()
    while len(run) < steps_max and (enabled := simulation.transitions()):
        run.append(simulation.fire(generator.choice(enabled).choice))
    return run


def log_of(run: list[Transition], components: tuple[str, ...], generator: Random, width: int) -> list[LiveEvent]:
    """Return what a log tells of a run: step N happens at N, and its event lasts up to `width` to both sides of that.

    But a process does one thing after the other. A log does not always say who did something, nor all the arguments.
    """
    over: dict[str, int] = {}
    drawn: list[tuple[Transition, int, int, int]] = []
    for at, step in enumerate(run):
        process = step.choice.process
        began = max(over.get(process, 0), at - generator.randint(0, width))
        drawn.append((step, began, at, at + generator.randint(0, width)))
        over[process] = at
    events: list[LiveEvent] = []
    until: dict[str, int] = {}
    for step, began, at, ended in reversed(drawn):
        process = step.choice.process
        events.extend(_told(step, components, began, min(ended, until.get(process, ended)), generator))
        until[process] = began if step.operation is not None and not _is_untold(step, components) else at
        if step.operation is None:  # a crash may come before the answer does
            until.pop(process)
    events.sort(key=lambda event: (event.began, event.ended))
    return [replace(event, line=line) for line, event in enumerate(events, start=2)]


def _is_untold(step: Transition, components: tuple[str, ...]) -> bool:
    operation = step.operation
    if operation is None or is_environment(step.choice.process) or is_the_end(operation):
        return True
    return all(each.component.partition("/")[0] not in components for each in operations_of(operation))


def _told(step: Transition, components: tuple[str, ...], began: int, ended: int, generator: Random) -> list[LiveEvent]:
    if _is_untold(step, components):
        return []
    assert step.operation is not None
    whole = isinstance(step.operation, Atomic)
    operations = operations_of(step.operation)
    outcomes = step.step.outcome if whole else (step.step.outcome,)
    return [
        LiveEvent(
            process=generator.choice([step.choice.process, step.choice.process, None]),
            component=generator.choice([operation.component, operation.component.partition("/")[0]]),
            operation=operation.name,
            arguments=operation.arguments[: generator.choice([1, 9, 9])],
            outcome=outcome,
            began=Decimal(began),
            ended=Decimal(ended),
        )
        for operation, outcome in zip(operations, outcomes, strict=True)
        if operation.component.partition("/")[0] in components
    ]


def changed(events: list[LiveEvent], generator: Random) -> list[LiveEvent]:
    """Return the log with one thing in it changed: an event left out, moved or swapped, an outcome or an argument."""
    events = list(events)
    number = generator.randrange(len(events))
    event, other = events[number], generator.choice(events)
    match generator.choice(["drop", "swap", "move", "outcome", "outcome", "argument", "process"]):
        case "drop":
            del events[number]
        case "swap":
            where = events.index(other)
            events[number] = replace(other, began=event.began, ended=event.ended, line=event.line)
            events[where] = replace(event, began=other.began, ended=other.ended, line=other.line)
        case "move":
            by = generator.choice([-5, -2, -1, 1, 2, 5])
            events[number] = replace(event, began=event.began + by, ended=event.ended + by)
        case "outcome":
            outcomes: list[Any] = [each.outcome for each in events if each.operation == event.operation]
            events[number] = replace(event, outcome=generator.choice([*outcomes, other.outcome, None, True, False]))
        case "argument":
            last = generator.choice([*other.arguments[-1:], None, 1])
            events[number] = replace(event, arguments=(*event.arguments[:1], last)[: len(event.arguments)])
        case "process":
            events[number] = replace(event, process=other.process)
    return sorted(events, key=lambda each: (each.began, each.ended))
