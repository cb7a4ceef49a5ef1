"""What roles ask of components without naming it: methods and constants, which no look at a role's own code shows.

A role is given its components as an argument, so that what `desk.close_all(order)` does is no part of the code of the
role. Whether two versions of a role are the same depends on it all the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from operator import attrgetter, methodcaller
from types import CodeType, FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from deadheat.models.any_system import Components
from deadheat.sim.components import Component, operations_in
from deadheat.sim.errors import FingerprintError
from deadheat.sim.fingerprint import digest_of
from deadheat.sim.references import UnseenError, codes_in, is_the_users, references

__all__ = ["is_same", "other_helpers", "uses"]

OURS = "deadheat."

BY_TEXT = frozenset({"vars", "__dict__", "__getattribute__", "dir"})
"""What gives access to all that an object has, by names that no code shows."""

NOTED = (MemberDescriptorType, GetSetDescriptorType)
"""What Python puts into a class for slots."""


def is_same(one: Any, other: Any) -> bool:
    """Return whether two things, code or data, do the same, as far as their definitions tell."""
    if one is other:
        return True
    try:
        return digest_of(one) == digest_of(other)
    except FingerprintError:
        return False


def other_helpers(old: Any, new: Any) -> frozenset[str]:
    """Return the names of what two versions of components define otherwise, and of the methods that ask for it."""
    before, after = _helpers(old), _helpers(new)
    others = {name for name in before.keys() | after.keys() if not is_same(before.get(name), after.get(name))}
    while True:
        calling = {name for name, found in after.items() if uses(frozenset(others), found)} - others
        if not calling:
            return frozenset(others)
        others |= calling


def uses(names: frozenset[str], functions: Iterable[Any]) -> bool:
    """Return whether any of these functions, or of what they name, to the end, names one of these."""
    if any(map(_is_special, names)):  # no code names what Python calls by itself
        return True
    waiting, seen = list(functions) if names else [], set[FunctionType]()
    while waiting:
        each = waiting.pop()
        each = inspect.unwrap(each.func) if isinstance(each, partial) else each
        if isinstance(each, type) and is_the_users(each.__module__):
            waiting.extend(vars(each).values())
        if isinstance(each, str | attrgetter | methodcaller) and any(name in repr(each) for name in names):
            return True
        if not isinstance(each, FunctionType) or each in seen:
            continue
        seen.add(each)
        if any(not (names | BY_TEXT).isdisjoint(_named_in(code)) for code in codes_in(each.__code__)):
            return True
        try:
            waiting.extend(value for _, value in references(each))
        except UnseenError:  # nobody knows what it calls
            return True
        waiting.extend((*(each.__defaults__ or ()), *_held_by(each)))
    return False


def _named_in(code: CodeType) -> set[Any]:
    """Return what a code names, and the texts in it, which may be names for `getattr`."""
    texts = (each for each in code.co_consts if isinstance(each, str))
    inside = (one for each in code.co_consts if isinstance(each, tuple) for one in each if isinstance(one, str))
    return {*code.co_names, *texts, *inside}


def _is_special(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def _held_by(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # it holds nothing yet
            yield cell.cell_contents


def _helpers(components: Any) -> dict[str, tuple[Any, ...]]:
    """Return what a class of components, and those components, have of a user's own, but for operations, by name."""
    kind = components if isinstance(components, type) else type(components)
    fields = getattr(kind, "__dataclass_fields__", {})
    given = components.named().values() if isinstance(components, Components) else ()
    parts = [*given, *(getattr(each, "default", None) for each in fields.values())]
    found: dict[str, tuple[Any, ...]] = {}
    for owner in dict.fromkeys([kind, *(type(each) for each in parts if not isinstance(each, type))]):
        operations = operations_in(owner)
        for base in owner.__mro__:
            if base.__module__ == "builtins" or base.__module__.startswith(OURS):
                continue
            for name, held in vars(base).items():
                if _is_helper(name, held) and name not in operations and not isinstance(held, (Component, *NOTED)):
                    found[name] = (*found.get(name, ()), _plain(held))
    return found


def _is_helper(name: str, held: Any) -> bool:
    """Return whether it can be asked for; a special method is one if somebody wrote it, and no decorator made it."""
    if not _is_special(name):
        return True
    function = _plain(held)
    return isinstance(function, FunctionType) and not function.__code__.co_filename.startswith("<")


def _plain(held: Any) -> Any:
    """Return the function that stands behind an attribute of a class, or what the attribute is."""
    if isinstance(held, property):
        return held.fget
    return held.__func__ if isinstance(held, classmethod | staticmethod) else held
