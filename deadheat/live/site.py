"""Where the adapters of one schedule live: what an adapter of anybody's is given to work with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.sim.errors import LiveError

if TYPE_CHECKING:  # this is imported with every file of a user's
    import redis

    from deadheat.live.cluster import Cluster
    from deadheat.live.place import Place

__all__ = ["Site"]


class Site:
    """A place on the servers of a run that nobody else uses: a namespace, a key prefix, a table prefix and a folder.

    `keys` are those of the model: the evaluations of a protocol, or what there can be several of in a design. A child
    process lives on the site of its parent, which is the `owner`. `ports`, if processes are programs of their own, are
    those of the ones that serve HTTP; `watch_from` is where a child's watch begins.
    """

    def __init__(
        self,
        place: Place,
        namespace: str,
        keys: tuple[str, ...],
        *,
        is_owner: bool = True,
        ports: Mapping[str, int] | None = None,
        watch_from: str | None = None,
        folder: Path | None = None,
    ) -> None:
        self.is_owner = is_owner
        self.ports = ports
        self.watch_from = watch_from
        self.place = place
        self.namespace = namespace
        self.keys = keys
        self._folder = folder

    @property
    def is_shared(self) -> bool:
        """Whether other programs are at work here too."""
        return self.ports is not None or not self.is_owner

    @property
    def redis(self) -> redis.Redis:
        """A client of the run's Redis, which answers with text."""
        return self.place.redis

    @property
    def prefix(self) -> str:
        """What every key in Redis must begin with, to be removed at the end."""
        return f"{self.place.prefix}{self.namespace}:"

    @property
    def postgres_url(self) -> str | None:
        """The URL of the PostgreSQL that `--status` names, if there is one."""
        return self.place.status_url

    @property
    def table_prefix(self) -> str:
        """What the name of every table should begin with. Who makes one drops it when the adapter is closed."""
        return f"{self.namespace.replace('-', '_')}_"

    @property
    def cluster(self) -> Cluster:
        """The cluster, in which `namespace` is there; raises LiveError if the run has none."""
        return self.place.cluster

    @property
    def folder(self) -> Path:
        """An empty folder, for files such as those of SQLite; it is removed at the end.

        Raises LiveError where processes are programs of their own.
        """
        if self._folder is None:
            raise LiveError(
                "Programs of their own (--topology processes) share no folder; keep it in Redis or PostgreSQL, or "
                "leave the topology out."
            )
        return self._folder
