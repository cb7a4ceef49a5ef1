"""Values as text: short, the same in every process, and free of memory addresses."""

from __future__ import annotations

import dataclasses
from enum import Enum
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

__all__ = ["render"]


def render(value: Any) -> str:
    """Return `value` as short text that depends on its content alone.

    Covers all that component values, outcomes and arguments can be made of (see `freeze`); a class with a `__str__` of
    its own is asked for it. Raises TypeError for anything else, because the default `repr` may hold a memory address,
    and a trace must never hold one.
    """
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool | int | float | complex | bytes | range):
        return repr(value)
    if value is Ellipsis:
        return "..."
    if "__str__" in vars(type(value)) and type(value) is not object:  # a class of ours that says how it reads
        return str(value)
    if isinstance(value, tuple):
        return _render_tuple(value)
    if isinstance(value, frozenset):
        return "{" + ", ".join(sorted(render(item) for item in value)) + "}"
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        named = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return _render_record(type(value).__name__, named)
    if isinstance(value, ModuleType | type | FunctionType | BuiltinFunctionType):
        return value.__name__
    raise TypeError(f"a {type(value).__name__} cannot be shown in a trace: use immutable plain values")


def _render_tuple(value: tuple[Any, ...]) -> str:
    names = getattr(value, "_fields", None)
    if names is not None:
        return _render_record(type(value).__name__, zip(names, value, strict=True))
    return "(" + ", ".join(render(item) for item in value) + ("," if len(value) == 1 else "") + ")"


def _render_record(name: str, named: Any) -> str:
    return name + "(" + ", ".join(f"{field}={render(item)}" for field, item in named) + ")"
