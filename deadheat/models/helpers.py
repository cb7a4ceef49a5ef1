"""What roles call on components without naming it: their methods, which no look at a role's own code shows.

A role is given its components as an argument, so that what `desk.close_all(order)` does is no part of the code of the
role. Whether two versions of a role are the same depends on it all the same.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from types import FunctionType
from typing import Any

from deadheat.models.any_system import Components
from deadheat.sim.components import operations_in
from deadheat.sim.errors import FingerprintError
from deadheat.sim.fingerprint import digest_of
from deadheat.sim.references import UnseenError, codes_in, is_the_users, references

__all__ = ["is_same", "other_helpers", "uses"]

OURS = "deadheat."


def is_same(one: Any, other: Any) -> bool:
    """Return whether two things, code or data, do the same, as far as their definitions tell."""
    if one is other:
        return True
    try:
        return digest_of(one) == digest_of(other)
    except FingerprintError:
        return False


def other_helpers(old: Any, new: Any) -> frozenset[str]:
    """Return the names of methods that two versions of components define otherwise, and of those that call them."""
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


def _helpers(components: Any) -> dict[str, tuple[Callable[..., Any], ...]]:
    """Return the methods of a user's that a class of components, and those components, have, but for operations."""
    kind = components if isinstance(components, type) else type(components)
    fields = getattr(kind, "__dataclass_fields__", {})
    given = components.named().values() if isinstance(components, Components) else ()
    parts = [*given, *(getattr(each, "default", None) for each in fields.values())]
    found: dict[str, tuple[Callable[..., Any], ...]] = {}
    for owner in dict.fromkeys([kind, *(type(each) for each in parts if not isinstance(each, type))]):
        operations = operations_in(owner)
        for base in owner.__mro__:
            if base.__module__ == "builtins" or base.__module__.startswith(OURS):
                continue
            for name, held in vars(base).items():
                function = held.fget if isinstance(held, property) else held
                if isinstance(function, FunctionType) and not name.startswith("__") and name not in operations:
                    found[name] = (*found.get(name, ()), function)
    return found
