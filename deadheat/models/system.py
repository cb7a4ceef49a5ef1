"""The system that a protocol's roles talk to, and what a protocol is made of."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeAlias

from deadheat.models.celery import CeleryQueue
from deadheat.models.http import HttpChannel
from deadheat.models.kubernetes import Kubernetes
from deadheat.models.redis import Redis
from deadheat.models.status import StatusStore
from deadheat.models.stream import EventStream
from deadheat.models.tokens import Tokens
from deadheat.models.user import User
from deadheat.sim.model import Process
from deadheat.sim.operations import Request

__all__ = ["Addition", "DispatchRequest", "Protocol", "Steps", "System", "job_name"]

Steps: TypeAlias = Generator[Request, Any, Any]
"""What a role function returns: its steps, one operation each."""


@dataclass(frozen=True)
class System:
    """The components, as a role sees them; `system.status.get("e1")` makes an operation to yield."""

    evaluations: tuple[str, ...]
    user: User
    queue: CeleryQueue
    status: StatusStore | EventStream
    http: HttpChannel
    redis: Redis
    tokens: Tokens
    kubernetes: Kubernetes

    @property
    def store(self) -> StatusStore:
        """The status store, for protocols that overwrite the status in place."""
        assert isinstance(self.status, StatusStore)
        return self.status

    @property
    def stream(self) -> EventStream:
        """The event stream, for protocols that keep the status there."""
        assert isinstance(self.status, EventStream)
        return self.status


class DispatchRequest(NamedTuple):
    """A request as the dispatcher's handler sees it. `handler` names the process that handles it."""

    evaluation: str
    content: Any
    handler: str


def job_name(evaluation: str) -> str:
    """Return the deterministic name of the evaluation's Job: how the cancel handler knows what to kill."""
    return f"evaluation-{evaluation}"


@dataclass(frozen=True)
class Protocol:
    """One way to start and cancel evaluations.

    `worker` runs the Celery task, `dispatch` handles one request in the dispatcher, and `cancel` answers the user.
    `calls` is how many HTTP calls one run of the worker makes; `status` is where the status lives; `source` is the
    section of the seed that this models.
    """

    name: str
    summary: str
    source: str
    worker: Callable[[System, str], Steps]
    dispatch: Callable[[System, DispatchRequest], Steps]
    cancel: Callable[[System, str], Steps]
    calls: int = 1
    status: type[StatusStore] | type[EventStream] = StatusStore
    watches_jobs: bool = False
    processes: tuple[Callable[[System], Sequence[Process]], ...] = ()

    def plus(self, addition: Addition) -> Protocol:
        """Return this protocol with an addition at work beside it, named `this+addition`."""
        return replace(
            self,
            name=f"{self.name}+{addition.name}",
            summary=f"{self.summary}; {addition.summary}",
            source=f"{self.source}; {addition.source}",
            watches_jobs=self.watches_jobs or addition.watches_jobs,
            processes=(*self.processes, addition.processes),
        )


@dataclass(frozen=True)
class Addition:
    """Processes that run beside any protocol, such as a periodic cleanup."""

    name: str
    summary: str
    source: str
    processes: Callable[[System], Sequence[Process]]
    watches_jobs: bool = False
