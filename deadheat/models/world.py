"""A protocol put to work: the components and processes for a number of evaluations and a budget of faults.

Every evaluation has its user, its Celery worker, its cancel handler, its controllers in the cluster, and one
dispatcher handler for each delivery that its requests can have. So everything runs concurrently with everything else,
and no pool is ever too small. What only a fault brings about is there only if that fault has a budget.

That no pool is too small is counted so. A message waits at the start, after a new submission, and after its worker lost
it: by a visibility timeout, by a crash, or for good. Each of these but the crash lets one more worker stand by, and a
worker that crashes takes part again itself: so as many take a message as there are messages to be taken. Each taking is
one run, of so many calls as the protocol says, and whatever makes a call be sent again is a fault with a budget.
A test looks, for every protocol and fault, for messages that nobody takes and requests that nobody handles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from deadheat.models import faults as kinds
from deadheat.models.cast import roles_of
from deadheat.models.claims import property_of
from deadheat.models.components.celery import CeleryQueue
from deadheat.models.components.chance import Chance
from deadheat.models.components.http import HttpChannel
from deadheat.models.components.tokens import Tokens
from deadheat.models.components.user import User
from deadheat.models.connections import with_connections
from deadheat.models.design import processes_by_themselves
from deadheat.models.roles import Faults, Role, processes_of
from deadheat.models.system import Protocol, System
from deadheat.sim.components import Component, taken_by
from deadheat.sim.model import Process, Property

__all__ = ["KEY", "World", "build"]

KEY = "evaluation"
"""What there can be several of."""

STANDARD = frozenset(each.name for each in fields(System))
"""The components that every protocol has; what these notice of a process that is gone, `models/cast` says."""


@dataclass(frozen=True)
class World:
    """What a protocol consists of at one size; `claims` are the properties that no other protocol has."""

    system: System
    components: Mapping[str, Component]
    processes: tuple[Process, ...]
    claims: tuple[Property, ...] = ()

    @property
    def interchangeable(self) -> tuple[str, ...]:
        """The names that make no difference, as far as the world goes: those of the evaluations."""
        return self.system.evaluations


def build(protocol: Protocol, evaluations: int, faults: Faults) -> World:
    """Return the world of a protocol at one size; the fault budgets decide which processes it needs."""
    names = tuple(f"e{number}" for number in range(1, evaluations + 1))
    system = _system(protocol, faults).at(names, faults)
    more = {name: each for name, each in system.instances().items() if each.name not in STANDARD}

    def connect(roles: tuple[Role[Any], ...]) -> Iterator[Process]:
        return with_connections(processes_of(roles, system, faults), more)

    processes = (
        *connect(roles_of(protocol, faults)),
        *processes_by_themselves(system, faults),
        *connect(protocol.roles),
    )
    claims = tuple(property_of(each, system, KEY) for each in protocol.claims)
    return World(system, system.instances(), processes, claims)


def _system(protocol: Protocol, faults: Faults) -> System:
    return protocol.components(
        user=User("user"),
        queue=CeleryQueue("queue"),
        status=_made(protocol.status, "status", replicas=bool(faults.get(kinds.STALE_STATUS))),
        http=HttpChannel("http"),
        tokens=Tokens("tokens"),
        redis=_made(protocol.redis, "redis", leases=protocol.leases),
        kubernetes=_made(
            protocol.kubernetes,
            "kubernetes",
            watched=protocol.watches_jobs,
            stale_lists=bool(faults.get(kinds.STALE_LIST)),
        ),
        chance=Chance("chance"),
    )


def _made(component: Callable[..., Any], name: str, **options: bool) -> Any:
    """Return a component of a class that a protocol names, told as much as that class takes."""
    return component(name, **taken_by(component, options))
