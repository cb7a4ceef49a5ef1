"""How long everything that could happen in a run waited to happen, measured by executing the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Choice, Schedule

__all__ = ["Wait", "run_answered", "waits_of"]


@dataclass(frozen=True, slots=True)
class Wait:
    """What could happen throughout, from one step of a run on, until another, by their places in the run from 1.

    `since` is 0 if it could from the start, and `until` the last step if it still could at the end. `happened` tells
    whether it was what happened then.
    """

    transition: Transition
    since: int
    until: int
    happened: bool


def waits_of(model: Model, schedule: Schedule) -> Iterator[Wait]:
    """Yield all that could happen in a run, for as long as it could: what happened, and what did not.

    A fault can happen where it can be answered in the same way; anything else where it can happen without a fault.
    A process that takes a step begins to wait anew.
    """
    simulation = Simulation(model)
    waiting: dict[Any, tuple[int, Transition]] = {}
    for place, choice in enumerate((*schedule.choices, None)):
        possible: dict[Any, Transition] = {}
        for each in simulation.transitions():
            possible.setdefault(_what(each), each)
        for what in [each for each in waiting if each not in possible]:
            since, transition = waiting.pop(what)
            yield Wait(transition, since, place, happened=False)
        for what, transition in possible.items():
            waiting.setdefault(what, (place, transition))
        if choice is not None:
            fired = simulation.fire(choice)
            for what in [each for each in waiting if each[0] == choice.process]:
                since, transition = waiting.pop(what)
                happened = what == _what(fired)
                yield Wait(fired if happened else transition, since, place + 1, happened)
    for since, transition in waiting.values():
        yield Wait(transition, since, len(schedule.choices), happened=False)


def run_answered(model: Model, transitions: Sequence[Transition], extra: Transition) -> Schedule | None:
    """Run transitions, answered as they were, and return the schedule; None if one of them cannot be.

    The `extra` one among them may be answered in any way but by a fault.
    """
    simulation = Simulation(model)
    choices: list[Choice] = []
    for wanted in transitions:
        place = (wanted.choice.process, wanted.choice.alternative, wanted.operation)
        choice = next(
            (
                each.choice
                for each in simulation.transitions()
                if (each.choice.process, each.choice.alternative, each.operation) == place
                and (_answer(each) == _answer(wanted) or (wanted is extra and each.step.fault is None))
            ),
            None,
        )
        if choice is None:
            return None
        simulation.fire(choice)
        choices.append(choice)
    return Schedule(tuple(choices))


def _what(transition: Transition) -> tuple[Any, ...]:
    choice = transition.choice
    return (choice.process, choice.alternative, _answer(transition) if transition.step.fault else None)


def _answer(transition: Transition) -> tuple[Any, str | None]:
    return freeze(transition.step.outcome), transition.step.fault
