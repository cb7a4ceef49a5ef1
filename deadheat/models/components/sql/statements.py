"""The statements of SQL, as values."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, TypeAlias

from deadheat.models.components.sql.conditions import Change, Condition
from deadheat.models.components.sql.tables import Record

__all__ = ["Delete", "Insert", "RowLock", "Select", "Statement", "Update"]


class RowLock(Enum):
    """What a SELECT locks, and what it does about rows that another session has locked."""

    FOR_UPDATE = "FOR UPDATE"
    SKIP_LOCKED = "FOR UPDATE SKIP LOCKED"


class Insert(NamedTuple):
    """INSERT of one row."""

    row: Record
    or_nothing: bool = False

    def __str__(self) -> str:
        return f"INSERT {self.row}{' ON CONFLICT DO NOTHING' * self.or_nothing}"


class Select(NamedTuple):
    """SELECT of all columns, in the order of the key."""

    table: str
    where: Condition | None = None
    limit: int | None = None
    lock: RowLock | None = None

    def __str__(self) -> str:
        limit = [] if self.limit is None else [f"LIMIT {self.limit}"]
        return _joined(f"SELECT {self.table}", self.where, *limit, *([self.lock.value] if self.lock else []))


class Update(NamedTuple):
    """UPDATE of all rows of which the condition holds."""

    table: str
    changes: tuple[Change, ...]
    where: Condition | None = None

    def __str__(self) -> str:
        return _joined(f"UPDATE {self.table} SET {', '.join(map(str, self.changes))}", self.where)


class Delete(NamedTuple):
    """DELETE of all rows of which the condition holds."""

    table: str
    where: Condition | None = None

    def __str__(self) -> str:
        return _joined(f"DELETE {self.table}", self.where)


Statement: TypeAlias = Insert | Select | Update | Delete


def _joined(what: str, where: Condition | None, *more: str) -> str:
    parts: Iterable[str] = (what, *([] if where is None else [f"WHERE {where}"]), *more)
    return " ".join(parts)
