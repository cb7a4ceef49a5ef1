"""All adapters of one run, put together as `models.world` puts the components together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from deadheat.live.adapters.base import Adapter, not_at_one_instant
from deadheat.live.adapters.celery import CeleryAdapter
from deadheat.live.adapters.chance import ChanceAdapter
from deadheat.live.adapters.http import Caller, HttpAdapter, UserAdapter
from deadheat.live.adapters.kubernetes import JobTemplate, KubernetesAdapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.of_component import adapter_of
from deadheat.live.adapters.redis import RedisAdapter
from deadheat.live.adapters.status import PostgresStatus, RedisStatus
from deadheat.live.adapters.stream import StreamAdapter
from deadheat.live.adapters.tokens import TokensAdapter
from deadheat.live.forcing.counts import OwnCounts, SharedCounts
from deadheat.live.forcing.routes import routes
from deadheat.live.forcing.server import BackgroundLoop, HttpServer, Mailbox
from deadheat.live.site import Site
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.stream import EventStream
from deadheat.models.system import Protocol
from deadheat.sim.components import Component
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Accompanied, AnyOf, Atomic, Block, Chosen, Instant, Operation, operations_of

__all__ = ["Adapters", "RedisNotes", "kubernetes_adapter", "open_adapters", "open_adapters_of", "status_adapter"]


class Adapters:
    """The adapters by the name of their component."""

    def __init__(self, every: Iterable[Adapter]) -> None:
        self._by_name: dict[str, Adapter] = {each.name: each for each in every}

    @property
    def user(self) -> UserAdapter:
        """That of the users, which every protocol has."""
        return next(each for each in self._by_name.values() if isinstance(each, UserAdapter))

    @property
    def kubernetes(self) -> KubernetesAdapter | None:
        """That of the cluster, if there is one."""
        return next((each for each in self._by_name.values() if isinstance(each, KubernetesAdapter)), None)

    def perform(self, request: Instant, fault: str | None = None, wish: Any = None) -> Any:
        """Do a request on the real servers and return its outcome.

        What is atomic in the model over several components is done here one after the other, in its order; but lists
        of Jobs are one LIST. A fault befalls those of its operations that have a live form of it.
        """
        if isinstance(request, Operation):
            return self._adapter(request).perform(request, fault, wish)
        if isinstance(request, Block | Accompanied):
            raise not_at_one_instant(request)
        kubernetes = self.kubernetes
        if fault is None and kubernetes is not None and _are_lists(request, kubernetes.name):
            return kubernetes.list_at_once([each.arguments[0] for each in request.operations])
        wishes = wish if isinstance(wish, tuple) else (None,) * len(request.operations)
        each_with_wish = zip(request.operations, wishes, strict=True)
        return tuple(self.perform(each, self._fault_of(each, fault), hope) for each, hope in each_with_wish)

    def perform_any(self, request: AnyOf) -> Chosen:
        """Do whichever of several requests becomes possible first; there is one such: to wait for a creation."""
        operations = [each for each in request.operations if isinstance(each, Operation)]
        kubernetes = self.kubernetes
        are_events = [each.name == "creation_event" for each in operations]
        if kubernetes is None or len(operations) != len(request.operations) or not all(are_events):
            raise LiveError(f"There is no free run yet of a choice among {', '.join(map(str, request.operations))}.")
        event = kubernetes.any_creation_event()
        return Chosen([each.arguments[0] for each in operations].index(event.evaluation), event)

    def _fault_of(self, operation: Operation, fault: str | None) -> str | None:
        return fault if fault is not None and self._adapter(operation).has_form(operation, fault) else None

    def notice(self, request: Instant) -> None:
        """Take note of what another program has just done."""
        for each in operations_of(request):
            self._adapter(each).notice(each)

    def observe(self) -> dict[str, Any]:
        """Return what the servers say now, as values of the model's components."""
        observed: dict[str, Any] = {}
        for adapter in self._by_name.values():
            observed.update(adapter.observe())
        return observed

    def foresee(self, values: Mapping[str, Any]) -> None:
        """Tell the adapters what the model's components hold after the next step."""
        for adapter in self._by_name.values():
            adapter.foreseen = values

    def makes_names(self, request: Instant) -> bool:
        """Return whether what a request answers is made up by a server."""
        return isinstance(request, Operation) and self._adapter(request).makes_names

    def comparable(self, instance: str, value: Any) -> Any:
        """Return the part of the value of a component's instance that can be observed."""
        return self._by_name[instance.partition("/")[0]].comparable(value)

    def observe_status(self) -> dict[str, Any]:
        """Return the statuses alone."""
        return self._by_name["status"].observe()

    def set_patience(self, patience_s: float) -> None:
        """Bound each blocking operation."""
        for adapter in self._by_name.values():
            adapter.patience_s = patience_s

    def close(self) -> None:
        """Let go of everything."""
        for adapter in self._by_name.values():
            adapter.close()

    def _adapter(self, operation: Operation) -> Adapter:
        name = operation.component.partition("/")[0]
        try:
            return self._by_name[name]
        except KeyError:
            raise LiveError(f"The component {name!r} has no live adapter yet.") from None


def _are_lists(request: Atomic, component: str) -> bool:
    asked = request.operations
    return bool(asked) and all(
        isinstance(each, Operation) and each.name == "list_jobs" and each.component.partition("/")[0] == component
        for each in asked
    )


@contextmanager
def open_adapters(
    site: Site,
    protocol: Protocol,
    *,
    held: bool,
    lease_ms: int,
    template: JobTemplate = JobTemplate(),
    own: Iterable[Component] = (),
) -> Iterator[Adapters]:
    """Put the adapters of one schedule together, as this program needs them; close them at the end.

    `held` says whether Jobs wait at each phase for the schedule. `own` are the components that other protocols do not
    have.
    """
    place = site.place
    with ExitStack() as stack:
        background = BackgroundLoop()
        stack.callback(background.close)
        mailbox = Mailbox()
        if site.ports is None:
            server = HttpServer(background, mailbox)
            stack.callback(server.close)
            caller = Caller(background, lambda _: server.url)
        else:
            caller = Caller(background, routes(site.ports))
        stack.callback(caller.close)
        kubernetes = kubernetes_adapter(site, protocol, held=held, watched=protocol.watches_jobs, template=template)
        adapters = Adapters(
            (
                queue_adapter(site),
                status_adapter(site, protocol),
                HttpAdapter(caller, mailbox, RedisNotes(site)),
                RedisAdapter(place.redis, site.prefix, lease_ms, protocol.redis("redis")),
                TokensAdapter(),
                ChanceAdapter(),
                UserAdapter(caller, mailbox, site.keys),
                kubernetes,
                *(adapter_of(each, site, lease_ms, template) for each in own),
            )
        )
        stack.callback(adapters.close)
        yield adapters


@contextmanager
def open_adapters_of(
    components: Iterable[Component], site: Site, lease_ms: int, template: JobTemplate
) -> Iterator[Adapters]:
    """Put the adapters of the components of any model together; close them at the end."""
    with ExitStack() as stack:
        every = []
        for component in components:
            adapter = adapter_of(component, site, lease_ms, template)
            stack.callback(adapter.close)
            every.append(adapter)
        yield Adapters(every)


def queue_adapter(site: Site) -> Adapter:
    """Return the adapter for the queue, with the workers in this program or in programs of their own."""
    place = site.place
    if site.ports is None:
        return CeleryAdapter(place.redis_url, site.prefix, site.keys)
    from deadheat.live.topology.worker_queue import BrokerQueue

    return BrokerQueue(place.redis_url, site.prefix, site.keys, place.redis)


def kubernetes_adapter(
    site: Site, protocol: Protocol, *, held: bool, watched: bool, template: JobTemplate
) -> KubernetesAdapter:
    """Return the adapter for the cluster, with the guards that a protocol uses; the owner of the site submits."""
    is_guarded = issubclass(protocol.kubernetes, GuardedKubernetes)
    make = GuardedKubernetesAdapter if is_guarded else KubernetesAdapter
    place = site.place
    adapter = make(
        place.cluster,
        site.namespace,
        site.keys,
        run=place.run,
        held=held,
        watched=watched,
        watch_from=site.watch_from,
        counts=SharedCounts(place.redis, site.prefix) if site.is_shared else OwnCounts(),
        template=template,
    )
    if isinstance(adapter, GuardedKubernetesAdapter):
        adapter.submit() if site.is_owner else adapter.join()
    return adapter


def status_adapter(site: Site, protocol: Protocol) -> Adapter:
    """Return the adapter for what a protocol keeps its statuses in."""
    place = site.place
    if issubclass(protocol.status, EventStream):
        return StreamAdapter(place.redis, site.prefix, site.keys)
    if place.status_url is not None:
        table = site.namespace.replace("-", "_")
        return PostgresStatus(place.status_url, table, site.keys, is_owner=site.is_owner, record=place.record)
    return RedisStatus(place.redis, site.prefix, site.keys)


class RedisNotes:
    """What the programs of a run agree on, in Redis."""

    def __init__(self, site: Site) -> None:
        self._client = site.place.redis
        self._prefix = site.prefix

    def next_number(self, evaluation: str) -> int:
        """Return the number of the next delivery."""
        return int(self._client.incr(f"{self._prefix}deliveries:{evaluation}"))

    def note_down(self, evaluation: str, number: int) -> None:
        """Note that the handler of a delivery is gone for good."""
        self._client.set(f"{self._prefix}down:{evaluation}:{number}", "1")

    def is_down(self, evaluation: str, number: int) -> bool:
        """Return whether that was noted."""
        return bool(self._client.exists(f"{self._prefix}down:{evaluation}:{number}"))
