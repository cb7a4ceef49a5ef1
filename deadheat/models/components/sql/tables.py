"""Tables: a class for each, typed columns, and rows that are immutable values.

The columns are annotations, and the first of them is the primary key:

    class Job(Record, table="jobs"):
        id: Column[str]
        status: Column[str] = column(default="queued")
        worker: Column[str | None] = column(default=None)

`Job("j1")` is a row, of which `.status` is text; `Job.status` is the column, and `Job.status == "queued"` a condition.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Generic,
    NamedTuple,
    TypeVar,
    cast,
    dataclass_transform,
    get_args,
    get_type_hints,
    overload,
)

from deadheat.models.components.sql.conditions import Change, Comparison, Condition, Some, literal
from deadheat.sim.arguments import types_of
from deadheat.sim.errors import ModelError

__all__ = ["Column", "Place", "Record", "column", "columns_of", "key_column", "place_of", "types_of_columns"]

Content = TypeVar("Content")


def column(*, default: Any = dataclasses.MISSING) -> Any:
    """Give a column of a `Record` a default."""
    return dataclasses.field() if default is dataclasses.MISSING else dataclasses.field(default=default)


class Column(Generic[Content]):
    """A column of a table: compare it for a condition, or say what it is set `to`."""

    def __init__(self, row: type[Record], name: str) -> None:
        self._row = row
        self.name = name

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Column[Content]: ...

        @overload
        def __get__(self, instance: object, owner: type) -> Content: ...

        def __get__(self, instance: object, owner: type) -> Any: ...

        def __set__(self, instance: object, value: Content) -> None: ...

    def __eq__(self, other: Content) -> Condition:  # type: ignore[override]
        return self._compared("=", other)

    def __ne__(self, other: Content) -> Condition:  # type: ignore[override]
        return self._compared("<>", other)

    __hash__ = None  # type: ignore[assignment]

    def __lt__(self, other: Content) -> Condition:
        return self._ordered("<", other)

    def __le__(self, other: Content) -> Condition:
        return self._ordered("<=", other)

    def __gt__(self, other: Content) -> Condition:
        return self._ordered(">", other)

    def __ge__(self, other: Content) -> Condition:
        return self._ordered(">=", other)

    def __rand__(self, other: object) -> Condition:
        raise self._without_parentheses(other, "&")

    def __ror__(self, other: object) -> Condition:
        raise self._without_parentheses(other, "|")

    def __and__(self, other: object) -> Condition:
        raise self._without_parentheses(other, "&")

    def __or__(self, other: object) -> Condition:
        raise self._without_parentheses(other, "|")

    def _without_parentheses(self, other: object, sign: str) -> ModelError:
        """Return what to say of `A == a & B == b`: the sign binds closer than the comparison."""
        return ModelError(
            f"{sign} was put between {self} and {other!r}, which is no comparison; put each comparison in parentheses, "
            f"as in (A == a) {sign} (B == b)."
        )

    def in_(self, *values: Content) -> Condition:
        """Return the condition that the column is one of these."""
        if len(values) == 1 and isinstance(values[0], tuple | list | set | frozenset):
            raise ModelError(f"{self}.in_() takes the values one by one; write a star before them, as in in_(*VALUES).")
        compared = [self._compared("=", each) for each in values]
        if not compared:
            raise ModelError(f"{self}.in_() was given nothing to be one of; give it a value.")
        return compared[0] if len(compared) == 1 else Some(tuple(compared))

    def is_null(self) -> Condition:
        """Return the condition that there is nothing in the column."""
        return Comparison(self.name, "IS", None, self._row.table)

    def is_not_null(self) -> Condition:
        """Return the condition that there is something in the column."""
        return Comparison(self.name, "IS NOT", None, self._row.table)

    def to(self, value: Content) -> Change:
        """Return the change that sets the column to a value."""
        self._require(value)
        return self._changed(Change(self.name, value, table=self._row.table))

    def plus(self, amount: int) -> Change:
        """Return the change that adds to what the column has."""
        self._require(amount)
        return self._changed(Change(self.name, amount, adds=True, table=self._row.table))

    def __str__(self) -> str:
        return f"{self._row.__name__}.{self.name}"

    def _changed(self, change: Change) -> Change:
        if self.name == key_column(self._row):
            raise ModelError(f"{self} is the primary key, which no UPDATE changes here; delete the row and insert it.")
        return change

    def _compared(self, operator: str, value: Any) -> Condition:
        self._require(value)
        if value is None:
            raise ModelError(f"{self} {operator} None is never true in SQL; write .is_null() or .is_not_null().")
        return Comparison(self.name, operator, value, self._row.table)

    def _ordered(self, operator: str, value: Any) -> Condition:
        if type(value) is not int:
            raise ModelError(f"{self} {operator} {value!r}: only whole numbers are put in an order here.")
        return self._compared(operator, value)

    def _require(self, value: Any) -> None:
        _require_type(self._row, self.name, value)


class _Table(type):
    """Answers `Job.status` with the column; what is in a row's field is nobody's attribute but the row's."""

    if not TYPE_CHECKING:  # a type checker would find any column

        def __getattr__(cls, name: str) -> Any:
            names = columns_of(cls)
            if name in names:
                return Column(cls, name)
            likely = get_close_matches(name, names, 1) if not name.startswith("__") else []
            meant = f"; did you mean {likely[0]!r}?" if likely else ""
            raise AttributeError(f"The table {cls.__name__} has no column {name!r}{meant}", name=name, obj=cls)


@dataclass_transform(frozen_default=True, field_specifiers=(column,))
class Record(metaclass=_Table):
    """A row of a table, immutable and compared by value; derive a class from it for each table.

    Contents are text, whole numbers, truth values, members of enumerations, and None for NULL; a key is a text or a
    whole number. Anything else than a column's type raises ModelError.
    """

    table: ClassVar[str] = ""

    def __init_subclass__(cls, *, table: str = "") -> None:
        super().__init_subclass__()
        cls.table = table or cls.__name__.lower()
        dataclass(frozen=True)(cls)
        for name in columns_of(cls):  # a default that stays would stand in front of the column
            if name in vars(cls):
                delattr(cls, name)
        if not columns_of(cls):
            raise ModelError(
                f"The table {cls.__name__} has no columns; annotate them, the key first: `id: Column[str]`."
            )

    def __post_init__(self) -> None:
        for name in columns_of(type(self)):
            _require_type(type(self), name, getattr(self, name))

    def __str__(self) -> str:
        """Return it as text, without what is as it is by default."""
        key, *others = dataclasses.fields(cast("Any", self))
        contents = ((each.name, getattr(self, each.name), each.default) for each in others)
        told = (f"{name}={literal(value)}" for name, value, default in contents if value != default)
        return f"{self.table}({', '.join([literal(getattr(self, key.name)), *told])})"


def columns_of(row: type) -> tuple[str, ...]:
    """Return the names of a table's columns, the key first."""
    return tuple(vars(row).get("__dataclass_fields__", ()))


def key_column(row: type[Record]) -> str:
    """Return the name of a table's primary key."""
    return columns_of(row)[0]


@lru_cache(maxsize=1_024)
def types_of_columns(row: type[Record]) -> dict[str, tuple[type, ...]]:
    """Return the types that each column may hold; nothing where they cannot be read at run time."""
    try:
        hints = get_type_hints(row)
    except Exception:  # a name that only a type checker knows
        return {}
    found = {name: types_of(each) for name in columns_of(row) for each in get_args(hints[name])[:1]}
    return {name: kinds for name, kinds in found.items() if kinds is not None}


def _require_type(row: type[Record], name: str, value: Any) -> None:
    allowed = types_of_columns(row).get(name)
    if allowed is None or (isinstance(value, allowed) and (bool in allowed or not isinstance(value, bool))):
        return
    names = " or ".join("None" if each is type(None) else each.__name__ for each in allowed)
    raise ModelError(f"The column {row.__name__}.{name} holds {names}, not the {type(value).__name__} {value!r}.")


class Place(NamedTuple):
    """Where a row is: its table, and its key."""

    table: str
    key: str | int

    def __str__(self) -> str:
        return f"{self.table} {self.key}"


def place_of(row: Record) -> Place:
    """Return where a row is."""
    return Place(row.table, getattr(row, key_column(type(row))))
