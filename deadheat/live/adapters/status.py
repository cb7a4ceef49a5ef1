"""The status store for real: one Redis key an evaluation, or one row in PostgreSQL, chosen by URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, steered
from deadheat.live.leavings.postgres_run import mark_table
from deadheat.live.leavings.run_record import RunRecord
from deadheat.models.components.status import Status, StatusState
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    import redis

__all__ = ["PostgresStatus", "RedisStatus", "StatusAdapter"]

COMPARE_AND_SET = """
if (redis.call('GET', KEYS[1]) or ARGV[3]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class StatusAdapter(Adapter):
    """What both stores share: an evaluation without an entry is queued."""

    def __init__(self, evaluations: Iterable[str]) -> None:
        super().__init__("status")
        self._evaluations = tuple(evaluations)

    def get(self, evaluation: str) -> Status:
        """Read the status."""
        raise NotImplementedError

    def observe(self) -> dict[str, Any]:
        """Return the status of each evaluation, under the name of its component."""
        return {f"{self.name}/{each}": StatusState(self.get(each)) for each in self._evaluations}

    def comparable(self, value: StatusState) -> Status:
        """Return the status; what a replica remembers nobody can ask for."""
        return value.status

    @steered
    def get_stale_status(self, evaluation: str, wish: Status) -> Status:
        """Answer what a replica that lags would: there is none, so its answer is put in here."""
        del evaluation
        return wish

    def reset(self, evaluation: str) -> None:
        """Begin anew."""
        self.set(evaluation, Status.QUEUED)

    def set(self, evaluation: str, status: Status) -> None:
        """Write the status."""
        raise NotImplementedError


class RedisStatus(StatusAdapter):
    """One Redis key an evaluation; compare-and-set is one script."""

    def __init__(self, client: redis.Redis, prefix: str, evaluations: Iterable[str]) -> None:
        super().__init__(evaluations)
        self._client = client
        self._prefix = f"{prefix}status:"
        self._compare_and_set: Callable[..., Any] = client.register_script(COMPARE_AND_SET)

    def get(self, evaluation: str) -> Status:
        """GET."""
        content: Any = self._client.get(self._prefix + evaluation)
        return _status(content, evaluation)

    def set(self, evaluation: str, status: Status) -> None:
        """SET."""
        self._client.set(self._prefix + evaluation, str(status))

    def compare_and_set(self, evaluation: str, expected: Status, status: Status) -> bool:
        """Compare and set, in one script."""
        arguments = [str(expected), str(status), str(Status.QUEUED)]
        return bool(self._compare_and_set(keys=[self._prefix + evaluation], args=arguments))


class PostgresStatus(StatusAdapter):
    """One row an evaluation in a table of the run; compare-and-set is one UPDATE.

    Raises LiveError if `psycopg` is not installed or the database does not answer. The owner makes the table, marked as
    the run's of this `record`, and drops it when it is closed.
    """

    def __init__(
        self,
        url: str,
        table: str,
        evaluations: Iterable[str],
        *,
        is_owner: bool = True,
        record: RunRecord | None = None,
    ) -> None:
        super().__init__(evaluations)
        try:
            import psycopg
        except ImportError:
            raise LiveError("A PostgreSQL URL needs psycopg: install deadheat[postgres].") from None
        from threading import Lock

        try:
            self._connection = psycopg.connect(url, autocommit=True, connect_timeout=5)
        except psycopg.Error:
            # What the driver says may quote the URL.
            raise LiveError("PostgreSQL does not answer, or does not accept the user; check --status.") from None
        self._lock = Lock()
        self._table = psycopg.sql.Identifier(table)
        self._is_owner = is_owner
        if is_owner:
            with self._connection.transaction(), self._connection.cursor() as cursor:
                statement = "CREATE TABLE {} (evaluation text PRIMARY KEY, status text NOT NULL)"
                cursor.execute(psycopg.sql.SQL(statement).format(self._table))
                if record is not None:
                    mark_table(cursor, record, table)
            for each in self._evaluations:
                self._run("INSERT INTO {} VALUES (%s, %s)", each, str(Status.QUEUED))

    def get(self, evaluation: str) -> Status:
        """SELECT."""
        _, row = self._run("SELECT status FROM {} WHERE evaluation = %s", evaluation)
        return _status(row and row[0], evaluation)

    def set(self, evaluation: str, status: Status) -> None:
        """UPDATE."""
        self._run("UPDATE {} SET status = %s WHERE evaluation = %s", str(status), evaluation)

    def compare_and_set(self, evaluation: str, expected: Status, status: Status) -> bool:
        """UPDATE ... WHERE status = expected."""
        statement = "UPDATE {} SET status = %s WHERE evaluation = %s AND status = %s"
        count, _ = self._run(statement, str(status), evaluation, str(expected))
        return count == 1

    def close(self) -> None:
        """Drop the table, if it is ours, and hang up."""
        if self._is_owner:
            self._run("DROP TABLE IF EXISTS {}")
        self._connection.close()

    def _run(self, statement: str, *arguments: str) -> tuple[int, Any]:
        from psycopg import sql

        with self._lock, self._connection.cursor() as cursor:
            cursor.execute(sql.SQL(statement).format(self._table), arguments)
            return cursor.rowcount, cursor.fetchone() if cursor.description else None


def _status(content: Any, evaluation: str) -> Status:
    try:
        return Status.QUEUED if content is None else Status(content)
    except ValueError:
        known = ", ".join(Status)
        raise LiveError(f"The status of evaluation {evaluation} is {content!r}, which is none of {known}.") from None
