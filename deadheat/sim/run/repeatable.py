"""Why a run does not repeat itself: looked for where two runtimes disagree, before that is called a defect of ours."""

from __future__ import annotations

from collections.abc import Hashable

from deadheat.sim.errors import PurityError, ReplayDivergedError
from deadheat.sim.model import Model
from deadheat.sim.rules.shared_state import SharedState
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Schedule

__all__ = ["require_repeatable"]

RUNS = 5


def require_repeatable(model: Model, schedule: Schedule) -> None:
    """Raise PurityError if a schedule does not lead to the same in several runs."""
    shared = SharedState(model)
    runs = [_recorded(model, schedule) for _ in range(RUNS)]
    shared.require_unchanged()
    for number, steps in enumerate(zip(*runs, strict=False)):
        if len(set(steps)) > 1:
            step = f"step {number}, by {schedule.choices[number - 1].process!r}," if number else "the very beginning"
            raise PurityError(
                f"Some role or component is not pure: in {RUNS} runs of one schedule, {step} came out differently. "
                "Both may depend on arguments, outcomes and values alone."
            )
    if len({len(each) for each in runs}) > 1:
        raise PurityError(
            "Some role or component is not pure: one and the same schedule could be run to its end only sometimes. "
            "Both may depend on arguments, outcomes and values alone."
        )


def _recorded(model: Model, schedule: Schedule) -> list[Hashable]:
    """Return what processes wait for and components hold after each step, as far as the schedule can be run."""
    simulation = Simulation(model)
    recorded: list[Hashable] = [simulation.state(merging=False)]
    for choice in schedule.choices:
        try:
            simulation.fire(choice)
        except ReplayDivergedError:
            break
        waiting = tuple(str(each) for running in simulation.processes.values() for each in running.operations)
        recorded.append((waiting, simulation.state(merging=False)))
    return recorded
