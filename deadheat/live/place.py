"""Where a run happens: on which servers, and under which names that nobody else uses.

Everything that a run makes carries its id, and the proof that the run made it: one namespace for each schedule that it
forces, and a key prefix in Redis. All of it goes at the end, be it by an error or by Ctrl-C, and what does not go is
named; `live.sweep` removes what a killed run has left.
"""

from __future__ import annotations

import atexit
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.live.adapters.redis import connect as connect_redis, explained
from deadheat.live.cluster import Cluster, connect
from deadheat.live.interruption import INTERRUPTED, uninterrupted
from deadheat.live.leavings import namespaces, redis_run
from deadheat.live.leavings.heartbeat import Heartbeat, LeaseLostError
from deadheat.live.leavings.postgres_run import leave_tables
from deadheat.live.leavings.redis_run import PREFIX
from deadheat.live.leavings.run_record import RunRecord, new_record
from deadheat.live.servers.control_plane import CONTEXT as EMBEDDED, embedded_control_plane
from deadheat.live.servers.kind import read_state
from deadheat.live.servers.redis_server import embedded_redis
from deadheat.sim.errors import DeadheatError, LiveError, UsageError

if TYPE_CHECKING:
    import redis

__all__ = ["PREFIX", "Place", "Where", "open_place", "refuse_production", "remove_leavings"]

KIND = "kind-"
REMOVAL_PATIENCE_S = 60.0
EVERYTHING = ""


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
    """The servers of one run, and its id. Who has no `record` (a child process) only uses what its run has made."""

    def __init__(
        self,
        redis_url: str,
        status_url: str | None,
        client: redis.Redis,
        cluster: Cluster | None,
        name: str = "deadheat",
        run: str | None = None,
        record: RunRecord | None = None,
    ) -> None:
        self.run = record.run if record is not None else run or secrets.token_hex(8)
        self.redis_url = redis_url
        self.status_url = status_url
        self.redis = client
        self._cluster = cluster
        self._name = name
        self._count = 0
        self.record = record
        self._made: dict[str, str] = {}
        self._in_use: dict[str, str] = {}
        self._has_begun = False
        self._heartbeat: Heartbeat | None = None

    @property
    def cluster(self) -> Cluster:
        """The cluster; raises LiveError where there is none."""
        if self._cluster is None:
            raise LiveError(
                "This run has no cluster, since no component of its models is a Kubernetes; name one by --kubeconfig."
            )
        return self._cluster

    @property
    def prefix(self) -> str:
        """What all keys of the run begin with."""
        return f"{PREFIX}{self.run}:"

    def begin(self) -> None:
        """Write down whose the run's keys are, and say from here on that the run is alive."""
        assert self.record is not None
        self._has_begun = True  # noted before: a server that is interrupted may have written it
        try:
            with explained(self.redis_url):
                redis_run.begin(self.redis, self.record)
        except LiveError:
            self._has_begun = False
            raise
        self._heartbeat = Heartbeat(self._renew, self.record.lease_s, self.run)

    @contextmanager
    def namespace(self) -> Iterator[str]:
        """Make a namespace of the run; yield its name, and delete it at the end. Without a cluster it is but a name.

        Raises LeaseLostError if others may have taken the run for dead meanwhile.
        """
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt
        assert self.record is not None
        self._require_lease()
        self._count += 1
        name = f"{self._name}-{self.run}-{self._count}"
        if self._cluster is None:
            yield name
            if self._heartbeat is not None:
                self._heartbeat.confirm()
            return
        self._made[name] = ""  # noted before: a server that is interrupted may have made it
        try:
            self._made[name] = namespaces.create(self.cluster, self.record, name)
        except LiveError as error:
            if namespaces.was_refused(error):
                del self._made[name]
            raise
        self._in_use[name] = self._made[name]
        try:
            yield name
            if self._heartbeat is not None:
                self._heartbeat.confirm()
        finally:
            with uninterrupted():
                self._in_use.pop(name, None)
                self._remove_namespace(name)

    def end(self, *, cluster_stays: bool, redis_stays: bool) -> list[str]:
        """Remove all that the run has made on servers that stay; return what is left, each with the reason."""
        left = []
        deadline = time.monotonic() + REMOVAL_PATIENCE_S
        if cluster_stays:
            left += [
                f"the namespace {name} ({why})" for name in list(self._made) if (why := self._left(name, deadline))
            ]
        if redis_stays and self.record is not None and self._has_begun:
            try:
                with explained(self.redis_url):
                    redis_run.leave(self.redis, self.record)
            except LiveError as error:
                left.append(f"the Redis keys {self.prefix}* ({_phrase(error)})")
        if self.status_url is not None and self.record is not None:
            try:
                leave_tables(self.status_url, self.record)
            except LiveError as error:
                left.append(f"the tables {self._name}_{self.run}_* ({_phrase(error)})")
        if self._heartbeat is not None:
            self._heartbeat.close()
        return left

    def _renew(self) -> None:
        assert self.record is not None
        with explained(self.redis_url):
            redis_run.renew(self.redis, self.record)
        for name, uid in list(self._in_use.items()):
            try:
                namespaces.renew(self.cluster, name, uid)
            except LeaseLostError:
                if name in self._in_use:  # otherwise it was removed by the run itself
                    raise

    def _require_lease(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.require()

    def _remove_namespace(self, name: str) -> None:
        """Have a namespace deleted; what cannot be done now is tried again, and told, at the end."""
        try:
            uid = self._made[name]
            if uid and namespaces.remove(self.cluster, name, uid):
                namespaces.lift_holds(self.cluster, name)
                if self.cluster.context == EMBEDDED:
                    del self._made[name]  # nobody but deadheat sees how long that takes
        except LiveError:
            return

    def _left(self, name: str, deadline: float) -> str:
        """Remove a namespace for good; return why it is left."""
        patience_s = deadline - time.monotonic()
        if patience_s < 0:
            return f"not everything was gone within {REMOVAL_PATIENCE_S:g} s"
        try:
            uid = self._made[name] or self._found(name)
            if uid and not namespaces.remove(self.cluster, name, uid):
                return "it was changed while it was being removed"
            why = namespaces.wait_until_gone(self.cluster, name, uid, patience_s) if uid else ""
        except LiveError as error:
            return _phrase(error)
        if not why:
            self._made.pop(name)
        return why

    def _found(self, name: str) -> str:
        """Return the uid of a namespace that the server may have made for us, without our having been told."""
        found = namespaces.read(self.cluster, name)
        if found is None:
            return ""
        judged = namespaces.judge(found, self.cluster.now())
        return judged.uid if judged.record == self.record else ""


@contextmanager
def open_place(where: Where, *, needs_cluster: bool = True) -> Iterator[Place]:
    """Connect to the user's servers, or start our own; yield the place of one run, and leave nothing behind.

    A run that needs no cluster has one only where the user names it.

    Raises LiveError for a server that is missing or does not answer, and if something of the run could not be removed,
    which it names; UsageError for a server that may be in production.
    """
    opened = _Opened()
    _OPENED.append(opened)
    try:
        place = _open(where, opened.stack, opened.left, needs_cluster)
        with explained(place.redis_url):
            yield place
    except BaseException as error:
        left = remove_leavings()
        if left and isinstance(error, DeadheatError | KeyboardInterrupt):
            said = "Interrupted." if isinstance(error, KeyboardInterrupt) else str(error)
            raise LiveError(f"{said} {left}") from error
        if left:
            error.add_note(left)
        raise
    else:
        left = remove_leavings()
        if left:
            raise LiveError(left)


def remove_leavings() -> str:
    """Close every place that is still open; return a sentence on what could not be removed, nothing if all was.

    A signal that comes before `uninterrupted` begins may have kept `open_place` from it, so this is also done by who
    catches the interrupt, and when the program ends.
    """
    with uninterrupted():
        left = [each for opened in list(_OPENED) if opened.pid == os.getpid() for each in opened.close()]
    return f"Not everything that the run made could be removed: {'; '.join(left)}." if left else ""


class _Opened:
    """What must be closed of a place, and what is found to be left then."""

    def __init__(self) -> None:
        self.stack = ExitStack()
        self.left: list[str] = []
        self.pid = os.getpid()  # a fork has no business with it

    def close(self) -> list[str]:
        """Close it, once; return what is left."""
        _OPENED.remove(self)
        try:
            self.stack.close()
        except Exception as error:
            self.left.append(f"a server of deadheat's own ({_phrase(error)})")
        return self.left


_OPENED: list[_Opened] = []
atexit.register(remove_leavings)


def _open(where: Where, stack: ExitStack, left: list[str], needs_cluster: bool) -> Place:
    kubeconfig, context, redis_url = where.kubeconfig, where.context, where.redis_url
    needs_cluster = needs_cluster or kubeconfig is not None or context is not None
    cluster_stays = True
    if kubeconfig is None and context is None:
        state = read_state()
        if state is not None:
            kubeconfig, context = Path(state.kubeconfig), state.context
            redis_url = redis_url or state.redis_url
        elif needs_cluster:
            kubeconfig = stack.enter_context(embedded_control_plane())
            cluster_stays = False
    cluster = None
    if needs_cluster:
        cluster = connect(kubeconfig, context)
        stack.callback(cluster.close)
        refuse_production(cluster, where.yes_really)
    redis_stays = redis_url is not None
    redis_url = redis_url or stack.enter_context(embedded_redis())
    client = connect_redis(redis_url)
    stack.callback(client.close)
    record = new_record()
    place = Place(redis_url, where.status_url, client, cluster, where.namespace, record=record)

    def end() -> None:
        found = place.end(cluster_stays=cluster_stays, redis_stays=redis_stays)
        if found:
            left.extend([*found[:-1], f"{found[-1]}; run `deadheat live sweep --delete --run {place.run}` later"])

    stack.callback(end)
    place.begin()
    return place


def refuse_production(cluster: Cluster, confirmed: str | None) -> None:
    """Raise UsageError unless the context is a kind cluster, our own, or the one that the user has confirmed."""
    context = cluster.context
    if not context.startswith(KIND) and context not in (EMBEDDED, confirmed):
        raise UsageError(
            f"The context {context!r} is neither a kind cluster nor deadheat's own; if it may be used for tests, "
            f"say so with --yes-really {context}."
        )


def _phrase(error: Exception) -> str:
    return str(error).rstrip(".")
