"""What can be taken away from a protocol: one guard, at one place, by one change.

A change is made to operations and outcomes, not to source text, so that a guard in a helper that several roles share
(`call`, or another protocol's `dispatch`) is a place in each of them. A mutant is an ordinary `Protocol`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.system import Faults, Protocol, System
from deadheat.sim.coverage import Site, site_of
from deadheat.sim.freeze import freeze
from deadheat.sim.intercept import Running, intercepted
from deadheat.sim.model import Process
from deadheat.sim.operations import Operation, Request, Role
from deadheat.sim.render import render

__all__ = [
    "HANDED",
    "LOOKS",
    "ROLES",
    "Change",
    "LeftOut",
    "Mistaken",
    "Mutation",
    "Place",
    "Weakened",
    "functions_of",
    "mutated",
    "role_of",
    "weaker_than",
]

ROLES = ("worker", "dispatch", "cancel", "complete")
"""The roles that every protocol has, by the names of its fields."""

LOOKS = frozenset({"get", "get_by_name", "get_generation", "get_job", "get_owner", "has_received", "response"})
"""The operations that change nothing which anybody else could see: to leave one out is to mistake its outcome."""

HANDED = frozenset(
    {"accept", "cancellation", "creation_event", "deliver", "finished", "generate", "occurs", "receive", "send"}
)
"""The operations by which a role is given its work or passes it on: no guards, and without them it is no role."""


class Place(NamedTuple):
    """Where a role asks for an operation: the role's name, the site, and which operation of which component."""

    role: str
    site: Site
    component: str
    operation: str


class Weaker(NamedTuple):
    """An operation without its test: what it asks for instead, and how that reads."""

    instead: Callable[[Operation], Operation]
    meaning: str
    told: tuple[Any, ...] = ()  # what the role is told, if not what the weaker operation answers


def _overwrite(operation: Operation) -> Operation:
    evaluation, _, status = operation.arguments
    return replace(operation, name="set", arguments=(evaluation, status))


def _named(name: str, arguments: int) -> Callable[[Operation], Operation]:
    """Return what asks for the operation of that name, with the first of the arguments and no others."""

    def instead(operation: Operation) -> Operation:
        return replace(operation, name=name, arguments=operation.arguments[:arguments])

    return instead


def _without_last(operation: Operation) -> Operation:
    return replace(operation, arguments=(*operation.arguments[:-1], None))


WEAKER: dict[str, Weaker] = {
    "compare_and_set": Weaker(_overwrite, "sets without comparing", (True,)),
    "delete_if_equal": Weaker(
        lambda operation: replace(operation, name="delete", arguments=operation.arguments[:1]),
        "deletes whatever is there",
    ),
    "set_if_absent": Weaker(
        lambda operation: replace(operation, name="set"), "sets, although it is there already", (True,)
    ),
    "create_fenced_job": Weaker(
        lambda operation: replace(operation, name="create_job", arguments=(operation.arguments[0], None)),
        "creates without a generation",
    ),
    "create_owned_job": Weaker(
        lambda operation: replace(operation, name="create_job", arguments=(operation.arguments[0], None)),
        "creates without an owner",
    ),
    "create_suspended_job": Weaker(
        lambda operation: replace(operation, name="create_job", arguments=(operation.arguments[0], None)),
        "creates without suspending",
    ),
}
"""The operations that test something, each with its twin that does not."""

WEAKER_WITHOUT_LAST = {
    "delete_job": "deletes without the uid as a precondition",
    "set": "sets without a time to live",
}
"""The operations whose last argument, where it is given, is what they test or what limits them."""


def weaker_than(operation: Operation) -> Weaker | None:
    """Return the weaker twin of an operation, if it has one."""
    if operation.name in WEAKER_WITHOUT_LAST and len(operation.arguments) == 3 and operation.arguments[-1] is not None:
        return Weaker(_without_last, WEAKER_WITHOUT_LAST[operation.name])
    return WEAKER.get(operation.name)


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
    """The operation's weaker twin happens; `meaning` says what that does."""

    meaning: str

    def __str__(self) -> str:
        return self.meaning


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Nothing happens, and the role is told what it usually is."""

    told: Any

    def __str__(self) -> str:
        return "left out"


Change: TypeAlias = Mistaken | Weakened | LeftOut


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change at one place. As an interceptor of the role it changes nothing anywhere else."""

    place: Place
    change: Change

    def asked(self, running: Running, request: Request) -> Request:
        """Return what is asked for in the place of a request."""
        if not self._is_at(running, request):
            return request
        assert isinstance(request, Operation)
        if isinstance(self.change, LeftOut):
            what = f"{self.place.component.partition('/')[0]}.{request.name}"
            return Operation("chance", "leave_out", (what,), request.label)
        weaker = weaker_than(request) if isinstance(self.change, Weakened) else None
        return weaker.instead(request) if weaker else request

    def answered(self, running: Running, request: Request, outcome: Any) -> Any:
        """Return what the role is told."""
        if not self._is_at(running, request):
            return outcome
        if isinstance(self.change, LeftOut):
            return self.change.told
        if isinstance(self.change, Mistaken):
            return self.change.told if self.change.mistakes(outcome) else outcome
        assert isinstance(request, Operation)
        weaker = weaker_than(request)
        return weaker.told[0] if weaker and weaker.told else outcome

    def _is_at(self, running: Running, request: Request) -> bool:
        return (
            isinstance(request, Operation)
            and (request.component, request.name) == (self.place.component, self.place.operation)
            and site_of(running) == self.place.site
        )


def mutated(protocol: Protocol, mutation: Mutation, name: str) -> Protocol:
    """Return the mutant of a protocol, under a name of its own."""

    def changed(role_name: str, role: Role) -> Role:
        return intercepted(role, mutation) if role_name == mutation.place.role else role

    def changed_processes(
        processes: Callable[[System, Faults], Sequence[Process]],
    ) -> Callable[[System, Faults], Sequence[Process]]:
        def changed_of(system: System, faults: Faults) -> Sequence[Process]:
            return [replace(each, role=changed(_added(each), each.role)) for each in processes(system, faults)]

        return changed_of

    return replace(
        protocol,
        name=name,
        summary=f"{protocol.summary}; but {mutation.place.operation} {mutation.change}",
        worker=changed("worker", protocol.worker),
        dispatch=changed("dispatch", protocol.dispatch),
        cancel=changed("cancel", protocol.cancel),
        complete=changed("complete", protocol.complete),
        processes=tuple(changed_processes(each) for each in protocol.processes),
    )


def role_of(protocol: Protocol, process: Process, added: Sequence[Process]) -> str | None:
    """Return the name of the protocol's role that a process runs, or None for its surroundings.

    `added` are the protocol's own further processes.
    """
    if any(each.name == process.name for each in added):
        return _added(process)
    functions = functions_of(process)
    return next((name for name in ROLES if getattr(protocol, name) in functions), None)


def functions_of(process: Process) -> list[Callable[..., Any]]:
    """Return the functions that a process runs: its role, and those that it is given."""
    return [process.role, *(each for each in process.arguments if callable(each))]


def _added(process: Process) -> str:
    return process.name.partition("/")[0]
