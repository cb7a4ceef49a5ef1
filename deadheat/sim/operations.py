"""Operations: what a role yields, and the labels they carry."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import note_made
from deadheat.sim.render import render

__all__ = ["AnyOf", "Atomic", "Chosen", "Label", "Operation", "Request", "RoleFunction", "any_of", "atomically"]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Operation:
    """One atomic request to a component.

    `arguments` are immutable and compared by value. `label` names the step in timelines and coverage;
    it has no influence on what the operation does.
    """

    component: str
    name: str
    arguments: tuple[Any, ...] = ()
    label: str | None = None

    @property
    def components(self) -> tuple[str, ...]:
        """The one component that it touches."""
        return (self.component,)

    def __str__(self) -> str:
        return f"{self.component}.{self.name}({', '.join(render(argument) for argument in self.arguments)})"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Atomic:
    """Operations on several components that happen at one instant, or not at all."""

    operations: tuple[Operation, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """The components that it touches."""
        return tuple(each.component for each in self.operations)

    @property
    def component(self) -> str:
        """The components that it touches, as text."""
        return " and ".join(self.components)

    @property
    def name(self) -> str:
        """What it does, as text."""
        return " and ".join(each.name for each in self.operations)

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of all its operations."""
        return tuple(argument for each in self.operations for argument in each.arguments)

    @property
    def label(self) -> str | None:
        """The first label among its operations."""
        return next((each.label for each in self.operations if each.label), None)

    def __str__(self) -> str:
        return " and ".join(map(str, self.operations))


@dataclass(frozen=True, slots=True, weakref_slot=True)
class AnyOf:
    """A choice among operations: whichever is fired first happens, the others never do."""

    operations: tuple[Operation | Atomic, ...]

    @property
    def component(self) -> str:
        """The components that they touch, as text."""
        return " or ".join(each.component for each in self.operations)

    @property
    def name(self) -> str:
        """What they do, as text."""
        return " or ".join(each.name for each in self.operations)


class Chosen(NamedTuple):
    """The outcome of an `AnyOf`: which of its operations happened, and what that one answered."""

    which: int
    outcome: Any


Request: TypeAlias = Operation | Atomic | AnyOf
"""What a role may yield."""

RoleFunction: TypeAlias = Callable[..., Generator[Request, Any, Any]]
"""A generator function: each `yield` hands over a request and receives its outcome.

What lies between two yields is atomic and depends on the role's arguments and on the outcomes alone.
"""


def atomically(*operations: Operation) -> Atomic:
    """Return a request for all `operations` at one instant, enabled when all are; its outcome is their outcomes."""
    _require("atomically", operations, (Operation,))
    together = Atomic(operations)
    note_made(together, *operations)
    return together


def any_of(*operations: Operation | Atomic) -> AnyOf:
    """Return a request that is answered by whichever of `operations` is fired first, as a `Chosen`."""
    _require("any_of", operations, (Operation, Atomic))
    if not operations:
        raise ModelError("any_of(...) needs an operation to choose.")
    choice = AnyOf(operations)
    note_made(choice, *operations)
    return choice


def _require(what: str, operations: tuple[Any, ...], kinds: tuple[type, ...]) -> None:
    for each in operations:
        if not isinstance(each, kinds):
            raise ModelError(f"{what}(...) was given {a(each)}; give it operations of components, such as store.get().")


@dataclass(frozen=True, slots=True)
class Label:
    """A name for a step, put on an operation by calling the label with it."""

    name: str
    meaning: str

    def __call__(self, operation: Operation) -> Operation:
        """Return the operation with this label on it; raises ModelError for anything else."""
        if not isinstance(operation, Operation):
            what_to_do = "one of the operations in it" if isinstance(operation, Atomic | AnyOf) else "an operation"
            raise ModelError(f"The label {self.name} was put on {a(operation)}; put it on {what_to_do}.")
        if operation.label is not None:
            raise ModelError(
                f"The label {self.name} was put on {operation}, which has the label {operation.label}; give it one."
            )
        labelled = Operation(operation.component, operation.name, operation.arguments, self.name)
        note_made(labelled, operation)
        return labelled
