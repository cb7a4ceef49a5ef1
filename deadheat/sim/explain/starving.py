"""Which alternatives starve in a cycle: never taken, although they could be, again and again.

A run is fair if each process gets its turn; of what a process does with its turn nothing is said. So a process that
waits for any of several things can take one of them for ever, and a counterexample may rest on nothing but that. That
is right for a choice that is free, and wrong for what would happen by itself, such as a timer: this is owed, and needs
a process of its own.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from deadheat.sim.model import Model
from deadheat.sim.operations import Outside
from deadheat.sim.run.simulation import Simulation, Transition
from deadheat.sim.trace import Schedule

__all__ = ["Starving", "starving_in"]


class Starving(NamedTuple):
    """An alternative that a process never takes in a cycle; it could `always`, or else again and again."""

    process: str
    alternative: str
    always: bool

    def __str__(self) -> str:
        when = "at any time" if self.always else "again and again"
        return (
            f"{self.process} could take {self.alternative} {when} in this cycle and never does: fairness is owed to "
            f"processes, not to alternatives; give {self.alternative} a process of its own if it is owed"
        )


def starving_in(model: Model, schedule: Schedule) -> tuple[Starving, ...]:
    """Return the alternatives that starve in a schedule's cycle, in the order of the processes.

    Only those that would be a step without a fault, of a process that owes its steps and goes on in the cycle.
    """
    if schedule.cycle_from is None:
        return ()
    simulation = Simulation(model)
    for choice in schedule.choices[: schedule.cycle_from]:
        simulation.fire(choice)
    could: defaultdict[tuple[str, str], int] = defaultdict(int)
    taken: set[tuple[str, str]] = set()
    cycle = schedule.choices[schedule.cycle_from :]
    for choice in cycle:
        transitions = simulation.transitions()
        for each in {_named(each) for each in transitions if _is_free(simulation, each)}:
            could[each] += 1
        fired = simulation.fire(choice)
        if not choice.is_crash:
            taken.add(_named(fired))
    moving = {process for process, _ in taken}
    order = {each.name: number for number, each in enumerate(model.processes)}
    return tuple(
        Starving(process, alternative, times == len(cycle))
        for (process, alternative), times in sorted(could.items(), key=lambda each: (order[each[0][0]], each[0][1]))
        if process in moving and (process, alternative) not in taken
    )


def _named(transition: Transition) -> tuple[str, str]:
    return transition.choice.process, str(transition.operation)


def _is_free(simulation: Simulation, transition: Transition) -> bool:
    """Return whether a process owes this step, and has the choice of another request in its place."""
    asked = simulation.processes[transition.choice.process].operations
    others = [each for each in asked if not isinstance(each, Outside)]
    return transition.owed and len(others) > 1 and not isinstance(transition.operation, Outside)
