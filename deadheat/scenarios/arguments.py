"""What the functions of the API were given, and what is said of what they cannot take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deadheat.models.design import Design
from deadheat.models.system import Protocol
from deadheat.scenarios.scenario import WITHOUT_END
from deadheat.sim.counting import a
from deadheat.sim.errors import UsageError
from deadheat.sim.faults import Fault
from deadheat.sim.model import UNLIMITED, Model

__all__ = ["budgets_of", "require_number", "require_protocol"]


def require_protocol(protocol: Any, function: str) -> None:
    """Raise UsageError for what is no protocol, and no reference to one."""
    if not isinstance(protocol, Protocol | Design | Model | str):
        raise UsageError(
            f"{function}(...) was given {a(protocol)}; give it a Protocol, a Design, a Model, or a reference such as "
            "'ours.py:PROTOCOL'."
        )


def require_number(name: str, given: Any, function: str) -> None:
    """Raise UsageError for what is no whole number."""
    if type(given) is not int:
        raise UsageError(f"{name} of {function}(...) is {given!r}; give it a whole number.")


def budgets_of(faults: Any, function: str) -> tuple[tuple[str, int], ...]:
    """Return how often each kind may happen; raises UsageError for what does not say that."""
    if faults is None:
        return ()
    if not isinstance(faults, Mapping):
        raise UsageError(f'faults of {function}(...) says how often each kind may happen: {{"worker-crash": 1}}.')
    for kind in faults:
        if isinstance(kind, Fault):
            raise UsageError(f"faults of {function}(...) names a Fault; write its kind: {{{kind.kind!r}: 1}}.")
    return tuple((kind, _budget(kind, budget)) for kind, budget in faults.items())


def _budget(kind: str, budget: Any) -> int:
    if budget == WITHOUT_END:
        return UNLIMITED
    if type(budget) is not int or budget < 0:
        raise UsageError(f"The fault {kind!r} cannot have the budget {budget!r}; give it a number, or {WITHOUT_END!r}.")
    return budget
