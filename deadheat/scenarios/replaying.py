"""Replaying a saved counterexample: whether it still does what it did, and if not, from which step on."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

from deadheat.scenarios.check import Counterexample
from deadheat.scenarios.trace_file import Recorded, read
from deadheat.sim.errors import ReplayDivergedError
from deadheat.sim.explain.confirm import violation_of
from deadheat.sim.explain.starving import starving_in
from deadheat.sim.run.simulation import Simulation
from deadheat.sim.trace import Event

__all__ = ["difference_along", "replay"]


def replay(path: Path) -> Recorded:
    """Load a counterexample, run it again through simpy, and return it.

    Raises TraceError as `read` does, and ReplayDivergedError, naming the step, if it no longer does what it did.
    """
    recorded = read(path)
    difference = _difference(recorded.counterexample)
    if difference is not None:
        remark = recorded.remark or "the protocol is as it was when the trace was saved"
        raise ReplayDivergedError(f"{path} no longer reproduces: {difference}; {remark}.")
    counterexample = recorded.counterexample
    starving = starving_in(counterexample.scenario.model(), counterexample.trace.schedule)
    return replace(recorded, counterexample=replace(counterexample, starving=starving))


def difference_along(recorded: Counterexample, steps: int | None = None) -> str | None:
    """Return which of the first so many steps of a counterexample is another when it is run again, and how."""
    simulation = Simulation(recorded.scenario.model())
    recorded_steps = zip(recorded.trace.schedule.choices, recorded.trace.events, strict=True)
    for number, (choice, expected) in enumerate(islice(recorded_steps, steps), start=1):
        try:
            got = _summary(event := simulation.record(choice))
        except ReplayDivergedError:
            event, got = None, "not possible"
        if event != expected:
            return f"step {number} was {_summary(expected)}, and now is {_different(got, expected, event)}"
    return None


def _difference(recorded: Counterexample) -> str | None:
    """Return what a counterexample no longer does, when it is run again."""
    if (difference := difference_along(recorded)) is not None:
        return difference
    model = recorded.scenario.model()
    violation = violation_of(model, recorded.property, recorded.trace.schedule)
    if violation is None:
        return f"it runs as recorded, but {recorded.property} holds"
    if violation != recorded.violation:
        return f"it runs as recorded, but then {violation}, and not: {recorded.violation}"
    return None


def _different(got: str, expected: Event, event: Event | None) -> str:
    """Return what happened, with what it changed if that alone is another."""
    if event is None or got != _summary(expected):
        return got
    return f"that with another effect: {_effect(event)} in the place of {_effect(expected)}"


def _effect(event: Event) -> str:
    changes = [f"{name}: {value}" for name, value in event.changes.items()]
    return ", ".join([*changes, *([f"fault {event.fault}"] if event.fault else [])]) or "nothing"


def _summary(event: Event) -> str:
    label = f"{event.label} " if event.label else ""
    return (
        f"{label}{event.process}: {event.component}.{event.operation}({', '.join(event.arguments)}) = {event.outcome}"
    )
