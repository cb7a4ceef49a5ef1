"""A run's tables in PostgreSQL: marked in their comments, and alive for as long as their run's session holds a lock.

The lock is an advisory one that PostgreSQL itself lets go of when the session ends (PostgreSQL documentation, "Advisory
Locks"), so it needs no renewal. The mark is that of database, schema and table: a copy, or what was restored elsewhere,
has another name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deadheat.live.leavings.run_record import RunRecord
from deadheat.live.redaction import learn, redact
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    import psycopg

__all__ = ["TableFound", "drop_if_dead", "find_tables", "leave_tables", "mark_table", "open_postgres"]

CONNECT_PATIENCE_S = 5
COMMENT = '{"deadheat": '

TABLES = """
SELECT current_database(), n.nspname, c.relname, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND starts_with(obj_description(c.oid, 'pg_class'), %s) ORDER BY 2, 3
"""


@dataclass(frozen=True, slots=True)
class TableFound:
    """A table whose comment says that a run made it; `record` is None if it does not prove it."""

    schema: str
    name: str
    record: RunRecord | None


@contextmanager
def open_postgres(url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection that commits each statement by itself.

    Raises LiveError if `psycopg` is not installed, or PostgreSQL does not answer or refuses something meanwhile.
    """
    try:
        import psycopg
    except ImportError:
        raise LiveError("A PostgreSQL URL needs psycopg: install deadheat[postgres].") from None
    learn(url)
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_PATIENCE_S)
    except psycopg.Error:  # what the driver says may quote the URL
        raise LiveError("PostgreSQL does not answer, or does not accept the user; check --status.") from None
    try:
        with connection:
            yield connection
    except psycopg.Error as error:
        raise LiveError(f"PostgreSQL refuses: {redact(str(error).splitlines()[0])}.") from None


def mark_table(cursor: psycopg.Cursor[Any], record: RunRecord, table: str) -> None:
    """Prove whose a table is, and hold the run's lock; in the transaction that makes the table."""
    from psycopg import sql

    cursor.execute("SELECT pg_advisory_lock_shared(%s)", [_lock(record)])
    cursor.execute("SELECT current_database(), current_schema()")
    database, schema = cursor.fetchone() or ("", "")
    comment = COMMENT + json.dumps([record.to_json(), record.mark(_subject(database, schema, table))]) + "}"
    cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(sql.Identifier(table), sql.Literal(comment)))


def find_tables(connection: psycopg.Connection) -> list[TableFound]:
    """Return every table whose comment says that a run made it."""
    rows = connection.execute(TABLES, [COMMENT]).fetchall()
    return [
        TableFound(schema, name, _proved(comment, database, schema, name)) for database, schema, name, comment in rows
    ]


def drop_if_dead(connection: psycopg.Connection, table: TableFound, *, delete: bool) -> bool | None:
    """Drop a table whose run has no session any more; return whether its run is dead, None if the table is gone.

    Without `delete` the table stays.
    """
    assert table.record is not None
    with connection.transaction():
        [is_dead] = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [_lock(table.record)]).fetchone() or [0]
        if not is_dead:
            return False
        if table not in find_tables(connection):
            return None
        if delete:
            _drop(connection, table)
    return True


def leave_tables(url: str, record: RunRecord) -> None:
    """Drop what is left of a run's own tables."""
    with open_postgres(url) as connection:
        for table in find_tables(connection):
            if table.record == record:
                _drop(connection, table)


def _drop(connection: psycopg.Connection, table: TableFound) -> None:
    from psycopg import sql

    connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table.schema, table.name)))


def _proved(comment: str, database: str, schema: str, name: str) -> RunRecord | None:
    try:
        text, mark = json.loads(comment)["deadheat"]
        record = RunRecord.from_json(text)
        return record if record is not None and record.owns(_subject(database, schema, name), mark) else None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _subject(database: str, schema: str, table: str) -> str:
    return f"table {database}.{schema}.{table}"


def _lock(record: RunRecord) -> int:
    """Return the run's id as PostgreSQL's advisory locks want it: a signed number of 64 bits."""
    return int.from_bytes(bytes.fromhex(record.run), signed=True)
