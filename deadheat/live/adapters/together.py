"""All adapters of one run, put together as `models.world` puts the components together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from deadheat.live.adapters.base import Adapter, not_at_one_instant
from deadheat.live.adapters.celery import CeleryAdapter
from deadheat.live.adapters.chance import ChanceAdapter
from deadheat.live.adapters.http import Caller, HttpAdapter, UserAdapter
from deadheat.live.adapters.kubernetes import JobTemplate, KubernetesAdapter
from deadheat.live.adapters.kubernetes_guards import GuardedKubernetesAdapter
from deadheat.live.adapters.redis import RedisAdapter
from deadheat.live.adapters.status import PostgresStatus, RedisStatus
from deadheat.live.adapters.stream import StreamAdapter
from deadheat.live.adapters.tokens import TokensAdapter
from deadheat.live.forcing.counts import OwnCounts, SharedCounts
from deadheat.live.forcing.routes import routes
from deadheat.live.forcing.server import BackgroundLoop, HttpServer, Mailbox
from deadheat.live.place import Place
from deadheat.models.components.kubernetes_guards import GuardedKubernetes
from deadheat.models.components.stream import EventStream
from deadheat.models.system import Protocol
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Accompanied, AnyOf, Block, Chosen, Instant, Operation, operations_of

__all__ = ["Adapters", "RedisNotes", "Site", "kubernetes_adapter", "open_adapters", "status_adapter"]


class Site:
    """Where the adapters of one schedule live: a place, a namespace in it, a key prefix, and the evaluations.

    A child process lives on the site of its parent, which is the `owner`. `ports`, if processes are programs of
    their own, are those of the ones that serve HTTP; `watch_from` is where a child's watch begins.
    """

    def __init__(
        self,
        place: Place,
        namespace: str,
        evaluations: tuple[str, ...],
        *,
        is_owner: bool = True,
        ports: Mapping[str, int] | None = None,
        watch_from: str | None = None,
    ) -> None:
        self.is_owner = is_owner
        self.ports = ports
        self.watch_from = watch_from
        self.place = place
        self.namespace = namespace
        self.evaluations = evaluations
        self.prefix = f"{place.prefix}{namespace}:"

    @property
    def is_shared(self) -> bool:
        """Whether other programs are at work here too."""
        return self.ports is not None or not self.is_owner


class Adapters:
    """The adapters by the name of their component."""

    def __init__(self, every: tuple[Adapter, ...], user: UserAdapter, kubernetes: KubernetesAdapter) -> None:
        self._by_name: dict[str, Adapter] = {each.name: each for each in (*every, user, kubernetes)}
        self.user = user
        self.kubernetes = kubernetes

    def perform(self, request: Instant, fault: str | None = None, wish: Any = None) -> Any:
        """Do a request on the real servers and return its outcome.

        What is atomic in the model over several components is done here one after the other, in its order; but lists
        of Jobs are one LIST. A fault befalls those of its operations that have a live form of it.
        """
        if isinstance(request, Operation):
            return self._adapter(request).perform(request, fault, wish)
        if isinstance(request, Block | Accompanied):
            raise not_at_one_instant(request)
        if fault is None and request.operations and all(each.name == "list_jobs" for each in request.operations):
            return self.kubernetes.list_at_once([each.arguments[0] for each in request.operations])
        wishes = wish if isinstance(wish, tuple) else (None,) * len(request.operations)
        each_with_wish = zip(request.operations, wishes, strict=True)
        return tuple(self.perform(each, self._fault_of(each, fault), hope) for each, hope in each_with_wish)

    def perform_any(self, request: AnyOf) -> Chosen:
        """Do whichever of several requests becomes possible first; there is one such: to wait for a creation."""
        operations = [each for each in request.operations if isinstance(each, Operation)]
        if len(operations) != len(request.operations) or any(each.name != "creation_event" for each in operations):
            raise LiveError(f"There is no free run yet of a choice among {', '.join(map(str, request.operations))}.")
        event = self.kubernetes.any_creation_event()
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


@contextmanager
def open_adapters(
    site: Site, protocol: Protocol, *, held: bool, lease_ms: int, template: JobTemplate = JobTemplate()
) -> Iterator[Adapters]:
    """Put the adapters of one schedule together, as this program needs them; close them at the end.

    `held` says whether Jobs wait at each phase for the schedule.
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
            ),
            UserAdapter(caller, mailbox, site.evaluations),
            kubernetes,
        )
        stack.callback(adapters.close)
        yield adapters


def queue_adapter(site: Site) -> Adapter:
    """Return the adapter for the queue, with the workers in this program or in programs of their own."""
    place = site.place
    if site.ports is None:
        return CeleryAdapter(place.redis_url, site.prefix, site.evaluations)
    from deadheat.live.topology.worker_queue import BrokerQueue

    return BrokerQueue(place.redis_url, site.prefix, site.evaluations, place.redis)


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
        site.evaluations,
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
        return StreamAdapter(place.redis, site.prefix, site.evaluations)
    if place.status_url is not None:
        table = site.namespace.replace("-", "_")
        return PostgresStatus(place.status_url, table, site.evaluations, is_owner=site.is_owner, record=place.record)
    return RedisStatus(place.redis, site.prefix, site.evaluations)


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
