"""Model values as JSON and back, exactly: what goes over HTTP, between processes, and into a live trace.

Plain values are themselves, tuples are arrays. Enumerations and named tuples of `deadheat.models` are objects with
one key, `"module:Class"` below `deadheat.models`, or below `components` there; nothing else can be named, so reading
never runs foreign code.
"""

from __future__ import annotations

import importlib
from enum import Enum
from typing import Any

from deadheat.sim.arguments import wanted_types, wrong_argument

__all__ = ["decode", "encode"]

ROOM = "deadheat.models."
COMPONENTS = "components."


def encode(value: Any) -> Any:
    """Return a value as JSON data; raises TypeError for what no model value is made of."""
    if isinstance(value, Enum):
        return {_name(type(value)): value.value}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple):
        items = [encode(each) for each in value]
        return {_name(type(value)): items} if hasattr(value, "_fields") else items
    raise TypeError(f"a {type(value).__name__} cannot be sent or recorded: use immutable plain values")


def decode(data: Any) -> Any:
    """Return the value that `encode` made this data of; raises ValueError for anything else."""
    if isinstance(data, list):
        return tuple(decode(each) for each in data)
    if not isinstance(data, dict):
        return data
    if len(data) != 1:
        raise ValueError("an object in a value has exactly one key, its type")
    [(name, content)] = data.items()
    kind = _kind(name)
    if issubclass(kind, Enum):
        return kind(content)
    if not isinstance(content, list):
        raise ValueError(f"{name} is made of an array of its {len(kind._fields)} fields")
    made = kind(*decode(content))
    wrong = wrong_argument(wanted_types(kind), kind._fields, made)
    if wrong is not None:
        raise ValueError(f"{name} cannot be made: {wrong}")
    return made


def _name(kind: type) -> str:
    if not kind.__module__.startswith(ROOM):
        raise TypeError(f"{kind.__qualname__} is no value of a model")
    return f"{kind.__module__.removeprefix(ROOM).removeprefix(COMPONENTS)}:{kind.__qualname__}"


def _kind(name: str) -> Any:
    module, colon, attribute = name.partition(":")
    if not colon or not module.replace(".", "").replace("_", "").isalnum():
        raise ValueError(f"{name!r} is not a type of values")
    kind = _found(f"{ROOM}{COMPONENTS}{module}", attribute) or _found(f"{ROOM}{module}", attribute)
    if not isinstance(kind, type) or not (issubclass(kind, Enum) or hasattr(kind, "_fields")):
        raise ValueError(f"{name!r} is not a type of values")
    return kind


def _found(module: str, attribute: str) -> Any:
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError):
        return None
