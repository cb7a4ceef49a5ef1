"""The readings of a trace as simple temporal networks: its latencies, and the orders of its steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from deadheat.scenarios.latency import Latency, latency_of
from deadheat.sim.counting import counted
from deadheat.sim.errors import UsageError
from deadheat.sim.explain.causality import Reading, readings
from deadheat.sim.explain.cuts import CausalStep, Cuts
from deadheat.sim.explain.temporal import Constraint

__all__ = ["ANY_LATENCY", "bounds_of", "constraints_of", "readings_of"]

READINGS_MAX = 1_024

ANY_LATENCY = Latency("any")
"""That of an owed step for which none is given."""


def bounds_of(steps: Sequence[CausalStep], latencies: Sequence[Latency]) -> dict[int, Latency]:
    """Return the latency of each step that comes within some time; what is owed and not named takes any time."""
    found = {step.number: latency_of(step.transition, latencies) for step in steps}
    return {
        step.number: found[step.number] or ANY_LATENCY
        for step in steps
        if found[step.number] is not None or step.transition.owed
    }


def readings_of(cuts: Cuts, bounds: Mapping[int, Latency]) -> list[Reading]:
    """Return all readings of the trace; the counterexample can happen if any can."""
    found = list(islice(readings(cuts, bounds.keys()), READINGS_MAX + 1))
    if len(found) > READINGS_MAX:
        raise UsageError(
            f"What the {counted(len(cuts.steps), 'step')} of this trace wait for can be read in more than "
            f"{READINGS_MAX:,} ways; save a shorter counterexample, such as one of fewer evaluations."
        )
    return found


def constraints_of(cuts: Cuts, reading: Reading, bounds: Mapping[int, Latency]) -> Iterator[Constraint]:
    """Yield what a reading asks of times: each latency, and each order that does not follow from these."""
    waits = {(earlier, later) for later, earlier in reading.waits_for.items()}
    for earlier, later in sorted(waits):
        latency = bounds[later]
        reason = f"latency {latency.name}" if latency is not ANY_LATENCY else "any latency"
        yield Constraint(earlier, later, latency.lowest_ns, latency.highest_ns, True, reason)
    for earlier, later in sorted(reading.orders - waits):
        likes = later not in bounds and earlier == cuts.steps[later - 1].previous
        yield Constraint(earlier, later, reason="comes when it likes" if likes else "order")
