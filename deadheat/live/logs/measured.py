"""How long steps took in a live trace: the latencies of `simulate`, measured and fitted.

A step's latency is from when it could first happen to when it did. It did when its operation ended. It could since its
process's step before that; and if it is an operation that waits (for a request, a reply, a cancellation), not before
the last step of another process on the same component, if that ended while it waited. An evaluation begins with the
first of its steps.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from deadheat.live.logs.tape import LiveEvent, read_tape
from deadheat.models.world import build
from deadheat.scenarios.catalogue import find_protocol
from deadheat.scenarios.measured_laws import law_of_samples
from deadheat.scenarios.scenario import Scenario
from deadheat.sim.durations import LONGEST_D, UNITS_NS
from deadheat.sim.errors import TraceError, UsageError
from deadheat.sim.run.simulation import run_randomly
from deadheat.sim.timed.laws import Law
from deadheat.sim.traits import traits_of

__all__ = ["Fit", "fit_of", "fits_in", "latencies_in"]

FITS_FROM = 20
"""With fewer measurements nothing can be said of their distribution but what they were."""

GOOD = 0.05
"""A family fits if what was measured is no less likely than that, by Kolmogorov and Smirnov."""

RUNS = 40
"""So many random runs of the model are looked at for the labels of its steps."""


@dataclass(frozen=True, slots=True)
class Fit:
    """The law of a step that was measured so often; `text` is how it is written, None where only measurements do.

    `likely` is how likely measurements are that differ as much from it, or more.
    """

    name: str
    samples_s: tuple[float, ...]
    law: Law
    text: str | None
    likely: float | None


def fits_in(path: Path) -> tuple[Fit, ...]:
    """Return the law of each step in a live trace; raises TraceError, and UsageError where it tells of none."""
    found = latencies_in(path)
    if not found:
        raise UsageError(f"{path} tells of no step, so nothing was measured; record one that does.")
    return tuple(fit_of(name, samples) for name, samples in found.items())


def latencies_in(path: Path) -> dict[str, list[float]]:
    """Return how long each step took in a live trace, in seconds, by the names that `simulate` knows."""
    header, events = read_tape(path)
    protocol = find_protocol(header.protocol)
    system = build(protocol, 1, {}).system
    waits = {
        (name, each.step.__name__)
        for name, component in system.named().items()
        for each in component.operations()
        if traits_of(component, each.step.__name__).hands_work or traits_of(component, each.step.__name__).gives_up
    }
    labels = _labels_of(header.protocol)
    found: dict[str, list[float]] = {}
    for evaluation in header.evaluations:
        own = [each for each in events if each.component.partition("/")[2] == evaluation]
        for event, latency in _latencies(own, waits):
            found.setdefault(_name_of(event, labels), []).append(latency)
    return found


def _latencies(events: Sequence[LiveEvent], waits: set[tuple[str, str]]) -> list[tuple[LiveEvent, float]]:
    """Return each event of one evaluation with how long it took."""
    if not events:
        return []
    start = min(each.began for each in events)
    last_of: dict[str, LiveEvent] = {}
    last_on: dict[str, list[LiveEvent]] = {}
    found = []
    for event in sorted(events, key=lambda each: each.ended):
        if event.process is None:
            raise TraceError(f"Line {event.line} does not say which process did it, so nothing can be measured by it.")
        before = last_of.get(event.process)
        since = start if before is None else before.ended
        if (event.component.partition("/")[0], event.operation) in waits:
            others = [each.ended for each in last_on.get(event.component, []) if each.process != event.process]
            since = max([since, *(each for each in others if event.began <= each)], default=since)
        took = max(Decimal(0), event.ended - since)
        if took > LONGEST_D * UNITS_NS["d"] // UNITS_NS["s"]:
            raise TraceError(
                f"By its times, what is in line {event.line} took more than {LONGEST_D:,} days, the longest time that "
                "can be waited for; they are to be seconds on one clock, so correct them, or leave that evaluation out."
            )
        found.append((event, float(took)))
        last_of[event.process] = event
        last_on.setdefault(event.component, []).append(event)
    return found


def _labels_of(reference: str) -> Mapping[tuple[str, str, str], str]:
    """Return the labels of steps, by role, component and operation, of those that always have the same."""
    model = Scenario(reference).model()
    found: dict[tuple[str, str, str], set[str | None]] = {}
    for seed in range(RUNS):
        for event in run_randomly(model, seed)[1].events:
            found.setdefault(_role_and_operation(event.process, event.component, event.operation), set()).add(
                event.label
            )
    return {key: label for key, (label, *others) in found.items() if label is not None and not others}


def _role_and_operation(process: str, component: str, operation: str) -> tuple[str, str, str]:
    return process.partition("/")[0], component.partition("/")[0], operation


def _name_of(event: LiveEvent, labels: Mapping[tuple[str, str, str], str]) -> str:
    role, component, operation = key = _role_and_operation(event.process or "", event.component, event.operation)
    return labels.get(key) or (f"{component}.{operation}" if role == component else f"{role}.{component}.{operation}")


# Fitting


def fit_of(name: str, samples_s: Sequence[float]) -> Fit:
    """Return the family that fits what was measured best, or what was measured itself where none does."""
    from scipy import stats

    samples = tuple(sorted(max(0.0, each) for each in samples_s))
    measured = law_of_samples([each * 1e9 for each in samples])
    if samples[-1] <= 1e-6 or samples[-1] - samples[0] <= 1e-6:
        return Fit(name, samples, Law.constant(samples[0] * 1e9), _duration(samples[0]), None)
    if len(samples) < FITS_FROM or samples[0] <= 0:
        return Fit(name, samples, measured, None, None)
    mean = sum(samples) / len(samples)
    spread = math.sqrt(sum((each - mean) ** 2 for each in samples) / len(samples))
    stages = max(1, min(200, round((mean / spread) ** 2)))
    logs = [math.log(each) for each in samples]
    mu = sum(logs) / len(logs)
    sigma = math.sqrt(sum((each - mu) ** 2 for each in logs) / len(logs)) or 1e-9
    median, p99 = math.exp(mu), math.exp(mu + 2.3263478740408408 * sigma)
    low, high = samples[0], samples[-1]
    families = (
        (f"exponential(mean={_duration(mean)})", Law.exponential(mean * 1e9), stats.expon(scale=mean)),
        (
            f"erlang(stages={stages}, mean={_duration(mean)})",
            Law.erlang(stages, mean * 1e9),
            stats.gamma(stages, scale=mean / stages),
        ),
        (
            f"lognormal(median={_duration(median)}, p99={_duration(p99)})",
            Law.lognormal(median * 1e9, p99 * 1e9),
            stats.lognorm(sigma, scale=median),
        ),
        (
            f"uniform({_duration(low)}, {_duration(high)})",
            Law.uniform(low * 1e9, high * 1e9),
            stats.uniform(low, high - low),
        ),
    )
    likely, text, law = max(
        ((float(stats.kstest(samples, known.cdf).pvalue), text, law) for text, law, known in families),
        key=lambda each: each[0],
    )
    return Fit(name, samples, law, text, likely) if likely >= GOOD else Fit(name, samples, measured, None, likely)


def _duration(time_s: float) -> str:
    """Return a duration as profiles write it: in whole microseconds, or, where it is short, in whole nanoseconds."""
    nanoseconds = round(time_s * 1e9)
    if nanoseconds < 100_000 and nanoseconds % 1000:
        return f"{nanoseconds}ns"
    microseconds = round(time_s * 1e6)
    return (
        f"{microseconds}us"
        if microseconds < 10_000
        else f"{microseconds / 1000:g}ms"
        if microseconds < 1e7
        else f"{microseconds / 1e6:g}s"
    )
