"""Why a run does not repeat itself: looked for where two runtimes disagree, before that is called a defect of ours."""

from __future__ import annotations

import sys
from collections.abc import Hashable, Iterator
from types import FunctionType
from typing import Any

from deadheat.sim.errors import PurityError, ReplayDivergedError
from deadheat.sim.holdings import names_in
from deadheat.sim.model import Model
from deadheat.sim.shared_state import SharedState
from deadheat.sim.simulation import Simulation
from deadheat.sim.trace import Schedule

__all__ = ["require_repeatable"]

RUNS = 5

NEVER_THE_SAME = {
    "time": ("a clock", "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns localtime gmtime"),
    "datetime": ("a clock", "now utcnow today"),
    "random": ("a random number", "random randint randrange choice choices sample shuffle uniform getrandbits Random"),
    "secrets": ("a random number", "token_hex token_bytes token_urlsafe choice randbelow randbits"),
    "uuid": ("a random number", "uuid1 uuid4"),
    "os": ("the environment", "environ getenv urandom getpid"),
}
"""What a role must not ask: modules, what they answer, and what of them or of their classes answers that."""


def require_repeatable(model: Model, schedule: Schedule) -> None:
    """Raise PurityError if a schedule does not lead to the same in several runs, or if a role asks what it must not."""
    shared = SharedState(model)
    runs = [_recorded(model, schedule) for _ in range(RUNS)]
    shared.require_unchanged()
    for number, steps in enumerate(zip(*runs, strict=False), start=1):
        if len(set(steps)) > 1:
            raise PurityError(
                f"Some role or component is not pure: in {RUNS} runs of one schedule, step {number} came out "
                "differently. Both may depend on arguments, outcomes and values alone."
            )
    if len({len(each) for each in runs}) > 1:
        raise PurityError(
            "Some role or component is not pure: one and the same schedule could be run to its end only sometimes. "
            "Both may depend on arguments, outcomes and values alone."
        )
    for function in shared.functions:
        for what in _asked_by(function):
            raise PurityError(
                f"The function {function.__qualname__!r} reads {what}. Roles may depend on arguments and outcomes "
                "alone, and operations on values and arguments."
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


def _asked_by(function: FunctionType) -> Iterator[str]:
    names = set(names_in(function.__code__))
    for name in sorted(names & function.__globals__.keys()):
        yield from _never_the_same(name, function.__globals__[name], names)


def _never_the_same(name: str, value: Any, names: set[str]) -> Iterator[str]:
    """Yield what a global answers that a function names, with the attributes that it names beside it."""
    for module, (what, members) in NEVER_THE_SAME.items():
        source = sys.modules.get(module)
        if source is None:
            continue
        for member in members.split():
            if (value is source or _is_in(value, source)) and hasattr(value, member) and member in names:
                yield f"{what} ({name}.{member})"
            elif value is source and member in names and module == "datetime":
                yield f"{what} ({name} ... {member})"
            elif value is vars(source).get(member):
                yield f"{what} ({name})"


def _is_in(value: Any, module: Any) -> bool:
    return isinstance(value, type) and vars(module).get(value.__name__) is value
