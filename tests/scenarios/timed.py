"""A timed simulation, as a twin of the race window: every step happens exactly so long after it could first happen."""

from __future__ import annotations

from collections.abc import Mapping

from deadheat.sim.model import Model
from deadheat.sim.operations import Operation
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Event

__all__ = ["run_timed"]


def run_timed(
    model: Model, latencies: Mapping[tuple[str, str], int], cancel_at: int, steps_max: int = 60
) -> list[Event]:
    """Run a model whose steps take fixed times, and return what happened, in the order of time.

    `latencies` are by process and operation; a step without one never happens. The user cancels at `cancel_at`.
    """
    simulation = Simulation(model)
    now = 0
    since: dict[str, int] = {}  # from when a process could do what it waits for
    events: list[Event] = []
    while len(events) < steps_max:
        possible = {each.choice.process: each for each in simulation.transitions() if each.step.fault is None}
        since = {name: since.get(name, now) for name in possible}
        due: dict[str, int] = {}
        for name, each in possible.items():
            assert isinstance(each.operation, Operation)
            if each.owed and (name, each.operation.name) in latencies:
                due[name] = since[name] + latencies[name, each.operation.name]
            elif not each.owed:
                due[name] = cancel_at
        if not due:
            return events
        name = min(due, key=lambda each: due[each])
        now = due[name]
        events.append(simulation.record(possible[name].choice))
        del since[name]
    return events
