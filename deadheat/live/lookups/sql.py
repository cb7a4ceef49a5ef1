"""Statuses by a query: PostgreSQL (the extra `postgres`) and SQLite. The transactions are read-only.

A query that answers with more than one row leaves open which status holds, so that evaluation is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from deadheat.live.lookups.base import PLACES, STATUS_MAX, UnreadableError, text_of, where_of
from deadheat.sim.errors import LiveError, UsageError

__all__ = ["PostgresLookup", "SqliteLookup"]

HEADER, IN_WAL_MODE = 20, b"\x02\x02"
"""The bytes 18 and 19 of a SQLite file say how it is written and read ("Database File Format", 1.3)."""

STEPS = 10_000
"""After so many of SQLite's own instructions, some tenths of a millisecond, it is asked whether to go on."""


class PostgresLookup:
    """Statuses by a query such as `SELECT status FROM evaluations WHERE id = {id}`; `%s` is taken as well."""

    def __init__(self, url: str, query: str, timeout_s: float) -> None:
        try:
            import psycopg
        except ImportError:
            raise UsageError("A PostgreSQL URL needs psycopg: install deadheat[postgres].") from None
        self._psycopg = psycopg
        self._at = f"PostgreSQL at {where_of(url)}"
        self._url, self._timeout_s = url, timeout_s
        self._query = bound(query, "%(id)s")
        self._connection: Any = None
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error:  # what the driver says may quote the URL
            raise UsageError(
                "--status is not the URL of a PostgreSQL, which is postgresql://HOST/NAME, with USER:PASSWORD and an @ "
                "before HOST if it wants them."
            ) from None

    def __call__(self, evaluation: str) -> str | None:
        """Ask the query."""
        error = self._psycopg
        try:
            with self._connected().transaction(), self._connection.cursor() as cursor:
                cursor.execute(self._query, {"id": evaluation})
                rows = cursor.fetchmany(2)
        except error.errors.QueryCanceled:
            raise UnreadableError("the query of --status-query took too long", is_failure=True) from None
        except error.DataError as said:
            raise UnreadableError(f"PostgreSQL takes its id for no value of the column ({_first(said)})") from None
        except UnicodeDecodeError:
            raise UnreadableError("its status cannot be decoded") from None
        except (error.OperationalError, error.InterfaceError):
            self.close()
            raise LiveError(f"{self._at} does not answer any more.") from None
        except error.Error as said:
            raise LiveError(f"{self._at} refuses the query of --status-query: {_first(said)}.") from None
        return one_status(rows)

    def close(self) -> None:
        """Hang up; the next question connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _connected(self) -> Any:
        if self._connection is None:
            try:
                connection = self._psycopg.connect(
                    self._url, autocommit=True, connect_timeout=max(1, round(self._timeout_s)), prepare_threshold=None
                )
                connection.execute(f"SET statement_timeout = {round(self._timeout_s * 1000)}")
            except self._psycopg.Error:
                raise LiveError(f"{self._at} does not answer, or does not accept the user; check --status.") from None
            connection.read_only = True
            self._connection = connection
        return self._connection


class SqliteLookup:
    """Statuses by the same kind of query in a SQLite file, opened read-only; `?` is taken for `{id}` as well."""

    def __init__(self, url: str, query: str, timeout_s: float) -> None:
        path = unquote(url.removeprefix("sqlite:"))
        self._path = path.removeprefix("//") if path.startswith("///") else path
        if not self._path:
            raise UsageError("--status names no file; write sqlite:/PATH/OF/FILE.")
        self._query, self._timeout_s = bound(query, "?1"), timeout_s
        self._connection: Any = None

    def __call__(self, evaluation: str) -> str | None:
        """Ask the query."""
        import sqlite3

        try:
            rows = self._rows_left_alone(evaluation)
            if rows is None:
                if self._connection is None:
                    self._connection = self._opened()
                rows = self._rows(self._connection, evaluation)
        except sqlite3.DataError:
            raise UnreadableError("its status has more than a megabyte") from None
        except sqlite3.Error as error:
            self.close()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise UnreadableError(f"the query took more than {self._timeout_s:g} s", is_failure=True) from None
            raise LiveError(f"The SQLite file {self._path} cannot be asked: {_first(error)}.") from None
        return one_status(rows)

    def _rows_left_alone(self, evaluation: str) -> Sequence[Sequence[Any]] | None:
        """Ask a file in WAL mode that nobody has open; None for any other, and if somebody has written meanwhile.

        SQLite would make two files beside it, even for a reader, and leave them there as ours: then the application,
        if it is another user, could not open its own database. A file without them is whole, and can be read as one
        that nobody changes; and that nobody did shows afterwards.
        """
        before = self._as_left_alone()
        if before is None or self._connection is not None:
            return None
        connection = self._opened("&immutable=1")
        try:
            rows = self._rows(connection, evaluation)
        finally:
            connection.close()
        return rows if self._as_left_alone() == before else None

    def _as_left_alone(self) -> tuple[int, int, int] | None:
        """Return what tells a file in WAL mode from itself when it is changed; None if somebody has it open."""
        path = Path(self._path)
        try:
            with path.open("rb") as file:
                modes = file.read(HEADER)[18:20]
            found = path.stat()
        except OSError:
            return None
        if modes != IN_WAL_MODE or Path(f"{path}-wal").exists():
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _opened(self, more: str = "") -> Any:
        import sqlite3

        uri = f"file:{quote(str(Path(self._path).absolute()))}?mode=ro{more}"
        connection = sqlite3.connect(uri, uri=True, timeout=self._timeout_s)
        connection.text_factory = bytes
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, STATUS_MAX)
        return connection

    def _rows(self, connection: Any, evaluation: str) -> Sequence[Sequence[Any]]:
        deadline = time.monotonic() + self._timeout_s
        # SQLite's own code lets no signal through, so it is this that lets Ctrl-C be heard as well.
        connection.set_progress_handler(lambda: time.monotonic() > deadline, STEPS)
        cursor = connection.execute(self._query, (evaluation,))
        rows: list[Any] = cursor.fetchmany(2)
        cursor.close()
        return rows

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def bound(query: str, parameter: str) -> str:
    """Return a query with the database's own parameter for `{id}`: the id is never pasted into SQL."""
    for place in (*PLACES, "%s"):
        query = query.replace(f"'{place}'", place).replace(place, parameter)
    if parameter not in query and not ("?" in query and parameter.startswith("?")):
        raise UsageError(f"--status-query {query!r} has no {{id}}, so every evaluation would have the same status.")
    return query


def one_status(rows: Sequence[Sequence[Any]]) -> str | None:
    """Return the status that a query answered with."""
    if len(rows) > 1:
        raise UnreadableError("the query answers with more than one row")
    return text_of(rows[0][0]) if rows and rows[0] else None


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
