"""Values made anew, with something else in the place of what they hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from enum import Enum
from typing import Any

__all__ = ["rebuilt"]


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a value with each part of it changed; the very value, if none is.

    The parts are those of what components may hold and roles may be told (see `freeze`): of tuples, named tuples,
    frozen sets and frozen dataclasses. Whatever else there is has no parts.
    """
    if isinstance(value, Enum | type):
        return value
    if isinstance(value, tuple | frozenset):
        return _collection(value, change)
    if dataclasses.is_dataclass(value):
        return _dataclass(value, change)
    return value


def _collection(value: Any, change: Callable[[Any], Any]) -> Any:
    before = list(value)
    after = [change(each) for each in before]
    if all(one is other for one, other in zip(before, after, strict=True)):
        return value
    kind = type(value)
    return kind._make(after) if hasattr(kind, "_make") else kind(after)


def _dataclass(value: Any, change: Callable[[Any], Any]) -> Any:
    """Make one by field, since what made this one may not be what makes another."""
    before = {each.name: getattr(value, each.name) for each in dataclasses.fields(value) if hasattr(value, each.name)}
    after = {name: change(each) for name, each in before.items()}
    if all(after[name] is each for name, each in before.items()):
        return value
    made = object.__new__(type(value))
    for name, each in after.items():
        object.__setattr__(made, name, each)
    return made
