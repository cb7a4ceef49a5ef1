"""What objects hold, as far as Python tells: content, attributes, and what closures do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, lru_cache
from types import BuiltinMethodType, FunctionType, MemberDescriptorType
from typing import Any

__all__ = [
    "CONTENT",
    "HEAP_TYPE",
    "attributes_of",
    "closure_of",
    "computed_by",
    "is_immutable",
    "is_of_python",
    "slots_of",
]

HEAP_TYPE = 1 << 9
"""The flag of a class that was made by a `class` statement, or could have been."""

CONTENT: Mapping[type, Callable[[Any], Iterable[Any]]] = {
    tuple: tuple.__iter__,
    list: list.__iter__,
    dict: dict.items,
    str: lambda value: (str.__str__(value),),
    bytes: bytes.__iter__,
    int: lambda value: (int.__index__(value),),
    float: lambda value: (float.__float__(value),),
    BaseException: lambda value: value.args,
}
"""What an object holds besides its attributes, if its class is one of these, or made of one."""

WITH_KNOWN_CONTENT = frozenset({object, set, frozenset, Exception, *CONTENT})


def is_immutable(kind: type) -> bool:
    """Return whether an alias of such an object is as good as a copy."""
    parameters = vars(kind).get("__dataclass_params__")
    return parameters.frozen if parameters else issubclass(kind, tuple) and hasattr(kind, "_fields")


@lru_cache(maxsize=4_096)
def is_of_python(kind: Any) -> bool:
    """Return whether all that its objects hold are attributes, and the content of one of CONTENT or of a set."""
    return all(each in WITH_KNOWN_CONTENT or _is_made_by_a_statement(each) for each in kind.__mro__)


def _is_made_by_a_statement(kind: Any) -> bool:
    """Return whether a class is of Python, not of C: those of C that can be made have a `__new__` of their own."""
    own_new = kind.__new__ if isinstance(kind.__new__, BuiltinMethodType) else None
    return bool(kind.__flags__ & HEAP_TYPE) and (own_new is None or own_new.__self__ is not kind)


def computed_by(kind: type, chosen: Callable[[type], bool]) -> set[str]:
    """Return the names under which objects of a class keep what was computed, where chosen classes say so."""
    return {
        name
        for each in kind.__mro__
        if chosen(each)
        for name, held in vars(each).items()
        if type(held) is cached_property
    }


@lru_cache(maxsize=4_096)
def slots_of(kind: Any) -> tuple[str, ...]:
    """Return the names of the slots of a class and its bases, which never change."""
    return tuple(
        name for each in kind.__mro__ for name, held in vars(each).items() if type(held) is MemberDescriptorType
    )


def attributes_of(value: Any) -> dict[str, Any]:
    """Return the attributes of an object by name, those in slots too."""
    kind: Any = type(value)
    attributes = {name: getattr(value, name) for name in slots_of(kind) if hasattr(value, name)}
    return {**attributes, **getattr(value, "__dict__", {})}


def closure_of(function: FunctionType) -> dict[str, Any]:
    """Return what a function's closure holds by name, each in a tuple; an empty one where it holds nothing yet."""
    held: dict[str, tuple[Any, ...]] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            held[name] = (cell.cell_contents,)
        except ValueError:  # it holds nothing yet
            held[name] = ()
    return held
