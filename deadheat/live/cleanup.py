"""The orphan cleanup for real: the model's own sweep and listener, on the cluster and the statuses of a real system.

The roles are those of `models/protocols/orphan_cleanup.py` and `storage_worker.py`, unchanged. What the adapters add:
a dry run deletes nothing, and a deletion has the uid of the Job that was found as its precondition, so that it never
takes a newer Job of the same name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deadheat.live.adapter import Adapter
from deadheat.live.cluster import Cluster
from deadheat.live.job_reference import reference_of, uid_text
from deadheat.live.job_watch import JobWatch
from deadheat.live.runner import run_role_once
from deadheat.models.kubernetes import Answer, JobReference
from deadheat.models.status import Status
from deadheat.models.world import build
from deadheat.scenarios.scenario import find_protocol
from deadheat.sim.errors import LiveError
from deadheat.sim.model import Process
from deadheat.sim.operations import Operation, Request

if TYPE_CHECKING:
    import redis

__all__ = ["Cleanup", "FoundJob", "PostgresStatuses", "RedisStatuses", "Result", "Statuses"]

PROTOCOL = "baseline+orphan-cleanup+storage-worker"
SWEEP, LISTENER = "orphan-cleanup", "storage-worker"
CONNECT_PATIENCE_S = 5

Statuses = Callable[[str], str | None]
"""Reads the status of an evaluation from the real system; None if it knows of none."""


@dataclass(frozen=True, slots=True)
class FoundJob:
    """An orphan, and what was done about it: `deleted`, `would be deleted`, or `gone meanwhile`."""

    name: str
    uid: str
    evaluation: str
    status: str
    fate: str


@dataclass(frozen=True, slots=True)
class Result:
    """What one sweep, or one event of the watch, came to. `looked_at` counts the Jobs with the label."""

    looked_at: int
    found: tuple[FoundJob, ...] = ()

    @property
    def deleted(self) -> int:
        """How many orphans were deleted."""
        return sum(each.fate == "deleted" for each in self.found)


class Cleanup:
    """The cleanup of one namespace; Jobs name their evaluation in a label. Nothing is deleted in a dry run."""

    def __init__(self, cluster: Cluster, namespace: str, label: str, statuses: Statuses, *, dry_run: bool) -> None:
        self._cluster, self._namespace, self._label = cluster, namespace, label
        self._statuses = _StatusReader(statuses)
        self._dry_run = dry_run
        world = build(find_protocol(PROTOCOL), 1, {})
        self._processes = {process.name: process for process in world.processes}

    def sweep(self) -> Result:
        """Sweep once. Raises LiveError if the cluster or the statuses cannot be asked."""
        jobs = _PinnedJobs(self._cluster, self._namespace, self._label, dry_run=self._dry_run)
        return self._run(SWEEP, jobs)

    def listen(self, watch: JobWatch) -> Result:
        """Wait for the next Job of a watch, and look at it once. Raises BlockedError if none comes in a while."""
        jobs = _PinnedJobs(self._cluster, self._namespace, self._label, dry_run=self._dry_run, watch=watch)
        return self._run(LISTENER, jobs)

    def _run(self, name: str, jobs: _PinnedJobs) -> Result:
        run_role_once(self._processes[name], _Gate(jobs, self._statuses))
        found = (
            FoundJob(job.name, uid_text(job.uid), job.evaluation, self._statuses.read[job.evaluation], fate)
            for job, fate in jobs.fates
        )
        return Result(len(jobs.seen), tuple(found))


@dataclass(frozen=True, slots=True)
class _Gate:
    """Does every request at once."""

    jobs: _PinnedJobs
    statuses: _StatusReader

    def perform(self, process: Process, request: Request) -> Any:
        if not isinstance(request, Operation):
            raise LiveError(f"{process.name} asks for {request}, which the cleanup cannot do.")
        adapter: Adapter = self.jobs if request.component == "kubernetes" else self.statuses
        return adapter.perform(request)


@dataclass
class _StatusReader(Adapter):
    """The statuses of the real system; a word that the models do not know is no terminal status."""

    statuses: Statuses
    read: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__("status")

    def get(self, evaluation: str) -> str:
        content = self.statuses(evaluation)
        self.read[evaluation] = content or "unknown"
        return Status(content) if content in tuple(Status) else self.read[evaluation]


class _PinnedJobs(Adapter):
    """The Jobs of a namespace; each is deleted only as the one that was found."""

    patience_s = 1.0

    def __init__(
        self, cluster: Cluster, namespace: str, label: str, *, dry_run: bool, watch: JobWatch | None = None
    ) -> None:
        super().__init__("kubernetes")
        self._cluster, self._namespace, self._label = cluster, namespace, label
        self._dry_run, self._watch = dry_run, watch
        self.seen: dict[str, JobReference] = {}
        self.fates: list[tuple[JobReference, str]] = []

    def list_jobs(self) -> tuple[JobReference, ...]:
        jobs, _ = self._cluster.list_jobs(self._namespace, self._label)
        # One that is in deletion already is taken care of.
        present = [job for job in jobs if job.metadata and job.metadata.deletion_timestamp is None]
        references = [reference_of(job, self._label) for job in present]
        self.seen = {each.name: each for each in references}
        return tuple(references)

    def creation_event(self) -> JobReference:
        assert self._watch is not None
        reference = self._watch.next(self.patience_s)
        self.seen = {reference.name: reference}
        return reference

    def delete_job(self, name: str) -> Answer:
        from kubernetes.client.exceptions import ConflictException, NotFoundException

        job = self.seen[name]
        if self._dry_run:
            self.fates.append((job, "would be deleted"))
            return Answer.OK
        try:
            self._cluster.delete_job(self._namespace, name, uid_text(job.uid))
        except (NotFoundException, ConflictException):  # a 409 is a newer Job of the same name
            self.fates.append((job, "gone meanwhile"))
            return Answer.NOT_FOUND
        self.fates.append((job, "deleted"))
        return Answer.OK


class RedisStatuses:
    """Statuses under Redis keys such as `evaluation:{evaluation}:status`."""

    def __init__(self, client: redis.Redis, url: str, key: str) -> None:
        self._client, self._url, self._key = client, url, key

    def __call__(self, evaluation: str) -> str | None:
        """Read one status."""
        from deadheat.live.redis import explained

        with explained(self._url):
            content: Any = self._client.get(self._key.replace("{evaluation}", evaluation))
        return None if content is None else str(content)


class PostgresStatuses:
    """Statuses by a query such as `SELECT status FROM evaluations WHERE id = %s`, in read-only transactions.

    Raises LiveError if `psycopg` is not installed, or the database does not answer or refuses the query.
    """

    def __init__(self, url: str, query: str) -> None:
        try:
            import psycopg
        except ImportError:
            raise LiveError("A PostgreSQL URL needs psycopg: install deadheat[postgres].") from None
        self._error: type[Exception] = psycopg.Error
        try:
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_PATIENCE_S)
            self._connection.read_only = True
        except psycopg.Error:
            # What the driver says may quote the URL.
            raise LiveError("PostgreSQL does not answer, or does not accept the user; check --status.") from None
        self._query = query

    def __call__(self, evaluation: str) -> str | None:
        """Read one status."""
        try:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                row = cursor.execute(self._query, (evaluation,)).fetchone()
        except self._error as error:
            raise LiveError(f"PostgreSQL refuses the query of --status-query: {str(error).splitlines()[0]}.") from None
        return None if row is None or row[0] is None else str(row[0])

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
