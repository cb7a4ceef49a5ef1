"""All adapters of one run, put together as `models.world` puts the components together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from deadheat.live.adapter import Adapter
from deadheat.live.celery import CeleryAdapter
from deadheat.live.http import Caller, HttpAdapter, UserAdapter
from deadheat.live.kubernetes import JobTemplate, KubernetesAdapter
from deadheat.live.place import Place
from deadheat.live.redis import RedisAdapter
from deadheat.live.routes import routes
from deadheat.live.server import BackgroundLoop, HttpServer, Mailbox
from deadheat.live.status import PostgresStatus, RedisStatus
from deadheat.live.stream import StreamAdapter
from deadheat.live.tokens import TokensAdapter
from deadheat.models.stream import EventStream
from deadheat.models.system import Protocol
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Atomic, Operation

__all__ = ["Adapters", "Site", "delivery_numbers", "open_adapters", "status_adapter"]


class Site:
    """Where the adapters of one schedule live: a place, a namespace in it, a key prefix, and the evaluations.

    A child process lives on the site of its parent, which is the `owner`. `ports`, if processes are programs of
    their own, are those of the ones that serve HTTP.
    """

    def __init__(
        self,
        place: Place,
        namespace: str,
        evaluations: tuple[str, ...],
        *,
        is_owner: bool = True,
        ports: Mapping[str, int] | None = None,
    ) -> None:
        self.is_owner = is_owner
        self.ports = ports
        self.place = place
        self.namespace = namespace
        self.evaluations = evaluations
        self.prefix = f"{place.prefix}{namespace}:"


class Adapters:
    """The adapters by the name of their component."""

    def __init__(self, every: tuple[Adapter, ...], kubernetes: KubernetesAdapter) -> None:
        self._by_name: dict[str, Adapter] = {each.name: each for each in (*every, kubernetes)}
        self.kubernetes = kubernetes

    def perform(self, request: Operation | Atomic, fault: str | None = None, wish: Any = None) -> Any:
        """Do a request on the real servers and return its outcome.

        What is atomic in the model over several components is done here one after the other, in its order.
        """
        if isinstance(request, Operation):
            return self._adapter(request).perform(request, fault, wish)
        if fault is not None:
            raise LiveError(f"There is no live form of the fault {fault!r} at {request} yet.")
        wishes = wish if isinstance(wish, tuple) else (None,) * len(request.operations)
        return tuple(self.perform(each, wish=hope) for each, hope in zip(request.operations, wishes, strict=True))

    def notice(self, operation: Operation) -> None:
        """Take note of an operation that another program has just done."""
        self._adapter(operation).notice(operation)

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
        kubernetes = KubernetesAdapter(
            place.cluster,
            site.namespace,
            run=place.run,
            held=held,
            watched=protocol.watches_jobs,
            template=template,
        )
        adapters = Adapters(
            (
                UserAdapter(caller, mailbox, site.evaluations),
                CeleryAdapter(place.redis_url, site.prefix, site.evaluations),
                status_adapter(site, protocol),
                HttpAdapter(caller, mailbox, delivery_numbers(site)),
                RedisAdapter(place.redis, site.prefix, lease_ms),
                TokensAdapter(),
            ),
            kubernetes,
        )
        stack.callback(adapters.close)
        yield adapters


def status_adapter(site: Site, protocol: Protocol) -> Adapter:
    """Return the adapter for what a protocol keeps its statuses in."""
    place = site.place
    if protocol.status is EventStream:
        is_shared = site.ports is not None or not site.is_owner
        return StreamAdapter(place.redis, site.prefix, site.evaluations, is_shared=is_shared)
    if place.status_url is not None:
        table = site.namespace.replace("-", "_")
        return PostgresStatus(place.status_url, table, site.evaluations, is_owner=site.is_owner)
    return RedisStatus(place.redis, site.prefix, site.evaluations)


def delivery_numbers(site: Site) -> Any:
    """Return what gives each delivery of an evaluation's requests its number, the same for all programs of a run."""

    def number(evaluation: str) -> int:
        return int(site.place.redis.incr(f"{site.prefix}deliveries:{evaluation}")) - 1

    return number
