"""The system that a protocol's roles talk to, and what a protocol is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from deadheat.models.any_system import Components
from deadheat.models.claims import Claim
from deadheat.models.components.celery import CeleryQueue
from deadheat.models.components.chance import Chance
from deadheat.models.components.http import HttpChannel
from deadheat.models.components.kubernetes import Kubernetes
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.redis import Redis
from deadheat.models.components.status import StatusStore
from deadheat.models.components.stream import EventStream
from deadheat.models.components.tokens import Tokens
from deadheat.models.components.user import User
from deadheat.models.protocol_rules import require_kinds, require_labels, require_name, require_roles, require_tuple
from deadheat.models.roles import Faults, Role, Steps
from deadheat.sim.errors import ModelError
from deadheat.sim.faults import Fault
from deadheat.sim.operations import Label, Operation

__all__ = ["Addition", "CancelRequest", "DispatchRequest", "Faults", "Protocol", "Steps", "System", "Task"]


@dataclass(frozen=True)
class System(Components):
    """The components, as a role sees them; `system.status.get("e1")` makes an operation to yield.

    A protocol with components of its own derives from it, with a field for each.
    """

    user: User
    queue: CeleryQueue
    status: StatusStore | EventStream
    http: HttpChannel
    tokens: Tokens
    redis: Redis
    kubernetes: Kubernetes
    chance: Chance

    @property
    def evaluations(self) -> tuple[str, ...]:
        """The names of the evaluations."""
        return self.keys

    @property
    def store(self) -> StatusStore:
        """The status store, for protocols that overwrite the status in place."""
        if not isinstance(self.status, StatusStore):
            raise ModelError("system.store is for a protocol that says status=StatusStore; use system.stream here.")
        return self.status

    @property
    def stream(self) -> EventStream:
        """The event stream, for protocols that keep the status there."""
        if not isinstance(self.status, EventStream):
            raise ModelError("system.stream is for a protocol that says status=EventStream; use system.store here.")
        return self.status

    @property
    def guards(self) -> GuardedKubernetes:
        """The cluster, for protocols that use its owners, suspension, tombstones or admission."""
        if not isinstance(self.kubernetes, GuardedKubernetes):
            raise ModelError("system.guards is for a protocol that says kubernetes=GuardedKubernetes; say so in it.")
        return self.kubernetes


class Task(NamedTuple):
    """The Celery task as its worker sees it. `worker` names the process that runs it."""

    evaluation: str
    worker: str


class DispatchRequest(NamedTuple):
    """A request as the dispatcher sees it. `handler` names the process that handles it, `caller` its sender."""

    evaluation: str
    content: Any
    caller: str
    handler: str


class CancelRequest(NamedTuple):
    """A cancellation as its handler sees it: which of the user's requests, from 0, and the handler's own name."""

    evaluation: str
    number: int
    handler: str


def no_more(system: System, evaluation: str) -> tuple[Operation, ...]:
    """Return nothing to be done, beyond what every protocol does, when an evaluation is submitted again."""
    return ()


@dataclass(frozen=True)
class Protocol:
    """One way to start and cancel evaluations.

    `worker` runs the Celery task, `dispatch` handles one request in the dispatcher, `cancel` answers the user, and
    `complete` records that the Job has finished. `calls` is how many HTTP calls one run of the worker makes; `status`
    is where the status lives, and `redis` may be a class with scripts of its own; `resubmit` is what a new submission
    of the same evaluation does at once; `leases` says whether Redis keys are set with a time to live (with a holder),
    so that time runs for them; `source` is the section of the original analysis, or the documentation, that this
    models. `components` is a class derived from System that has the protocol's own ones too; `roles` are further ones,
    `claims` further properties, and `faults` those that no component, crash or role declares. `expects` is as in a
    `Design`. `lacks` are those of the steps T0 to T8 that it does without: any other that no run reaches makes what
    holds of it vacuous.
    """

    name: str
    summary: str
    source: str
    worker: Callable[[Any, Task], Steps]
    dispatch: Callable[[Any, DispatchRequest], Steps]
    cancel: Callable[[Any, CancelRequest], Steps]
    complete: Callable[[Any, str], Steps]
    calls: int = 1
    status: type[StatusStore] | type[EventStream] = StatusStore
    kubernetes: type[Kubernetes] = Kubernetes
    redis: type[Redis] = Redis
    resubmit: Callable[[Any, str], tuple[Operation, ...]] = no_more
    watches_jobs: bool = False
    leases: bool = False
    components: type[System] = System
    roles: tuple[Role[Any], ...] = ()
    claims: tuple[Claim, ...] = ()
    faults: tuple[Fault, ...] = ()
    lacks: tuple[Label, ...] = ()
    expects: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        require_name("protocol", self.name)
        whose = f"the protocol {self.name!r}"
        roles = ("worker", "dispatch", "cancel", "complete", "resubmit")
        require_roles(whose, ((name, getattr(self, name)) for name in roles))
        kinds = (
            ("status", self.status, (StatusStore, EventStream)),
            ("kubernetes", self.kubernetes, (Kubernetes,)),
            ("redis", self.redis, (Redis,)),
            ("components", self.components, (System,)),
        )
        require_kinds(whose, kinds)
        if type(self.calls) is not int or self.calls < 0:
            raise ModelError(f"The calls of {whose} are {self.calls!r}; give it a whole number.")
        require_tuple(
            whose, "roles", self.roles, lambda each: isinstance(each, Role), "roles, such as one('sweep', sweep) makes"
        )
        require_tuple(
            whose, "claims", self.claims, lambda each: isinstance(each, Claim), "properties, such as @always makes"
        )
        require_labels(whose, self.lacks)

    def plus(self, addition: Addition) -> Protocol:
        """Return this protocol with an addition at work beside it, named `this+addition`."""
        return replace(
            self,
            name=f"{self.name}+{addition.name}",
            summary=f"{self.summary}; {addition.summary}",
            source=f"{self.source}; {addition.source}",
            watches_jobs=self.watches_jobs or addition.watches_jobs,
            leases=self.leases or addition.leases,
            roles=(*self.roles, *addition.roles),
        )


@dataclass(frozen=True)
class Addition:
    """Roles that run beside any protocol, such as a periodic cleanup.

    One that sets Redis keys with a time to live (`leases`) tells Redis by `let_go` that it has done its work.
    """

    name: str
    summary: str
    source: str
    roles: tuple[Role[Any], ...]
    watches_jobs: bool = False
    leases: bool = False

    def __post_init__(self) -> None:
        require_name("addition", self.name)
        require_tuple(
            f"the addition {self.name!r}",
            "roles",
            self.roles,
            lambda each: isinstance(each, Role),
            "roles, such as one('sweep', sweep) makes",
        )
