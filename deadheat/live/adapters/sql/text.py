"""The model's statements as the text that a server is sent, and its answers as the model's.

A WHERE says one thing more than the model's: that the key is at least the least there is. It is true of every row, and
lets a server go by the index of the keys, so that it locks rows in the order that the model has.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from deadheat.models.components.sql.database import Database
from deadheat.models.components.sql.statements import Delete, Insert, RowLock, Select, Statement, Update
from deadheat.models.components.sql.tables import Record, columns_of, key_column, types_of_columns
from deadheat.sim.errors import LiveError

__all__ = ["Dialect", "Text", "answer_of", "create_table", "quoted", "text_of"]

LEAST: dict[type, Any] = {str: "", int: -(2**63)}


class Dialect(NamedTuple):
    """How a server is spoken to: its placeholder, its types of columns, and whether it knows row locks."""

    placeholder: str
    types: dict[type, str]
    row_locks: bool


class Text(NamedTuple):
    """A statement with its placeholders, and what stands in their place."""

    sql: str
    values: tuple[Any, ...]


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


def create_table(row: type[Record], dialect: Dialect, prefix: str) -> str:
    """Return the CREATE TABLE of a table; raises LiveError for a column of which no type is known."""
    columns = []
    for name in columns_of(row):
        kind = _kind(row, name)
        sql_type = dialect.types.get(kind) or dialect.types[str]
        is_key = name == key_column(row)
        columns.append(f"{quoted(name)} {sql_type}{' PRIMARY KEY NOT NULL' if is_key else ''}")
    return f"CREATE TABLE {quoted(prefix + row.table)} ({', '.join(columns)})"


def text_of(statement: Statement, database: Database, dialect: Dialect, prefix: str) -> Text:
    """Return a statement as text."""
    values: list[Any] = []

    def said(value: Any) -> str:
        values.append(value.value if isinstance(value, Enum) else value)
        return dialect.placeholder

    if isinstance(statement, Insert):
        row = type(statement.row)
        names = columns_of(row)
        contents = ", ".join(said(getattr(statement.row, each)) for each in names)
        into = f"INSERT INTO {quoted(prefix + row.table)} ({', '.join(map(quoted, names))}) VALUES ({contents})"
        return Text(into + " ON CONFLICT DO NOTHING" * statement.or_nothing, tuple(values))
    row = database.tables[statement.table]
    table, key = quoted(prefix + row.table), key_column(row)
    if isinstance(statement, Update):
        sql = f"UPDATE {table} SET {', '.join(each.text(said, quoted) for each in statement.changes)}"
    elif isinstance(statement, Delete):
        sql = f"DELETE FROM {table}"
    else:
        sql = f"SELECT {', '.join(map(quoted, columns_of(row)))} FROM {table}"
    sql += f" WHERE {quoted(key)} >= {said(LEAST.get(_kind(row, key), ''))}"
    if statement.where is not None:
        sql += f" AND ({statement.where.text(said, quoted)})"
    if isinstance(statement, Select):
        sql += f" ORDER BY {quoted(key)}{_limit_and_lock(statement, dialect)}"
    return Text(sql, tuple(values))


def answer_of(statement: Statement, database: Database, rows: list[tuple[Any, ...]] | None, count: int) -> Any:
    """Return what the model answers, of the rows that a server returned, or of how many it changed."""
    if not isinstance(statement, Select):
        return count
    row: Any = database.tables[statement.table]
    kinds = [_kind(row, name) for name in columns_of(row)]
    return tuple(row(*map(_content, each, kinds)) for each in rows or ())


def _limit_and_lock(statement: Select, dialect: Dialect) -> str:
    limit = "" if statement.limit is None else f" LIMIT {int(statement.limit)}"
    lock = {None: "", RowLock.FOR_UPDATE: " FOR UPDATE", RowLock.SKIP_LOCKED: " FOR UPDATE SKIP LOCKED"}[statement.lock]
    return limit + lock * dialect.row_locks


def _kind(row: type[Record], name: str) -> type:
    kinds = [each for each in types_of_columns(row).get(name, ()) if each is not type(None)]
    if len(kinds) != 1 or not issubclass(kinds[0], str | int | Enum):
        raise LiveError(
            f"The column {row.__name__}.{name} has no one type that a server knows; give it str, int or bool."
        )
    return kinds[0]


def _content(content: Any, kind: type) -> Any:
    return None if content is None else kind(content)
