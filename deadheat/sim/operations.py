"""Operations: what a role yields, and the labels they carry."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from deadheat.sim.render import render

__all__ = ["AnyOf", "Chosen", "Label", "Operation", "Request", "Role", "any_of"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One atomic request to a component.

    `arguments` are immutable and compared by value. `label` names the step in timelines and coverage;
    it has no influence on what the operation does.
    """

    component: str
    name: str
    arguments: tuple[Any, ...] = ()
    label: str | None = None

    def __str__(self) -> str:
        return f"{self.component}.{self.name}({', '.join(render(argument) for argument in self.arguments)})"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A choice among operations: whichever is fired first happens, the others never do."""

    operations: tuple[Operation, ...]


class Chosen(NamedTuple):
    """The outcome of an `AnyOf`: which of its operations happened, and what that one answered."""

    which: int
    outcome: Any


Request: TypeAlias = Operation | AnyOf
"""What a role may yield."""

Role: TypeAlias = Callable[..., Generator[Request, Any, Any]]
"""A generator function: each `yield` hands over a request and receives its outcome.

What lies between two yields is atomic and depends on the role's arguments and on the outcomes alone.
"""


def any_of(*operations: Operation) -> AnyOf:
    """Return a request that is answered by whichever of `operations` is fired first, as a `Chosen`."""
    return AnyOf(operations)


@dataclass(frozen=True, slots=True)
class Label:
    """A name for a step, put on an operation by calling the label with it."""

    name: str
    meaning: str

    def __call__(self, operation: Operation) -> Operation:
        """Return the operation with this label on it."""
        return replace(operation, label=self.name)
