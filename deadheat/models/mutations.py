"""What can be taken away from a protocol: one guard, at one place, by one change.

A change is made to operations and outcomes, not to source text, so that a guard in a helper that several roles share
(`call`, or another protocol's `dispatch`) is a place in each of them. A mutant is an ordinary `Protocol`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.components.chance import Chance
from deadheat.models.roles import Role
from deadheat.models.system import Protocol
from deadheat.sim.freeze import freeze
from deadheat.sim.model import Model, Process
from deadheat.sim.operations import (
    AnyOf,
    Atomic,
    Block,
    Chosen,
    Operation,
    Request,
    RoleFunction,
    operations_of,
    plain,
)
from deadheat.sim.render import render
from deadheat.sim.run.coverage import Site, site_of
from deadheat.sim.run.intercept import Running, intercepted, within
from deadheat.sim.run.postpone import postponed
from deadheat.sim.run.split import split
from deadheat.sim.traits import Weaker

__all__ = [
    "ROLES",
    "Change",
    "LeftOut",
    "Mistaken",
    "Mutation",
    "PutOff",
    "RequestSite",
    "Split",
    "Weakened",
    "functions_of",
    "mutated",
    "mutated_model",
    "role_of",
]

AND = " and "
"""What stands between the names of several operations at one instant, and between those of their components."""

NOWHERE = "chance"
"""The component that is asked in the place of what is left out."""

ROLES = ("worker", "dispatch", "cancel", "complete")
"""The roles that every protocol has, by the names of its fields."""


class RequestSite(NamedTuple):
    """Where a role asks for an operation: the role's name, the site, and which operation of which component.

    Where several components of one class are asked alike there, they are the `instances`, and `component` is the class.
    """

    role: str
    site: Site
    component: str
    operation: str
    instances: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """The operation with the kind of component that it is of, such as `redis.acquire`; or several of them."""
        components, operations = self.component.split(AND), self.operation.split(AND)
        if len(operations) == 1:  # one alone, or a block, of however many components
            return f"{AND.join(each.partition('/')[0] for each in components)}.{self.operation}"
        parts = zip(components, operations, strict=True)
        return AND.join(f"{component.partition('/')[0]}.{operation}" for component, operation in parts)

    def is_of(self, running: Running, request: Request) -> bool:
        """Return whether a role asks for this here."""
        return isinstance(request, Operation) and self.names(request) and site_of(running) == self.site

    def names(self, operation: Operation | Atomic | Block) -> bool:
        """Return whether this is the operation, or this are the operations, wherever they are asked for."""
        return operation.name == self.operation and operation.component in (self.instances or (self.component,))

    def covers(self, other: RequestSite) -> bool:
        """Return whether another place is this one, or that of one of its instances."""
        return self == other or (
            other.component in self.instances
            and other._replace(component=self.component) == self._replace(instances=())
        )


@dataclass(frozen=True, slots=True)
class Mistaken:
    """The operation happens, but the role takes some outcomes for another: a guard that always lets pass, or never."""

    heard: tuple[Any, ...]
    told: Any

    def mistakes(self, outcome: Any) -> bool:
        """Return whether the role is told something else than this outcome."""
        content = freeze(outcome)  # for an empty named tuple equals any other
        return content != freeze(self.told) and content in map(freeze, self.heard)

    def __str__(self) -> str:
        *firsts, last = (render(each) for each in self.heard)
        heard = f"{', '.join(firsts)} or {last}" if firsts else last
        return f"takes {heard} for {render(self.told)}"


@dataclass(frozen=True, slots=True)
class Weakened:
    """The operation's weaker twin happens."""

    weaker: Weaker

    def __str__(self) -> str:
        return self.weaker.meaning


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nothing happens, and the role is told what it usually is."""

    told: Any

    def __str__(self) -> str:
        return "left out"


@dataclass(frozen=True, slots=True)
class PutOff:
    """It happens only after a later step, over looks at most: the two are exchanged.

    Until then a copy of the role goes on as after the outcome `meanwhile` (see `sim/run/postpone`). `looks` are those
    on the way, each by its component and name.
    """

    until: RequestSite
    meanwhile: Any
    looks: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"happens only after {self.until.what}"


@dataclass(frozen=True, slots=True)
class Split:
    """What is to happen at one instant happens one after the other."""

    def __str__(self) -> str:
        return "not at one instant"


Change: TypeAlias = Mistaken | Weakened | LeftOut | PutOff | Split


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change at one place. As an interceptor of the role, or a postponement, it changes nothing anywhere else.

    An operation that is one of several in a request, a choice or an atomic one, is changed there. `nowhere` is the
    component that is asked in the place of one that is left out.
    """

    place: RequestSite
    change: Change
    nowhere: str = NOWHERE

    def asked(self, running: Running, request: Request) -> Request:
        """Return what is asked for in the place of a request."""
        return self._instead(request) if self._is_at(running, request) else request

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        """Return what the role is told."""
        return self._told(request, outcome) if self._is_at(running, request) else outcome

    def _instead(self, request: Any) -> Any:
        if isinstance(request, AnyOf | Atomic):
            return replace(request, operations=tuple(self._instead(each) for each in request.operations))
        if not self.place.names(request):
            return request
        if isinstance(self.change, LeftOut):
            return Operation(self.nowhere, Chance.leave_out.name, (self.place.what,), request.label)
        return self.change.weaker.instead(request) if isinstance(self.change, Weakened) else request

    def _told(self, request: Any, outcome: Any) -> Any:
        if isinstance(request, AnyOf):
            return Chosen(outcome.which, self._told(request.operations[outcome.which], outcome.outcome))
        if isinstance(request, Atomic):
            return tuple(self._told(*each) for each in zip(request.operations, outcome, strict=True))
        if not self.place.names(request):
            return outcome
        if isinstance(self.change, LeftOut):
            return self.change.told
        if isinstance(self.change, Mistaken):
            return self.change.told if self.change.mistakes(outcome) else outcome
        told = self.change.weaker.told if isinstance(self.change, Weakened) else ()
        return told[0] if told else outcome

    @property
    def meanwhile(self) -> Any:
        """What is told to the copy of the role that goes ahead of a step that is put off."""
        assert isinstance(self.change, PutOff)
        return self.change.meanwhile

    def begins(self, running: Running, request: Request) -> bool:
        """Return whether this is the step to put off."""
        return self.place.is_of(running, request)

    def passes(self, request: Request) -> bool:
        """Return whether this is a look over which the step may be put off."""
        assert isinstance(self.change, PutOff)
        return isinstance(request, Operation) and (request.component, request.name) in self.change.looks

    def ends(self, running: Running, request: Request) -> bool:
        """Return whether this is the step after which it happens."""
        assert isinstance(self.change, PutOff)
        return self.change.until.is_of(running, request)

    def splits(self, running: Running, request: Request) -> bool:
        """Return whether the operations of this request happen one after the other."""
        return isinstance(request, Atomic) and self.place.names(request) and site_of(running) == self.place.site

    def _is_at(self, running: Running, request: Request) -> bool:
        return any(map(self.place.names, _single(request))) and site_of(running) == self.place.site


def mutated(protocol: Protocol, mutation: Mutation, name: str) -> Protocol:
    """Return the mutant of a protocol, under a name of its own."""

    def changed(role_name: str, role: RoleFunction) -> RoleFunction:
        if role_name != mutation.place.role:
            return role
        return _changed(role, mutation)

    def changed_role(role: Role[Any]) -> Role[Any]:
        return replace(role, function=changed(role.part, role.function))

    return replace(
        protocol,
        name=name,
        summary=f"{protocol.summary}; but {mutation.place.operation} {mutation.change}",
        worker=changed("worker", protocol.worker),
        dispatch=changed("dispatch", protocol.dispatch),
        cancel=changed("cancel", protocol.cancel),
        complete=changed("complete", protocol.complete),
        roles=tuple(changed_role(each) for each in protocol.roles),
    )


def _changed(role: RoleFunction, mutation: Mutation) -> RoleFunction:
    if isinstance(mutation.change, PutOff):
        return postponed(role, mutation)
    return split(role, mutation) if isinstance(mutation.change, Split) else intercepted(role, mutation)


def mutated_model(model: Model, mutation: Mutation, role_of: Callable[[Process], str | None]) -> Model:
    """Return the mutant of any model; `role_of` says which of its processes run the role that is mutated."""
    components = {name: each.altered(may_end_open=True) for name, each in model.components.items()}
    nowhere = NOWHERE
    while not isinstance(model.components.get(nowhere, Chance(nowhere)), Chance):
        nowhere += "'"
    if isinstance(mutation.change, LeftOut):
        components.setdefault(nowhere, Chance(nowhere))
    changed = partial(_changed, mutation=replace(mutation, nowhere=nowhere))
    return replace(
        model,
        components=components,
        processes=tuple(
            replace(each, role=within(each.role, changed)) if role_of(each) == mutation.place.role else each
            for each in model.processes
        ),
    )


def role_of(protocol: Protocol, process: Process) -> str | None:
    """Return the name of the protocol's role that a process runs, or None for its surroundings."""
    if any(each.part == process.part for each in protocol.roles):
        return process.part
    functions = functions_of(process)
    return next((name for name in ROLES if getattr(protocol, name) in functions), None)


def functions_of(process: Process) -> list[Callable[..., Any]]:
    """Return the functions that a process runs: its role, and those that it is given."""
    roles = dict.fromkeys((process.role, inspect.unwrap(process.role)))  # as it is, and without what surrounds it
    return [*roles, *(each for each in process.arguments if callable(each))]


def _single(request: Request) -> Iterator[Operation | Block]:
    """Yield the operations of a request, and its blocks."""
    for each in request.operations if isinstance(request, AnyOf) else (request,):
        asked = plain(each)
        yield from (asked,) if isinstance(asked, Block) else operations_of(asked)
