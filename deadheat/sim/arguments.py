"""Arguments of operations, held to the types that the operation is written with.

A value of another type is seldom an error of its own: a status given as plain text is stored, compared by identity, and
never matches anything again; what should race never starts, and every property holds for want of it.
"""

from __future__ import annotations

import difflib
import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from deadheat.sim.counting import with_article

__all__ = ["Wanted", "types_of", "wanted_types", "wrong_argument", "wrong_call"]

Wanted = Mapping[str, tuple[type, ...]]
"""The types that an argument of each name may have; nothing is asked of one that is not in it."""


def wanted_types(step: Callable[..., Any]) -> Wanted:
    """Return what annotations ask of the arguments of a function, or of the fields of a named tuple.

    Nothing where they cannot be read at run time.
    """
    try:
        # A named tuple keeps those that are written as text in a form of its own.
        is_class = isinstance(step, type)
        annotations = get_type_hints(step) if is_class else inspect.get_annotations(step, eval_str=True)
    except Exception:  # a name that only a type checker knows
        return {}
    found = {name: types_of(annotation) for name, annotation in annotations.items()}
    return {name: types_ for name, types_ in found.items() if types_ is not None}


def wrong_argument(wanted: Wanted, names: Sequence[str], arguments: Sequence[Any]) -> str | None:
    """Return what is wrong with the first argument that has none of the types wanted, in a phrase, or None."""
    for name, argument in zip(names, arguments, strict=True):
        allowed = wanted.get(name)
        if allowed is not None and not isinstance(argument, allowed):
            names_of_types = " or ".join(with_article(each.__name__) for each in allowed if each is not type(None))
            phrase = f"its argument {name!r} must be {names_of_types}, not the {type(argument).__name__} {argument!r}"
            return phrase + "".join(f"; write {member}" for member in _members(allowed, argument))
    return None


def wrong_call(parameters: Sequence[inspect.Parameter], given: Sequence[Any], named: Mapping[str, Any]) -> str:
    """Return what is wrong with the arguments of a call that cannot be, in a phrase, with what it takes."""
    names = [each.name for each in parameters]
    takes = f"it takes ({', '.join(names)}), and"
    if len(given) > len(names):
        return f"{takes} {len(given)} are given"
    for name in named:
        if name not in names:
            nearest = difflib.get_close_matches(name, names, n=1)
            return f"{takes} there is no {name!r}" + (f"; write {nearest[0]}" if nearest else "")
        if name in names[: len(given)]:
            return f"{takes} {name!r} is given twice"
    missing = [
        repr(each.name) for each in parameters[len(given) :] if each.name not in named and each.default is each.empty
    ]
    return f"{takes} {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"


def types_of(annotation: Any) -> tuple[type, ...] | None:
    """Return the types of an annotation; None where it allows anything, or something that no type stands for."""
    if annotation is None:
        return (type(None),)
    origin = get_origin(annotation)
    if origin is Annotated:
        return types_of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        parts = [types_of(each) for each in get_args(annotation)]
        return None if None in parts else tuple(each for part in parts if part is not None for each in part)
    kind = origin or annotation
    if kind in (Any, object) or not isinstance(kind, type):
        return None
    try:
        isinstance(None, kind)
    except TypeError:  # a protocol, a typed dictionary
        return None
    return {float: (int, float), complex: (int, float, complex)}.get(kind, (kind,))


def _members(allowed: tuple[type, ...], argument: Any) -> list[str]:
    """Return the members of an enumeration that the argument is the plain value of."""
    enumerations = [each for each in allowed if issubclass(each, Enum)]
    return [f"{each.__name__}.{member.name}" for each in enumerations for member in each if member.value == argument]
