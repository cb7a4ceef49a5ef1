"""How likely a violation still is, beside each step of a counterexample: in a timeline, and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deadheat.reports.timeline import Likely
from deadheat.scenarios.check import Counterexample
from deadheat.sim.timed.solving import Bounds

__all__ = ["along_to_json", "likely_of"]


def likely_of(counterexample: Counterexample, found: Sequence[Bounds], profile: str, *, memoryless: bool) -> Likely:
    """Return what a timeline shows of likelihoods: the first of those found is that of the start."""
    taken = ", each taken as exponential, of its mean" if memoryless else ", and what was given"
    open_ends = "" if all(each.is_one for each in found) else " LO..HI: over all that no latency was given for."
    return Likely(
        {number: _bounds(each) for number, each in enumerate(found[1:], start=1)},
        f"%: how likely it is, after that step, that {counterexample.property} is violated in the end; "
        f"{_bounds(found[0])} at the start. Latencies: the profile {profile}{taken}.{open_ends}",
    )


def _bounds(found: Bounds) -> str:
    least, greatest = _percent(found.least), _percent(found.greatest)
    return f"{least}%" if least == greatest else f"{least}..{greatest}%"


def _percent(value: float) -> str:
    """Return a probability with two digits that say something; what may still not happen is not called certain."""
    if value >= 1 - 1e-9:
        return "100"
    return "99" if value >= 0.995 else f"{100 * value:.2g}"


def along_to_json(counterexample: Counterexample, likelihoods: Sequence[Bounds]) -> list[dict[str, Any]]:
    """Return each step with how likely the violation is after it; the first is the start."""
    steps: list[tuple[str | None, str | None]] = [(None, None)]
    steps += [(event.process, event.label or event.operation) for event in counterexample.trace.events]
    return [
        {"process": process, "step": step, "least": found.least, "greatest": found.greatest}
        for (process, step), found in zip(steps, likelihoods, strict=True)
    ]
