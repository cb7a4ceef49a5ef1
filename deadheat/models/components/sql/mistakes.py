"""What is wrong with a statement, said in a sentence, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deadheat.models.components.sql.conditions import Change, Comparison, Condition, Every, Some
from deadheat.models.components.sql.statements import Delete, Insert, RowLock, Select, Statement, Update
from deadheat.models.components.sql.tables import Record, columns_of
from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError

__all__ = ["require_statement", "require_table", "require_tables", "table_of"]


def table_of(table: Any) -> str:
    """Return the name of a table; raises ModelError for what is none."""
    if isinstance(table, type) and issubclass(table, Record):
        return table.table
    if isinstance(table, Record):
        raise ModelError(f"{table} is a row, and no table; give the table, {type(table).__name__}.")
    what = a(table)
    raise ModelError(f"{what[:1].upper()}{what[1:]} is no table; give the class of one, such as Job.")


def require_tables(database: str, tables: tuple[Any, ...], rows: Any) -> None:
    """Raise ModelError for what is no table, or no row, where a database is made."""
    for each in tables:
        if not isinstance(each, type) or not issubclass(each, Record):
            raise ModelError(
                f"Among the tables of the database {database!r} is {a(each)}; give it classes, such as Job."
            )
    if not isinstance(rows, tuple) or not all(isinstance(each, Record) for each in rows):
        raise ModelError(f"The rows of the database {database!r} are no tuple of rows; write rows=(Job('j1'),).")


def require_statement(statement: Statement, tables: Mapping[str, type[Record]], database: str) -> None:
    """Raise ModelError for a statement that no database with these tables could do."""
    if isinstance(statement, Insert):
        if not isinstance(statement.row, Record):
            row = statement.row
            what = f"{row.__name__}(...)" if isinstance(row, type) else "a row, such as Job('j1')"
            raise ModelError(f"An INSERT is given {a(row)}; give it {what}.")
        require_table(type(statement.row), tables, database)
        return
    table = tables.get(statement.table)
    if table is None:
        raise ModelError(_no_table(statement.table, tables, database))
    if isinstance(statement, Update):
        _require_changes(statement, table)
    if isinstance(statement, Select):
        _require_limit(statement)
    if statement.where is not None:
        _require_where(statement, table)


def require_table(table: Any, tables: Mapping[str, type[Record]], database: str) -> None:
    """Raise ModelError for a table that is none of these."""
    if tables.get(table_of(table)) is not table:
        raise ModelError(_no_table(table.__name__, tables, database))


def _no_table(name: str, tables: Mapping[str, type[Record]], database: str) -> str:
    known = ", ".join(each.__name__ for each in tables.values()) or "none"
    return f"The database {database!r} has no table {name}, only {known}; name it where the database is made."


def _require_changes(statement: Update, table: type[Record]) -> None:
    if not statement.changes:
        raise ModelError(
            f"An UPDATE of {statement.table} sets no column; say what it changes, such as Job.status.to(...)."
        )
    for each in statement.changes:
        if isinstance(each, Comparison):
            raise ModelError(f"An UPDATE sets {each}, which compares; write {table.__name__}.{each.column}.to(...).")
        if not isinstance(each, Change):
            raise ModelError(f"An UPDATE sets {a(each)}; say what it changes, such as Job.status.to(...).")
        _require_column(each, table)


def _require_limit(statement: Select) -> None:
    limit, lock = statement.limit, statement.lock
    if limit is not None and (type(limit) is not int or limit < 1):
        raise ModelError(f"The limit of a SELECT is {limit!r}; give it a whole number from 1 on, or None.")
    if lock is not None and not isinstance(lock, RowLock):
        raise ModelError(f"The lock of a SELECT is {lock!r}; give it one of {', '.join(map(str, RowLock))} of RowLock.")


def _require_where(statement: Select | Update | Delete, table: type[Record]) -> None:
    where: Any = statement.where
    if isinstance(where, Change):
        raise ModelError(f"A WHERE is {where}, which changes; write {table.__name__}.{where.column} == ... to compare.")
    if not isinstance(where, Condition):
        raise ModelError(
            f"A WHERE is {a(where)}; compare a column, as in {table.__name__}.{columns_of(table)[0]} == ..."
        )
    for each in _comparisons(where):
        _require_column(each, table)


def _comparisons(where: Condition) -> Iterator[Comparison]:
    if isinstance(where, Comparison):
        yield where
    elif isinstance(where, Every | Some):
        for each in where.conditions:
            yield from _comparisons(each)


def _require_column(of: Comparison | Change, table: type[Record]) -> None:
    if of.table not in ("", table.table) or of.column not in columns_of(table):
        whose = of.table or "no table"
        raise ModelError(
            f"A statement about {table.table} names the column {of.column} of {whose}; name one of "
            f"{table.__name__}: {', '.join(columns_of(table))}."
        )
