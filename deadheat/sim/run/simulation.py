"""The simulate runtime: a model run through simpy, one chosen transition at a time."""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deadheat.sim.errors import ReplayDivergedError
from deadheat.sim.freeze import freeze
from deadheat.sim.model import UNLIMITED, Model
from deadheat.sim.operations import Atomic, Instant, Operation, plain
from deadheat.sim.render import render
from deadheat.sim.run.describing import described
from deadheat.sim.run.environment import ControlledEnvironment, RunningProcess
from deadheat.sim.run.stepping import JointStep, steps_of, steps_of_crash
from deadheat.sim.trace import Choice, Event, Schedule, Trace

__all__ = ["Simulation", "Transition", "event_of", "replay", "run_randomly"]


@dataclass(frozen=True, slots=True)
class Transition:
    """A choice that is enabled, and what it would do. `operation` is None for a crash."""

    choice: Choice
    operation: Instant | None
    step: JointStep
    owed: bool


class Simulation:
    """A model at work. `values` are the component values, `budgets` what is left of each fault's budget."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.values: dict[str, Any] = {name: component.initial for name, component in model.components.items()}
        self.budgets: dict[str, int] = dict(model.budgets)
        env = ControlledEnvironment()
        self.processes: dict[str, RunningProcess] = {each.name: env.start(each) for each in model.processes}

    def transitions(self) -> list[Transition]:
        """Return all enabled transitions, in the order of the model's processes."""
        return [each for running in self.processes.values() for each in self._transitions_of(running)]

    def fire(self, choice: Choice) -> Transition:
        """Make the chosen transition happen; raises ReplayDivergedError if it is not enabled."""
        running = self.processes.get(choice.process)
        if running is None:
            raise ReplayDivergedError(f"There is no process {choice.process!r} in this model.")
        for transition in self._transitions_of(running):
            if transition.choice == choice:
                self._apply(running, transition)
                return transition
        raise ReplayDivergedError(f"The process {choice.process!r} cannot make the chosen step here.")

    def record(self, choice: Choice) -> Event:
        """Fire the choice and return the event, as text, that it makes in a trace."""
        before = dict(self.values)
        transition = self.fire(choice)
        return event_of(self.model, choice, transition.operation, transition.step, before)

    def state(self, *, merging: bool) -> Hashable:
        """Return the whole state by value: where each process stands, the component values, what is left of budgets."""
        return (
            tuple(running.local_state(merging=merging) for running in self.processes.values()),
            tuple(freeze(value) for value in self.values.values()),
            tuple(self.budgets.values()),
        )

    def _transitions_of(self, running: RunningProcess) -> Iterator[Transition]:
        name = running.process.name
        owed = running.process.owed and not (running.process.optional and not running.history)
        for alternative, operation in enumerate(running.operations):
            for branch, step in enumerate(steps_of(self.model, operation, self.values)):
                if self._affordable(step.fault):
                    choice = Choice(name, alternative, branch)
                    yield Transition(choice, operation, step, owed=owed and step.fault is None)
        for number, crash in enumerate(running.process.crashes):
            if running.history and self._affordable(crash.kind):
                for step in steps_of_crash(self.model, crash, self.values):
                    yield Transition(Choice.of_crash(name, number), None, step, owed=False)

    def _affordable(self, fault: str | None) -> bool:
        return fault is None or self.budgets.get(fault, 0) != 0

    def _apply(self, running: RunningProcess, transition: Transition) -> None:
        self.values.update(transition.step.values)
        fault = transition.step.fault
        if fault is not None and self.budgets[fault] != UNLIMITED:
            self.budgets[fault] -= 1
        if transition.operation is None:
            running.crash(transition.choice.crash)
        else:
            running.fire(transition.choice.alternative, transition.step.outcome)


def event_of(
    model: Model, choice: Choice, requested: Instant | None, step: JointStep, before: Mapping[str, Any]
) -> Event:
    """Return the event, as text, of a step that was chosen; `requested` is None for a crash.

    `before` has the values, before the step, of the components that the step may change.
    """
    changes = {
        name: described(model.component(name), value)
        for name, value in step.values.items()
        if freeze(value) != freeze(before[name])
    }
    operation, outcome = plain(requested) if requested else None, step.outcome
    event = Event(
        process=choice.process,
        component=operation.component if operation else "",
        operation=operation.name if operation else "crash",
        arguments=tuple(render(each) for each in operation.arguments) if operation else (),
        outcome=render(outcome),
        label=operation.label if operation else None,
        fault=step.fault,
        changes=changes,
    )
    return _told(model, event, operation, outcome) if isinstance(operation, Atomic) else event


def _told(model: Model, event: Event, together: Atomic, outcomes: tuple[Any, ...]) -> Event:
    """Return the event of several operations at one instant: each told by itself, but for ghosts."""
    parts = list(zip(together.operations, outcomes, strict=True))
    shown = [each for each in parts if not model.component(each[0].component).is_ghost] or parts
    if len(parts) < 2:
        return event
    answers = [render(outcome) for _, outcome in shown if outcome is not None]
    called = " and ".join(_called(each) for each, _ in shown)
    return replace(event, operation=called, arguments=(), outcome=", ".join(answers) or "None")


def _called(operation: Operation) -> str:
    """Return an operation as a call of its component, without the key and what was not given."""
    name, _, key = operation.component.partition("/")
    arguments = [render(each) for each in operation.arguments if each is not None and each != key]
    return f"{name}.{operation.name}({', '.join(arguments)})"


def replay(model: Model, schedule: Schedule) -> tuple[Simulation, Trace]:
    """Run a schedule and return the simulation at its end, with the trace.

    Raises ReplayDivergedError, naming the step, if a choice is not enabled where the schedule makes it.
    """
    simulation = Simulation(model)
    events = []
    for number, choice in enumerate(schedule.choices, start=1):
        try:
            events.append(simulation.record(choice))
        except ReplayDivergedError as error:
            raise ReplayDivergedError(f"Step {number} of {len(schedule.choices)} cannot be replayed: {error}") from None
    return simulation, Trace(schedule, tuple(events))


def run_randomly(model: Model, seed: int, steps_max: int = 1_000) -> tuple[Simulation, Trace]:
    """Run a model, drawing each transition uniformly from the enabled ones, until none is or `steps_max` were made.

    The seed alone determines the run.
    """
    generator = random.Random(seed)
    simulation = Simulation(model)
    choices: list[Choice] = []
    events = []
    while len(choices) < steps_max and (transitions := simulation.transitions()):
        choices.append(generator.choice(transitions).choice)
        events.append(simulation.record(choices[-1]))
    return simulation, Trace(Schedule(tuple(choices), seed), tuple(events))
