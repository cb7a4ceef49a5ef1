"""What is known of the operations of deadheat's own components: which only look, hand over work, or test something.

Said of the operation itself, as its class defines it: a component of somebody else's may have an operation of the same
name that means something else, or takes other arguments, and nothing here speaks of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

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
from deadheat.sim.components import Component, operation
from deadheat.sim.operations import Operation

__all__ = ["Weaker", "hands_work", "looks", "passes_work_on", "weaker_than"]

LOOKS: frozenset[operation[Any]] = frozenset(
    {
        EventStream.get,
        EventStream.has_received,
        GuardedKubernetes.get_generation,
        GuardedKubernetes.get_owner,
        GuardedKubernetes.get_by_name,
        HttpChannel.response,
        Kubernetes.get_job,
        Redis.get,
        StatusStore.get,
    }
)
"""The operations that change nothing which anybody else could see: to leave one out is to mistake its outcome."""

HANDS_WORK: frozenset[operation[Any]] = frozenset(
    {
        CeleryQueue.deliver,
        Chance.occurs,
        EventStream.receive,
        HttpChannel.accept,
        Kubernetes.creation_event,
        Kubernetes.finished,
        Tokens.generate,
        User.cancellation,
    }
)
"""The operations by which a role is given its work: no guards, and without them it is no role."""

PASSES_WORK_ON: frozenset[operation[Any]] = frozenset({HttpChannel.send})
"""The operations by which a role gives work to another: no guards either."""


@dataclass(frozen=True, slots=True)
class Weaker:
    """An operation without its test: the name of its twin, which of the arguments that is given, and how that reads.

    None stands for an argument that is None. `told` is what the role is told, if not what the twin answers.
    """

    name: str
    arguments: tuple[int | None, ...]
    meaning: str
    told: tuple[Any, ...] = ()

    def instead(self, request: Operation) -> Operation:
        """Return what is asked for in the place of a request."""
        arguments = tuple(None if each is None else request.arguments[each] for each in self.arguments)
        return replace(request, name=self.name, arguments=arguments)


WEAKER: dict[operation[Any], tuple[operation[Any], Weaker]] = {
    StatusStore.compare_and_set: (StatusStore.set, Weaker("set", (0, 2), "sets without comparing", (True,))),
    Redis.delete_if_equal: (Redis.delete, Weaker("delete", (0,), "deletes whatever is there")),
    Redis.set_if_absent: (Redis.set, Weaker("set", (0, 1, 2), "sets, although it is there already", (True,))),
    Redis.set: (Redis.set, Weaker("set", (0, 1, None), "sets without a time to live")),
    Kubernetes.delete_job: (
        Kubernetes.delete_job,
        Weaker("delete_job", (0, 1, None), "deletes without the uid as a precondition"),
    ),
    GuardedKubernetes.create_fenced_job: (
        Kubernetes.create_job,
        Weaker("create_job", (0, None), "creates without a generation"),
    ),
    GuardedKubernetes.create_owned_job: (
        Kubernetes.create_job,
        Weaker("create_job", (0, None), "creates without an owner"),
    ),
    GuardedKubernetes.create_suspended_job: (
        Kubernetes.create_job,
        Weaker("create_job", (0, None), "creates without suspending"),
    ),
}
"""The operations that test something, or that something limits, each with its twin without that."""


def looks(component: Component, name: str, *, ever_changed: bool) -> bool:
    """Return whether an operation of a component only looks: as is known, or else if it has never changed anything."""
    marked = _marked(component, name)
    return marked in LOOKS or (not ever_changed and not _is_known(marked))


def hands_work(component: Component, name: str) -> bool:
    """Return whether a role is given its work by this operation of a component."""
    return _marked(component, name) in HANDS_WORK


def passes_work_on(component: Component, name: str) -> bool:
    """Return whether a role gives work to another by this operation of a component."""
    return _marked(component, name) in PASSES_WORK_ON


def weaker_than(component: Component, request: Operation) -> Weaker | None:
    """Return the weaker twin of an operation of a component, if it has one that would do anything else."""
    twin, weaker = WEAKER.get(_marked(component, request.name), (None, None))
    if twin is None or weaker is None or _marked(component, weaker.name) is not twin:
        return None
    return None if weaker.instead(request) == request else weaker


def _marked(component: Component, name: str) -> Any:
    """Return what the component's class, or the one that it inherits this from, defines under the name."""
    return getattr(type(component), name, None)


def _is_known(marked: Any) -> bool:
    """Return whether deadheat itself defines this operation: what is not said of it, is not so."""
    return isinstance(marked, operation) and marked.step.__module__.startswith("deadheat.models.")
