"""Where a run happens: on which servers, and under which names that nobody else uses.

Everything that a run makes carries its id: one namespace for each schedule that it forces, and a key prefix in Redis.
All of it goes at the end, be it by an error or by Ctrl-C; `sweep` removes what a killed run has left.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.live.cluster import Cluster, connect
from deadheat.live.job_reference import HOLD, RUN_LABEL
from deadheat.live.redis import connect as connect_redis
from deadheat.live.redis import explained, forget
from deadheat.live.servers.control_plane import CONTEXT as EMBEDDED
from deadheat.live.servers.control_plane import embedded_control_plane
from deadheat.live.servers.kind import read_state
from deadheat.live.servers.redis_server import embedded_redis
from deadheat.sim.errors import LiveError, UsageError

if TYPE_CHECKING:
    import redis

__all__ = ["INTERRUPTED", "PREFIX", "Place", "Swept", "Where", "open_place", "refuse_production", "sweep"]

PREFIX = "deadheat:"
KIND = "kind-"
REMOVAL_PATIENCE_S = 60.0
EVERYTHING = ""

INTERRUPTED = threading.Event()
"""Set when the user interrupts: libraries that are interrupted in a callback swallow the exception, and go on."""


@dataclass(frozen=True, slots=True)
class Where:
    """What the user says of the servers; what is left out is what `live up` has made, or is started for the run.

    `namespace` is what the names of the namespaces begin with. `yes_really` is the context that the user confirms.
    """

    redis_url: str | None = None
    status_url: str | None = None
    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str = "deadheat"
    yes_really: str | None = None


class Place:
    """The servers of one run, and its id."""

    def __init__(
        self,
        redis_url: str,
        status_url: str | None,
        client: redis.Redis,
        cluster: Cluster,
        name: str = "deadheat",
        run: str | None = None,
    ) -> None:
        self.run = run or secrets.token_hex(4)
        self.redis_url = redis_url
        self.status_url = status_url
        self.redis = client
        self.cluster = cluster
        self._name = name
        self._count = 0

    @property
    def prefix(self) -> str:
        """What all keys of the run begin with."""
        return f"{PREFIX}{self.run}:"

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """Make a namespace labelled with the run's id; yield its name, and delete it at the end."""
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        self._count += 1
        name = f"{self._name}-{self.run}-{self._count}"
        metadata = {"name": name, "labels": {RUN_LABEL: self.run}}
        try:
            with self.cluster.explained("creating a namespace"):
                self.cluster.core.create_namespace({"metadata": metadata})  # type: ignore[arg-type]
        except KeyboardInterrupt:  # the server may have made it, and we do not know
            _remove_namespace(self.cluster, name)
            raise
        try:
            yield name
        finally:
            _remove_namespace(self.cluster, name)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep removed: namespaces by name, and how many Redis keys."""

    namespaces: tuple[str, ...]
    keys: int


@contextmanager
def open_place(where: Where) -> Iterator[Place]:
    """Connect to the user's servers, or start our own; yield the place of one run, and leave nothing behind.

    Raises LiveError for a server that is missing or does not answer, UsageError for one that may be in production.
    """
    with ExitStack() as stack:
        kubeconfig, context, redis_url = where.kubeconfig, where.context, where.redis_url
        if kubeconfig is None and context is None:
            state = read_state()
            if state is not None:
                kubeconfig, context = Path(state.kubeconfig), state.context
                redis_url = redis_url or state.redis_url
            else:
                kubeconfig = stack.enter_context(embedded_control_plane())
        cluster = connect(kubeconfig, context)
        stack.callback(cluster.close)
        refuse_production(cluster, where.yes_really)
        redis_url = redis_url or stack.enter_context(embedded_redis())
        client = connect_redis(redis_url)
        stack.callback(client.close)
        place = Place(redis_url, where.status_url, client, cluster, where.namespace)
        try:
            with explained(redis_url):
                yield place
        finally:
            with explained(redis_url):
                forget(client, place.prefix)
            if cluster.context != EMBEDDED:
                _wait_until_removed(cluster, place.run)


def refuse_production(cluster: Cluster, confirmed: str | None) -> None:
    """Raise UsageError unless the context is a kind cluster, our own, or the one that the user has confirmed."""
    context = cluster.context
    if not context.startswith(KIND) and context not in (EMBEDDED, confirmed):
        raise UsageError(
            f"The context {context!r} is neither a kind cluster nor deadheat's own; if it may be used for tests, "
            f"say so with --yes-really {context}."
        )


def sweep(cluster: Cluster, client: redis.Redis | None) -> Swept:
    """Remove every namespace with the label of a run, and every Redis key with deadheat's prefix; nothing else."""
    with cluster.explained("listing namespaces"):
        listed = cluster.core.list_namespace(label_selector=RUN_LABEL).items
    names = tuple(sorted(str(each.metadata.name) for each in listed if each.metadata is not None))
    for name in names:
        _remove_namespace(cluster, name)
    return Swept(names, forget(client, PREFIX) if client is not None else 0)


def _remove_namespace(cluster: Cluster, name: str) -> None:
    from kubernetes.client.exceptions import ConflictException, NotFoundException

    try:
        jobs, _ = cluster.list_jobs(name, EVERYTHING)  # tombstones too, which have no label of an evaluation
        for job in jobs:
            if job.metadata is not None and HOLD in (job.metadata.finalizers or []):
                cluster.remove_finalizer(name, str(job.metadata.name), HOLD)
        for owner in cluster.core.list_namespaced_config_map(name).items:
            if owner.metadata is not None and HOLD in (owner.metadata.finalizers or []):
                cluster.release_config_map(name, str(owner.metadata.name))
        with cluster.explained("deleting a namespace"):
            cluster.core.delete_namespace(name)
    except (NotFoundException, ConflictException):  # it is gone, or already in deletion
        return


def _wait_until_removed(cluster: Cluster, run: str) -> None:
    deadline = time.monotonic() + REMOVAL_PATIENCE_S
    while cluster.core.list_namespace(label_selector=f"{RUN_LABEL}={run}").items:
        if time.monotonic() > deadline:
            raise LiveError(
                f"A namespace of run {run} is still in deletion after {REMOVAL_PATIENCE_S:g} s; look at it with "
                f"kubectl get namespaces -l {RUN_LABEL}={run}, and run `deadheat live sweep` later."
            )
        time.sleep(0.2)
