"""Removes what killed runs have left, and nothing else: not what looks like it, and not what a run that lives has made.

Whose a thing is, and whether its run is alive, is proved (see `run_record`): on the cluster by the namespace itself, in
Redis by the run's record, on the disk by a lock. Whatever is not proved is spared, and told of.

A removal is told of twice: `BEGUN` before its request goes out, and what came of it. These are generators, so whoever
cannot write the first of them down, and asks for no more, has not removed it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from deadheat.live.adapters.redis import explained
from deadheat.live.cluster import Cluster
from deadheat.live.leavings import namespaces, redis_run
from deadheat.live.leavings.namespaces import Judged
from deadheat.live.leavings.postgres_run import TableFound, drop_if_dead, find_tables, open_postgres
from deadheat.live.leavings.run_record import RunRecord
from deadheat.live.servers.folders import find_folders, remove_folder
from deadheat.live.servers.kind import made_by_up
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    import psycopg
    import redis

__all__ = ["Choice", "Fate", "Found", "sweep_cluster", "sweep_folders", "sweep_postgres", "sweep_redis", "tell_of_up"]

REMOVAL_PATIENCE_S = 60.0
ATTEMPTS = 3
"""How often a namespace is looked at again that was changed between the look and the deletion."""


class Fate(StrEnum):
    """What came of something that was found."""

    BEGUN = "is being removed"
    REMOVED = "removed"
    WOULD_BE = "would be removed"
    SPARED = "spared"
    LEFT = "could not be removed"
    UNKNOWN = "may be removed or not, since no answer came"
    UNSEEN = "could not be looked at"


@dataclass(frozen=True, slots=True)
class Choice:
    """What to sweep: of one run only, or of all; only what has been silent for so long; `delete` or only tell."""

    run: str | None = None
    older_than_s: float = 0.0
    delete: bool = False

    def spares(self, silent_s: float) -> str:
        """Return why something whose run is dead is spared all the same; nothing if it is not."""
        if silent_s < self.older_than_s:
            return f"its run was alive {shown(silent_s)} ago"
        return ""


@dataclass(frozen=True, slots=True)
class Found:
    """Something that a run has made, or that looks like it: what it is, what was done about it, and why."""

    what: str
    fate: Fate
    why: str = ""

    def __str__(self) -> str:
        said = f"{self.what}: {self.fate}" + (f" ({self.why})" if self.why else "")
        return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in said)


def sweep_folders(choice: Choice) -> Iterator[Found]:
    """Sweep the folders that killed runs' own servers have left on the disk; a run's id says nothing of them."""
    if choice.run is not None:
        return
    for folder in find_folders():
        what = f"the folder {folder.path}"
        why = folder.why or choice.spares(folder.silent_s)
        if why:
            yield Found(what, Fate.SPARED, why)
            continue
        what = f"{what} with {folder.bytes_used / 1e6:.0f} MB"
        if not choice.delete:
            yield Found(what, Fate.WOULD_BE)
            continue
        yield Found(what, Fate.BEGUN)
        left = remove_folder(folder.path)
        if left is None:
            yield Found(what, Fate.SPARED, "another sweep is at it")
        else:
            yield Found(what, Fate.LEFT, left) if left else Found(what, Fate.REMOVED)


def sweep_redis(client: redis.Redis, url: str, choice: Choice) -> Iterator[Found]:
    """Sweep the keys of dead runs. Raises LiveError if Redis does not answer or refuses."""
    with explained(url):
        for found in redis_run.find(client):
            if choice.run in (None, found.record.run if found.record else None):
                yield from _sweep_keys(client, found, choice)


def _sweep_keys(client: redis.Redis, found: redis_run.KeysFound, choice: Choice) -> Iterator[Found]:
    record = found.record
    if record is None:
        yield Found(f"the Redis key {found.name}", Fate.SPARED, found.why)
        return
    what, last = f"{found.keys} Redis keys of {record}", _last(found.silent_s)
    if found.is_alive:
        yield Found(what, Fate.SPARED, f"its run lives, or another sweep is at it; {last}")
    elif why := choice.spares(found.silent_s):
        yield Found(what, Fate.SPARED, why)
    elif not choice.delete:
        yield Found(what, Fate.WOULD_BE, last)
    else:
        yield Found(what, Fate.BEGUN, last)
        if redis_run.claim(client, record, f"sweep {secrets.token_hex(8)}"):
            count = redis_run.remove(client, record)
            yield Found(what, Fate.REMOVED, last if count == found.keys else f"{count} were left; {last}")
        else:
            yield Found(what, Fate.SPARED, "its run lives again, or another sweep is at it")


def sweep_postgres(url: str, choice: Choice) -> Iterator[Found]:
    """Sweep the tables of dead runs. Raises LiveError if PostgreSQL does not answer or refuses."""
    with open_postgres(url) as connection:
        for table in find_tables(connection):
            what, record = f"the table {table.schema}.{table.name}", table.record
            if record is None:
                if choice.run is None:
                    yield Found(what, Fate.SPARED, "its comment is that of another table")
            elif choice.run in (None, record.run):
                yield from _sweep_table(connection, table, f"{what} of {record}", choice)


def _sweep_table(connection: psycopg.Connection, table: TableFound, what: str, choice: Choice) -> Iterator[Found]:
    if choice.older_than_s:
        yield Found(what, Fate.SPARED, "nobody knows for how long its run has been silent")
        return
    is_dead = drop_if_dead(connection, table, delete=False)
    if is_dead and choice.delete:
        yield Found(what, Fate.BEGUN)
        is_dead = drop_if_dead(connection, table, delete=True)  # which proves it again
    if is_dead is None:
        yield Found(what, Fate.SPARED, "another sweep had it")
    elif not is_dead:
        yield Found(what, Fate.SPARED, "its run lives, or another sweep is at it")
    else:
        yield Found(what, Fate.REMOVED if choice.delete else Fate.WOULD_BE)


def sweep_cluster(cluster: Cluster, choice: Choice) -> Iterator[Found]:
    """Sweep the namespaces of dead runs. Raises LiveError if the cluster does not answer or refuses to be looked at."""
    deleted: list[tuple[Judged, RunRecord]] = []
    for judged in namespaces.list_marked(cluster):
        if choice.run not in (None, judged.label):
            continue
        found = _spared(judged, choice)
        if found is None:
            yield Found(f"the namespace {judged.name} of {judged.record}", Fate.BEGUN, _last(judged.silent_s))
            found = _delete(cluster, judged, choice)
        if found is not None:
            yield found
        elif judged.record is not None:
            deleted.append((judged, judged.record))
    for judged, record in deleted:
        why = namespaces.wait_until_gone(cluster, judged.name, judged.uid, REMOVAL_PATIENCE_S)
        what = f"the namespace {judged.name} of {record}"
        yield Found(what, Fate.LEFT, why) if why else Found(what, Fate.REMOVED, _last(judged.silent_s))


def _delete(cluster: Cluster, judged: Judged, choice: Choice) -> Found | None:
    """Have a namespace deleted, and return None; or return what was done instead."""
    for _ in range(ATTEMPTS):
        found = _spared(judged, choice)
        if found is not None:
            return found
        try:
            if namespaces.remove(cluster, judged.name, judged.uid, judged.version):
                return None
            present = namespaces.read(cluster, judged.name)
            if present is None:
                return None
            judged = namespaces.judge(present, cluster.now())
        except LiveError as error:
            return Found(f"the namespace {judged.name} of {judged.record}", Fate.LEFT, str(error).rstrip("."))
    return Found(f"the namespace {judged.name} of {judged.record}", Fate.LEFT, "it changes all the time")


def _spared(judged: Judged, choice: Choice) -> Found | None:
    """Return why a namespace is not to be deleted; None if it is."""
    record = judged.record
    if record is None:
        return Found(f"the namespace {judged.name}", Fate.SPARED, judged.why)
    what = f"the namespace {judged.name} of {record}"
    if judged.silent_s < record.lease_s:
        return Found(what, Fate.SPARED, f"its run lives; {_last(judged.silent_s)}")
    why = choice.spares(judged.silent_s)
    if why:
        return Found(what, Fate.SPARED, why)
    return None if choice.delete else Found(what, Fate.WOULD_BE, _last(judged.silent_s))


def tell_of_up() -> Iterator[Found]:
    """Tell of what `live up` has made: it is for later commands, and `live down` removes it."""
    made = made_by_up()
    if made:
        yield Found(made, Fate.SPARED, "`deadheat live up` made it; `deadheat live down` removes it")


def shown(seconds: float) -> str:
    """Return a time for people."""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def _last(silent_s: float) -> str:
    return f"the last sign of life was {shown(silent_s)} ago"
