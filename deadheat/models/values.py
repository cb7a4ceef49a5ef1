"""Small immutable maps: sorted tuples of pairs, compared by value."""

from __future__ import annotations

from typing import TypeAlias, TypeVar

__all__ = ["FrozenMap", "lookup", "sorted_map", "with_item", "without"]

Value = TypeVar("Value")

FrozenMap: TypeAlias = tuple[tuple[str, Value], ...]
"""A map from strings, as pairs sorted by key."""


def lookup(items: FrozenMap[Value], key: str) -> Value | None:
    """Return the value under `key`, or None."""
    return next((value for each, value in items if each == key), None)


def sorted_map(items: FrozenMap[Value]) -> FrozenMap[Value]:
    """Return the map of these pairs, which may stand in another order."""
    return tuple(sorted(items, key=lambda item: item[0]))


def with_item(items: FrozenMap[Value], key: str, value: Value) -> FrozenMap[Value]:
    """Return the map with `value` under `key`."""
    return sorted_map((*without(items, key), (key, value)))


def without(items: FrozenMap[Value], key: str) -> FrozenMap[Value]:
    """Return the map with nothing under `key`."""
    return tuple(item for item in items if item[0] != key)
