"""What a role must not depend on: what runs of it share and change, and the order in which a set is iterated over.

That the same outcomes lead to the same requests is found out by running a role again (see `locals`). What happens to
be alike both times is not found that way. So a set that a role is told is told a second time in another order; and what
all runs share is looked at before and after, and must be as it was.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from types import GeneratorType
from typing import Any

from deadheat.sim.freeze import Reordered
from deadheat.sim.rebuild import rebuilt

__all__ = ["iterates_over_a_set", "reordered"]

SET_ITERATOR = type(iter(set[None]()))


def iterates_over_a_set(generator: Generator[Any, Any, Any]) -> bool:
    """Return whether a suspended generator, or one that it delegates to, is in the middle of a loop over a set."""
    waiting: list[Any] = [generator]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if type(each) is SET_ITERATOR:
            return True
        if id(each) not in seen and _is_iterator(each):
            seen.add(id(each))
            waiting.extend(gc.get_referents(each))
    return False


def reordered(value: Any) -> Any:
    """Return a value that is equal, but with another order of each frozen set in it."""
    if type(value) is frozenset and len(value) > 1:
        return Reordered(map(reordered, value))
    return rebuilt(value, reordered)


def _is_iterator(value: Any) -> bool:
    kind = type(value)
    return isinstance(value, GeneratorType) or (kind.__module__ == "builtins" and hasattr(kind, "__next__"))
