"""Values in a form that can be written down, and read again without running anybody's code.

Nothing is imported, no constructor is called: a class is one that a module of this program has under its name, and an
object of it is put together by Python's own `tuple` and `object`. What has no such form is not written down.
"""

from __future__ import annotations

import dataclasses
import sys
from enum import Enum
from typing import Any

__all__ = ["UnwritableError", "read", "written"]

PLAIN = (bool, str, type(None))
WIDEST = 1 << 63


class UnwritableError(Exception):
    """A value that has no such form, or something that is no value in it."""


def written(value: Any) -> Any:
    """Return a value as lists, texts and numbers; raises UnwritableError."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is int:
        return value if -WIDEST <= value < WIDEST else ["int", hex(value)]
    if kind is float:
        return ["float", value.hex()]
    if kind is bytes:
        return ["bytes", value.hex()]
    if kind is tuple:
        return ["tuple", *map(written, value)]
    if kind is frozenset:
        return ["set", *sorted(map(written, value), key=repr)]
    if isinstance(value, Enum):
        return ["member", *_name_of(kind), value.name]
    if isinstance(value, tuple) and _is_named_tuple(kind):
        return ["named", *_name_of(kind), *map(written, tuple.__iter__(value))]
    if _is_record(kind):
        names = [each.name for each in dataclasses.fields(kind)]
        if getattr(value, "__dict__", {}).keys() <= set(names) and all(hasattr(value, name) for name in names):
            return ["record", *_name_of(kind), *(written(getattr(value, name)) for name in names)]
    raise UnwritableError


def read(form: Any) -> Any:
    """Return the value that was written down; raises UnwritableError where its class is not what it was."""
    if type(form) in (*PLAIN, int):
        return form
    if type(form) is not list or not form:
        raise UnwritableError
    what, *content = form
    try:
        return _READERS[what](content)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise UnwritableError from None


def _set(content: list[Any]) -> frozenset[Any]:
    return frozenset(map(read, content))


def _member(content: list[Any]) -> Any:
    kind = _class_of(*content[:2])
    return kind.__members__[content[2]] if issubclass(kind, Enum) else _refuse()


def _named(content: list[Any]) -> Any:
    kind = _class_of(*content[:2])
    is_whole = _is_named_tuple(kind) and len(kind._fields) == len(content) - 2
    return tuple.__new__(kind, map(read, content[2:])) if is_whole else _refuse()


def _record(content: list[Any]) -> Any:
    kind = _class_of(*content[:2])
    names = [each.name for each in dataclasses.fields(kind)] if _is_record(kind) else _refuse()
    value = object.__new__(kind)
    for name, each in zip(names, content[2:], strict=True):
        object.__setattr__(value, name, read(each))
    return value


_READERS = {
    "int": lambda content: int(content[0], 16),
    "float": lambda content: float.fromhex(content[0]),
    "bytes": lambda content: bytes.fromhex(content[0]),
    "tuple": lambda content: tuple(map(read, content)),
    "set": _set,
    "member": _member,
    "named": _named,
    "record": _record,
}


def _refuse() -> Any:
    raise UnwritableError


def _name_of(kind: type) -> tuple[str, str]:
    """Return the module and the name under which a class is found; raises UnwritableError for one that is not."""
    name = kind.__module__, kind.__qualname__
    return name if _class_of(*name) is kind else _refuse()


def _class_of(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = vars(found).get(name) if found is not None else None
    return found if isinstance(found, type) else _refuse()


def _is_named_tuple(kind: Any) -> bool:
    return issubclass(kind, tuple) and hasattr(kind, "_fields") and not kind.__dictoffset__


def _is_record(kind: Any) -> bool:
    parameters = vars(kind).get("__dataclass_params__")
    return (
        parameters is not None and bool(parameters.frozen) and not issubclass(kind, tuple | BaseException | str | int)
    )
