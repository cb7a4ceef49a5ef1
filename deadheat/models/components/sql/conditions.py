"""What a WHERE says, and what a SET: immutable, compared by value, and readable as SQL.

Conditions are of three values, as in SQL: what compares with NULL is unknown, and neither it nor its opposite selects a
row (PostgreSQL documentation, 9.1 Logical Operators and 9.2 Comparison Functions and Operators).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple

from deadheat.sim.errors import ModelError

__all__ = ["Change", "Comparison", "Condition", "Every", "Some", "literal"]

ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def literal(value: Any) -> str:
    """Return a value as it is written in SQL."""
    content = value.value if isinstance(value, Enum) else value
    if content is None or isinstance(content, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[content]
    return str(content) if isinstance(content, int) else "'" + str(content).replace("'", "''") + "'"


class Condition:
    """What a WHERE says; put several together with `&` and `|`."""

    __slots__ = ()

    def holds(self, row: Any) -> bool | None:
        """Return whether it holds of a row; None if that is unknown, because of a NULL."""
        raise NotImplementedError

    def text(self, said: Callable[[Any], str] = literal, named: Callable[[str], str] = str) -> str:
        """Return it as SQL; `said` writes a value, and `named` the name of a column."""
        raise NotImplementedError

    def only_key(self, key: str) -> str | int | None:
        """Return the one key that it can hold of, if it names it; `key` is the column of the keys."""
        del key
        return None

    def __and__(self, other: Condition) -> Condition:
        return Every((self, other)) if isinstance(other, Condition) else NotImplemented

    def __or__(self, other: Condition) -> Condition:
        return Some((self, other)) if isinstance(other, Condition) else NotImplemented

    def __bool__(self) -> bool:
        raise ModelError(f"`and`, `or` and `not` do not see what {self} holds of; put conditions together with & or |.")

    def __str__(self) -> str:
        return self.text()


@dataclass(frozen=True, slots=True)
class Comparison(Condition):
    """A column compared with a value, of the table that it is in, if that is said."""

    column: str
    operator: str
    value: Any
    table: str = ""

    __str__ = Condition.__str__

    def holds(self, row: Any) -> bool | None:
        """Compare; see `Condition`."""
        content = getattr(row, self.column)
        if self.operator in ("IS", "IS NOT"):
            return (content is None) == (self.operator == "IS")
        if content is None:
            return None
        if self.operator in ORDERED:
            return ORDERED[self.operator](content, self.value)
        return bool(content == self.value) == (self.operator == "=")

    def text(self, said: Callable[[Any], str] = literal, named: Callable[[str], str] = str) -> str:
        """Write it; see `Condition`."""
        return f"{named(self.column)} {self.operator} {'NULL' if self.value is None else said(self.value)}"

    def only_key(self, key: str) -> str | int | None:
        """Return the key that it asks for, if it does; see `Condition`."""
        asked: str | int | None = self.value if self.column == key and self.operator == "=" else None
        return asked


@dataclass(frozen=True, slots=True)
class Every(Condition):
    """All of several conditions."""

    conditions: tuple[Condition, ...]

    __str__ = Condition.__str__

    def holds(self, row: Any) -> bool | None:
        """One that does not hold decides; see `Condition`."""
        held = [each.holds(row) for each in self.conditions]
        return False if False in held else None if None in held else True

    def text(self, said: Callable[[Any], str] = literal, named: Callable[[str], str] = str) -> str:
        """Write it; see `Condition`."""
        return " AND ".join(_within(each, said, named) for each in self.conditions)

    def only_key(self, key: str) -> str | int | None:
        """Return the key that one of them asks for; see `Condition`."""
        asked = (each.only_key(key) for each in self.conditions)
        return next((each for each in asked if each is not None), None)


@dataclass(frozen=True, slots=True)
class Some(Condition):
    """At least one of several conditions."""

    conditions: tuple[Condition, ...]

    __str__ = Condition.__str__

    def holds(self, row: Any) -> bool | None:
        """One that holds decides; see `Condition`."""
        held = [each.holds(row) for each in self.conditions]
        return True if True in held else None if None in held else False

    def text(self, said: Callable[[Any], str] = literal, named: Callable[[str], str] = str) -> str:
        """Write it; see `Condition`."""
        return " OR ".join(_within(each, said, named) for each in self.conditions)


def _within(condition: Condition, said: Callable[[Any], str], named: Callable[[str], str]) -> str:
    text = condition.text(said, named)
    return text if isinstance(condition, Comparison) else f"({text})"


class Change(NamedTuple):
    """What an UPDATE sets one column to, of the table that it is in; one that `adds` adds to what is there."""

    column: str
    value: Any
    adds: bool = False
    table: str = ""

    def content_after(self, row: Any) -> Any:
        """Return what the column of a row is set to."""
        before = getattr(row, self.column)
        if not self.adds:
            return self.value
        return None if before is None else before + self.value

    def text(self, said: Callable[[Any], str] = literal, named: Callable[[str], str] = str) -> str:
        """Return it as SQL."""
        name = named(self.column)
        return f"{name} = {f'{name} + ' if self.adds else ''}{said(self.value)}"

    def __str__(self) -> str:
        return self.text()
