"""Components: immutable values with pure step functions.

A component is written once. A method marked `@operation` takes the component's present value and the arguments,
and returns the steps that may follow; *called on an instance*, the same method makes the `Operation` that asks for
that step. So `system.status.get("e1")` is what a role yields, and `StatusStore.get` is what it means:

    class Counter(Component):
        initial = 0

        @operation
        def add(self, value: int, amount: int) -> Steps:
            return (Step(outcome=value, value=value + amount),)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, Self, TypeAlias, overload

from deadheat.sim.arguments import Wanted, wanted_types, wrong_argument, wrong_call
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault, kind_of
from deadheat.sim.forgotten import note_made
from deadheat.sim.freeze import require_immutable
from deadheat.sim.operations import Operation
from deadheat.sim.render import render
from deadheat.sim.traits import Traits

if TYPE_CHECKING:
    from deadheat.sim.run.connected import Client, Connection

__all__ = ["BLOCKED", "Component", "Outcomes", "Step", "Steps", "operation", "operations_in", "taken_by"]

Arguments = ParamSpec("Arguments")

MISSING = Parameter.empty

BEFORE_ARGUMENTS = ("self", "value")


class Step(NamedTuple):
    """One way in which an operation may go: its outcome, the component's next value, and the fault it draws on.

    The fault is among those that the component declares.
    """

    outcome: Any
    value: Any
    fault: str | Fault | None = None

    @property
    def kind(self) -> str | None:
        """The kind of the fault, by name."""
        return None if self.fault is None else kind_of(self.fault)


Steps: TypeAlias = Sequence[Step]
"""None: the operation is not enabled (it blocks). Several: the environment chooses."""

Outcomes: TypeAlias = Steps
"""The same, by a name that cannot be taken for the steps of a role."""

BLOCKED: Steps = ()


class operation(Generic[Arguments]):  # noqa: N801 - used as a decorator
    """Mark a method of a component as one of its operations (see the module's text).

    Asking for it raises ModelError for arguments that it does not take, and for mutable ones.
    """

    def __init__(self, step: Callable[Concatenate[Any, Any, Arguments], Steps]) -> None:
        self.step = step
        self.traits = Traits()
        self.name = step.__name__
        self.__doc__ = step.__doc__
        taken = list(signature(step).parameters.values())
        if len(taken) < len(BEFORE_ARGUMENTS):
            raise ModelError(
                f"The operation {step.__qualname__} takes ({', '.join(each.name for each in taken)}); let it take self "
                "and the component's value first."
            )
        self.parameters = taken[len(BEFORE_ARGUMENTS) :]
        self.names = [each.name for each in self.parameters]
        if any(each.kind is not Parameter.POSITIONAL_OR_KEYWORD for each in self.parameters):
            raise ModelError(
                f"The operation {step.__qualname__} has parameters that are not plain; write each by its name, without "
                "`*`, `**` or `/`."
            )

    @cached_property
    def _wanted(self) -> Wanted:
        return wanted_types(self.step)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Raise ModelError: there is no component that the operation could go to."""
        kind = self.step.__qualname__.rpartition(".")[0]
        raise ModelError(
            f"{self.step.__qualname__} was called on the class; call it on a component, such as {kind}('name')."
        )

    @overload
    def __get__(self, instance: None, owner: type) -> operation[Arguments]: ...

    @overload
    def __get__(self, instance: Component, owner: type) -> Callable[Arguments, Operation]: ...

    def __get__(self, instance: Component | None, owner: type) -> operation[Arguments] | Callable[Arguments, Operation]:
        if instance is None:
            return self

        def request(*arguments: Arguments.args, **named: Arguments.kwargs) -> Operation:
            missing = self.parameters[len(arguments) :]
            complete = arguments + tuple(named.get(each.name, each.default) for each in missing)
            named_well = not named or named.keys() <= {each.name for each in missing}
            if not named_well or len(complete) != len(self.parameters) or any(each is MISSING for each in complete):
                what = wrong_call(self.parameters, arguments, named)
                raise ModelError(f"{owner.__name__}.{self.name} was called with the wrong arguments: {what}.")
            require_immutable(f"The arguments of {owner.__name__}.{self.name}", complete)
            wrong = wrong_argument(self._wanted, self.names, complete)
            if wrong is not None:
                raise ModelError(f"{owner.__name__}.{self.name} cannot be asked for: {wrong}.")
            made = Operation(instance.instance_for(complete), self.name, complete)
            note_made(made)
            return made

        return request


def operations_in(kind: type) -> dict[str, operation[...]]:
    """Return the operations of a class, by name."""
    found = ((name, getattr(kind, name, None)) for name in dir(kind))
    return {name: each for name, each in found if isinstance(each, operation)}


def taken_by(made: Callable[..., Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options that a class takes when one is made of it."""
    taken = signature(made).parameters
    takes_all = any(each.kind is Parameter.VAR_KEYWORD for each in taken.values())
    return {option: value for option, value in options.items() if takes_all or option in taken}


class Component:
    """An immutable value, compared by value, with pure step functions.

    A *keyed* component stands for one independent instance a key: the first argument of each of its operations is
    the key, and the instance's name is `name/key`. `faults` are those that its steps may meet. The keys are those of
    the system, or `keys`, if the component is kept by something else. What `is_ghost` is in no real system, and
    timelines leave out what is noted there at the same instant as a step.
    """

    keyed: bool = False
    initial: Any = None
    faults: tuple[Fault, ...] = ()
    keys: tuple[str, ...] = ()
    is_ghost: bool = False

    def __init__(self, name: str) -> None:
        self.name = name

    def __init_subclass__(cls, **options: Any) -> None:
        """Raise ModelError for an operation that has the name of something else that every component has."""
        super().__init_subclass__(**options)
        for name, marked in vars(cls).items():
            if isinstance(marked, operation) and (name == "name" or hasattr(Component, name)):
                raise ModelError(
                    f"The operation {cls.__name__}.{name} has a name that every component uses for itself; give it "
                    "another."
                )

    def instance_for(self, arguments: tuple[Any, ...]) -> str:
        """Return the name of the instance that an operation with these arguments goes to."""
        if self.keyed and not arguments:
            raise ModelError(
                f"{type(self).__name__} is keyed, and its operation takes no key; let it take that first, behind the "
                "value."
            )
        return f"{self.name}/{arguments[0]}" if self.keyed else self.name

    def under(self, budgets: Mapping[str, int]) -> Self:  # noqa: ARG002
        """Return the component as it is under these budgets of faults: what only a fault needs may be left out."""
        return self

    def altered(self, **options: bool) -> Self:
        """Return the component with other options, of those that its class takes when it is made."""
        changed = taken_by(type(self), options)
        if all(getattr(self, name) == value for name, value in changed.items()):
            return self
        other = copy(self)
        for name, value in changed.items():
            setattr(other, name, value)
        return other

    def operations(self) -> Iterator[operation[...]]:
        """Yield its operations, by name."""
        yield from operations_in(type(self)).values()

    def happening(self, budgets: Mapping[str, int]) -> Iterator[operation[...]]:
        """Yield the operations that happen by themselves where faults have these budgets."""
        for marked in self.operations():
            trait = marked.traits.by_itself
            if trait is not None and (trait.fault is None or budgets.get(trait.fault)):
                yield marked

    def connection(self, client: Client) -> Connection | None:  # noqa: ARG002
        """Return a process's connection to the component; None if that is asking alone.

        What the process has begun there ends with it.
        """
        return None

    def among(self, names: frozenset[str]) -> Self:  # noqa: ARG002
        """Return the component of a system whose processes and nodes have these names."""
        return self

    def in_order(self, value: Any) -> Any:
        """Return a value in which names were exchanged, with what is kept in the order of names in that order again.

        So names that make no difference make none by that order either (see `explore/reductions/symmetry`).
        """
        return value

    def told_in_order(self, request: Operation, outcome: Any) -> Any:  # noqa: ARG002
        """Return what an operation answered, in which names were exchanged, in the order in which it would answer."""
        return outcome

    def live(self, site: Any) -> Any:  # noqa: ARG002
        """Return what does this component's operations on real servers: an `Adapter`, for a run on a `Site`.

        None: only components of the library that have a live form anyhow are on real servers.
        """
        return None

    def describe(self, value: Any) -> str:
        """Return a value as short text for timelines; the same on every machine."""
        return render(value)

    def apply(self, value: Any, request: Operation) -> Steps:
        """Return every way in which `request` may go in a component that holds `value`; none if it blocks."""
        marked = getattr(type(self), request.name, None)
        if not isinstance(marked, operation):
            raise ModelError(f"The component {self.name!r} ({type(self).__name__}) has no operation {request.name!r}.")
        return marked.step(self, value, *request.arguments)
