"""Operations: what a role yields, and the labels they carry."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any, NamedTuple, TypeAlias, TypeVar

from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import note_made
from deadheat.sim.render import render

__all__ = [
    "Accompanied",
    "AnyOf",
    "Atomic",
    "Block",
    "Chosen",
    "Instant",
    "Label",
    "Operation",
    "Outside",
    "Reach",
    "Request",
    "RoleFunction",
    "accompanied",
    "any_of",
    "atomically",
    "operations_of",
    "plain",
]


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

    def labelled(self, label: str) -> Operation:
        """Return the operation with this label on it."""
        return Operation(self.component, self.name, self.arguments, label)

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
        """The label that one of its operations has, if any."""
        return next((each.label for each in self.operations if each.label), None)

    def __str__(self) -> str:
        return " and ".join(map(str, self.operations))


class Reach(NamedTuple):
    """A component that a block may touch: those of these instances that a model has, or all if it has none of them.

    One that is `declared` must be there.
    """

    component: str
    instances: tuple[str, ...] = ()
    declared: bool = False

    def __str__(self) -> str:
        return self.instances[0] if len(self.instances) == 1 else self.component


class Block:
    """Operations that happen at one instant, or not at all, each with what those before it have left (`atomic_block`).

    `called_with` is what its function is given, and `arguments` what of that is plain values. Two blocks with the same
    `content` and label do the same.
    """

    __slots__ = ("__weakref__", "arguments", "called_with", "content", "function", "label", "reaches")

    def __init__(
        self,
        function: FunctionType | MethodType,
        called_with: tuple[Any, ...],
        arguments: tuple[Any, ...],
        reaches: tuple[Reach, ...],
        content: Hashable,
        label: str | None = None,
    ) -> None:
        self.function = function
        self.called_with = called_with
        self.arguments = arguments
        self.reaches = reaches
        self.content = content
        self.label = label

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Block) and (self.content, self.label) == (other.content, other.label)

    __hash__ = None  # type: ignore[assignment]  # nobody keeps them by content

    @property
    def component(self) -> str:
        """The components that it may touch, as text."""
        return " and ".join(map(str, self.reaches)) or "nothing"

    @property
    def name(self) -> str:
        """What it does, as text."""
        return self.function.__name__

    def labelled(self, label: str) -> Block:
        """Return the block with this label on it."""
        return Block(self.function, self.called_with, self.arguments, self.reaches, self.content, label)

    def turned(self, turn: Callable[[Any], Any]) -> Block:
        """Return the block, called with what `turn` makes of all that it is called with: something equal."""
        return Block(self.function, turn(self.called_with), self.arguments, self.reaches, self.content, self.label)

    def __str__(self) -> str:
        return f"the block {self.name}({', '.join(map(render, self.arguments))})"


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Accompanied:
    """A request with operations that happen at the same instant, behind it, and of which its role is not told.

    It is enabled where all are. What timelines show, and roles know, is the request alone. If it `is_certain`, what
    accompanies it must have exactly one step wherever the request has one, as what follows from a crash must.
    """

    request: Operation | Atomic | Block
    by: tuple[Operation, ...]
    is_certain: bool = False

    @property
    def component(self) -> str:
        """The components that the request touches, as text."""
        return self.request.component

    @property
    def name(self) -> str:
        """What the request does, as text."""
        return self.request.name

    @property
    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the request."""
        return self.request.arguments

    @property
    def label(self) -> str | None:
        """The label of the request."""
        return self.request.label

    def __str__(self) -> str:
        return str(self.request)


class Outside(Operation):
    """What may happen to a role that has not asked for it, in the place of what it has asked for."""

    __slots__ = ()


Instant: TypeAlias = Operation | Atomic | Block | Accompanied
"""What happens at one instant, if it happens."""


def accompanied(request: Instant, *by: Operation) -> Accompanied:
    """Return a request, accompanied by these operations too."""
    if isinstance(request, Accompanied):
        return Accompanied(request.request, (*request.by, *by), request.is_certain)
    return Accompanied(request, by)


def plain(request: Instant) -> Operation | Atomic | Block:
    """Return a request without what accompanies it."""
    return request.request if isinstance(request, Accompanied) else request


def operations_of(request: Instant) -> tuple[Operation, ...]:
    """Return the operations that a request names, as its role asks for them: none of a block, which decides later."""
    request = plain(request)
    if isinstance(request, Operation):
        return (request,)
    return request.operations if isinstance(request, Atomic) else ()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class AnyOf:
    """A choice among operations: whichever is fired first happens, the others never do."""

    operations: tuple[Instant, ...]

    @property
    def component(self) -> str:
        """The components that they touch, as text."""
        return " or ".join(each.component for each in self.operations)

    @property
    def name(self) -> str:
        """What they do, as text."""
        return " or ".join(each.name for each in self.operations)

    @property
    def chooses(self) -> bool:
        """Whether a role asks for it, and not for one operation beside which something outside may happen."""
        asked = sum(not isinstance(each, Outside) for each in self.operations)
        return asked > 1 or asked == len(self.operations)


class Chosen(NamedTuple):
    """The outcome of an `AnyOf`: which of its operations happened, and what that one answered."""

    which: int
    outcome: Any


Request: TypeAlias = Operation | Atomic | Block | Accompanied | AnyOf
"""What a role may yield."""

RoleFunction: TypeAlias = Callable[..., Generator[Request, Any, Any]]
"""A generator function: each `yield` hands over a request and receives its outcome.

What lies between two yields is atomic and depends on the role's arguments and on the outcomes alone.
"""


Labelled = TypeVar("Labelled", Operation, Block)


def atomically(*operations: Operation) -> Atomic:
    """Return a request for all `operations` at one instant, enabled when all are; its outcome is their outcomes."""
    _require("atomically", operations, (Operation,))
    labels = [each.label for each in operations if each.label is not None]
    if len(labels) > 1:
        raise ModelError(
            f"atomically(...) was given the labels {' and '.join(labels)}; what happens at one instant is one step, so "
            "put one label on it."
        )
    together = Atomic(operations)
    note_made(together, *operations)
    return together


def any_of(*operations: Instant) -> AnyOf:
    """Return a request that is answered by whichever of `operations` is fired first, as a `Chosen`."""
    _require("any_of", operations, (Operation, Atomic, Block, Accompanied))
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

    def __call__(self, operation: Labelled) -> Labelled:
        """Return the operation, or the block, with this label on it; raises ModelError for anything else."""
        if not isinstance(operation, Operation | Block):
            what_to_do = "one of the operations in it" if isinstance(operation, Atomic | AnyOf) else "an operation"
            raise ModelError(f"The label {self.name} was put on {a(operation)}; put it on {what_to_do}.")
        if operation.label is not None:
            raise ModelError(
                f"The label {self.name} was put on {operation}, which has the label {operation.label}; give it one."
            )
        labelled = operation.labelled(self.name)
        note_made(labelled, operation)
        return labelled
