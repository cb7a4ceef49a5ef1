"""One component, driven operation by operation; and a small design, explored."""

from __future__ import annotations

from typing import Any

from deadheat.models.design import Design
from deadheat.sim.components import Component, Step
from deadheat.sim.explore.auto import explore
from deadheat.sim.operations import Operation

__all__ = ["Driver", "violated"]


class Driver:
    """Applies operations to a component one after another; each must have exactly one fault-free step."""

    def __init__(self, component: Component) -> None:
        self.component = component
        self.value = component.initial

    def steps(self, request: Operation) -> list[Step]:
        return list(self.component.apply(self.value, request))

    def outcomes(self, request: Operation) -> list[Any]:
        """What the request may be answered if nothing fails."""
        return [each.outcome for each in self.steps(request) if each.fault is None]

    def blocks(self, request: Operation) -> bool:
        """Whether the request is not enabled, not even by a fault."""
        return not self.steps(request)

    def __call__(self, request: Operation) -> Any:
        [step] = [each for each in self.steps(request) if each.fault is None]
        self.value = step.value
        return step.outcome

    def fault(self, request: Operation, kind: str) -> Any:
        """Take the first step that is a fault of this kind; return its outcome."""
        step = next(each for each in self.steps(request) if each.kind == kind)
        self.value = step.value
        return step.outcome


def violated(design: Design[Any], count: int = 1, **faults: int) -> set[str]:
    """Return the names of the properties of a design that some run violates, by these faults (`_` for `-`)."""
    found = explore(design.model(count, {kind.replace("_", "-"): budget for kind, budget in faults.items()}))
    assert found.complete or found.counterexamples.keys() == {each.name for each in design.claims}, found.stopped
    return set(found.counterexamples)
