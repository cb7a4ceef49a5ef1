"""What roles ask of components without naming it: methods and constants, which no look at a role's own code shows.

A role is given its components as an argument, so that what `desk.close_all(order)` does is no part of the code of the
role. Whether two versions of a role are the same depends on it all the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType
from typing import Any

from deadheat.models.any_system import Components
from deadheat.sim.components import Component, operations_in
from deadheat.sim.errors import FingerprintError
from deadheat.sim.fingerprint import digest_of
from deadheat.sim.references import UnseenError, codes_in, is_the_users, references

__all__ = ["is_same", "other_helpers", "uses"]

OURS = "deadheat."

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
    waiting, seen = list(functions) if names else [], set[FunctionType]()
    while waiting:
        each = waiting.pop()
        each = inspect.unwrap(each.func) if isinstance(each, partial) else each
        if isinstance(each, type) and is_the_users(each.__module__):
            waiting.extend(vars(each).values())
        if not isinstance(each, FunctionType) or each in seen:
            continue
        seen.add(each)
        if any(not names.isdisjoint(code.co_names) for code in codes_in(each.__code__)):
            return True
        try:
            waiting.extend(value for _, value in references(each))
        except UnseenError:  # nobody knows what it calls
            return True
        waiting.extend((*(each.__defaults__ or ()), *_held_by(each)))
    return False


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
                if not name.startswith("__") and name not in operations and not isinstance(held, (Component, *NOTED)):
                    found[name] = (*found.get(name, ()), _plain(held))
    return found


def _plain(held: Any) -> Any:
    """Return the function that stands behind an attribute of a class, or what the attribute is."""
    if isinstance(held, property):
        return held.fget
    return held.__func__ if isinstance(held, classmethod | staticmethod) else held
