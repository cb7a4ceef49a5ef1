"""The orphan cleanup for real: the model's own sweep and listener, on the cluster and the statuses of a real system.

The roles are those of `models/protocols/orphan_cleanup.py` (the sweep by uid) and `storage_worker.py`, unchanged. A
deletion has the uid of the Job that was found as its precondition, so that it never takes a newer Job of the same name;
the listener, whose role deletes by name, is given that precondition here. A dry run deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deadheat.live.adapter import Adapter
from deadheat.live.cluster import Cluster
from deadheat.live.job_reference import reference_of, uid_text
from deadheat.live.job_watch import JobWatch
from deadheat.live.redaction import learn, redact
from deadheat.live.runner import run_role_once
from deadheat.models.kubernetes import Answer, JobReference
from deadheat.models.protocols.orphan_cleanup import ORPHAN_CLEANUP_BY_UID
from deadheat.models.protocols.storage_worker import STORAGE_WORKER
from deadheat.models.status import Status
from deadheat.models.system import Addition, System
from deadheat.models.world import build
from deadheat.scenarios.scenario import find_protocol
from deadheat.sim.errors import LiveError
from deadheat.sim.model import Process
from deadheat.sim.operations import AnyOf, Atomic, Chosen, Operation, Request

if TYPE_CHECKING:
    import redis

__all__ = ["Cleanup", "FoundJob", "PostgresStatuses", "RedisStatuses", "Result", "Statuses"]

ANY_EVALUATION = "*"
"""Stands in a watch for an evaluation that nobody has heard of yet."""

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
        self._system = build(find_protocol("baseline"), 1, {}).system

    def sweep(self) -> Result:
        """Sweep once. Raises LiveError if the cluster or the statuses cannot be asked."""
        jobs = _PinnedJobs(self._cluster, self._namespace, self._label, dry_run=self._dry_run)
        system = replace(self._system, evaluations=jobs.look())
        return self._run(ORPHAN_CLEANUP_BY_UID, system, jobs)

    def listen(self, watch: JobWatch) -> Result:
        """Wait for the next Job of a watch, and look at it once. Raises BlockedError if none comes in a while."""
        jobs = _PinnedJobs(self._cluster, self._namespace, self._label, dry_run=self._dry_run, watch=watch)
        system = replace(self._system, evaluations=(ANY_EVALUATION,))
        return self._run(STORAGE_WORKER, system, jobs)

    def _run(self, addition: Addition, system: System, jobs: _PinnedJobs) -> Result:
        [process] = addition.processes(system, {})
        run_role_once(process, _Gate(jobs, self._statuses))
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
        """Do a request."""
        del process
        if isinstance(request, AnyOf):
            return Chosen(0, self.jobs.creation_event())
        if isinstance(request, Atomic):
            return tuple(map(self._do, request.operations))
        return self._do(request)

    def _do(self, operation: Operation) -> Any:
        is_job = operation.component.startswith("kubernetes/")
        adapter: Adapter = self.jobs if is_job else self.statuses
        return adapter.perform(operation)


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

    def look(self) -> tuple[str, ...]:
        """LIST all Jobs with the label; return their evaluations."""
        jobs, _ = self._cluster.list_jobs(self._namespace, self._label)
        # One that is in deletion already is taken care of.
        present = [job for job in jobs if job.metadata and job.metadata.deletion_timestamp is None]
        self.seen = {each.name: each for each in (reference_of(job, self._label) for job in present)}
        return tuple(sorted({each.evaluation for each in self.seen.values()}))

    def list_jobs(self, evaluation: str) -> tuple[JobReference, ...]:
        """Return the Jobs of an evaluation, as they were at the look."""
        return tuple(each for each in self.seen.values() if each.evaluation == evaluation)

    def creation_event(self) -> JobReference:
        """Wait for the watch."""
        assert self._watch is not None
        reference = self._watch.next(self.patience_s)
        self.seen = {reference.name: reference}
        return reference

    def delete_job(self, evaluation: str, name: str, uid: int | None = None) -> Answer:
        """DELETE the Job that was seen, and no other of its name."""
        from kubernetes.client.exceptions import ConflictException, NotFoundException

        del evaluation
        job = self.seen[name]
        if self._dry_run:
            self.fates.append((job, "would be deleted"))
            return Answer.OK
        try:
            self._cluster.delete_job(self._namespace, name, uid_text(uid or job.uid))
        except (NotFoundException, ConflictException) as error:  # a 409 is a newer Job of the same name
            self.fates.append((job, "gone meanwhile"))
            return Answer.CONFLICT if isinstance(error, ConflictException) else Answer.NOT_FOUND
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
        learn(url)
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
            raise LiveError(
                f"PostgreSQL refuses the query of --status-query: {redact(str(error).splitlines()[0])}."
            ) from None
        return None if row is None or row[0] is None else str(row[0])

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
