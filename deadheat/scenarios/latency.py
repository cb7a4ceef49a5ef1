"""Latency bounds as users write them, `http.accept=5ms..2s`, and which steps of a trace they name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deadheat.sim.durations import parse_range
from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.explain.cuts import CausalStep
from deadheat.sim.operations import operations_of
from deadheat.sim.run.simulation import Transition

__all__ = ["DEFAULT", "Latency", "latency_of", "names_of", "parse_latencies", "passed_over", "require_used"]

DEFAULT = "default"
"""The name for every step that nothing else names, except those that come when they like."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Bounds on how long the steps of a name take, in nanoseconds; `highest_ns` is infinite where there is no bound."""

    name: str
    lowest_ns: int = 0
    highest_ns: float = math.inf


def parse_latencies(texts: Sequence[str]) -> tuple[Latency, ...]:
    """Return the bounds that texts such as `http.accept=5ms..2s` give; raises UsageError."""
    latencies: dict[str, Latency] = {}
    for text in texts:
        name, equals, bounds = (part.strip() for part in text.partition("="))
        if not equals or not name or not bounds:
            example = name if equals and name else "http.accept"
            raise UsageError(f"{text!r} is not a latency; write NAME=LO..HI, such as {example}=5ms..2s.")
        if name in latencies:
            raise UsageError(f"The latency of {name!r} is given twice; give it once.")
        span = parse_range(bounds, repr(text))
        latencies[name] = Latency(name, span.lowest_ns, span.highest_ns)
    return tuple(latencies.values())


def names_of(transition: Transition) -> tuple[str, ...]:
    """Return the names by which a latency may name a step, the most specific first.

    These are its label, its kind of fault, and its component's name (without the key) and operation, with and without
    the name of the process's role (what stands before the first `/`) in front.
    """
    role = transition.choice.process.partition("/")[0]
    operation = transition.operation
    if operation is None:
        named = [(role, "crash")]
    else:
        parts = operations_of(operation) or (operation,)
        named = [(each.component.partition("/")[0], each.name) for each in parts]
    label = operation.label if operation is not None else None
    return tuple(
        dict.fromkeys(
            [
                *([label] if label else []),
                *([transition.step.fault] if transition.step.fault else []),
                *(f"{role}.{component}.{name}" for component, name in named if component != role),
                *(f"{component}.{name}" for component, name in named),
                *(f"{role}.{component}" for component, _ in named if component != role),
                *(component for component, _ in named),
            ]
        )
    )


def latency_of(transition: Transition, latencies: Sequence[Latency]) -> Latency | None:
    """Return the most specific latency that names a step; None for a step that may take any time.

    A step that nobody owes, and a fault, come when they like: only its label, its kind of fault, or a name with its
    operation bounds such a step, not one for its whole component or for everything.
    """
    given = {each.name: each for each in latencies}
    return next((given[name] for name in _bounding(transition) if name in given), None)


def _bounding(transition: Transition) -> tuple[str, ...]:
    names = names_of(transition)
    if transition.owed:
        return (*names, DEFAULT)
    whole = {transition.choice.process.partition("/")[0], *(name.rpartition(".")[0] for name in names)}
    return tuple(name for name in names if name not in whole)


def passed_over(transition: Transition, latencies: Sequence[Latency]) -> tuple[str, str] | None:
    """Return a latency that names a step and does not bound it, since it comes when it likes; and the name that would.

    None for any other step.
    """
    if latency_of(transition, latencies) is not None:
        return None
    bounding = _bounding(transition)
    named = [each.name for each in latencies if each.name in names_of(transition)]
    return next(
        ((name, other) for name in named for other in bounding if other.startswith(f"{name}.")),
        (named[0], bounding[0]) if named else None,
    )


def require_used(latencies: Sequence[Latency], steps: Sequence[CausalStep]) -> None:
    """Raise UsageError, naming the nearest, for a latency whose name names no step at all."""
    known = list(dict.fromkeys(name for step in steps for name in names_of(step.transition)))
    for each in latencies:
        if each.name not in (*known, DEFAULT):
            raise unknown_name("step of this trace named", each.name, [*known, DEFAULT])
