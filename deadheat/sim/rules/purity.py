"""What a role must not depend on: what runs of it share and change, and the order in which a set is iterated over.

That the same outcomes lead to the same requests is found out by running a role again (see `locals`). What happens to
be alike both times is not found that way. So a set that a role is told is told a second time in another order; and what
all runs share is looked at before and after, and must be as it was.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from dataclasses import replace
from itertools import chain, islice
from types import GeneratorType
from typing import Any

from deadheat.sim.freeze import Reordered
from deadheat.sim.operations import Accompanied, Atomic, Block, Instant, Operation, accompanied
from deadheat.sim.rebuild import rebuilt

__all__ = ["iterates_over_a_set", "reversed_", "turned", "turned_request"]

SET_ITERATOR = type(iter(set[None]()))

THROUGH = frozenset({GeneratorType, enumerate, filter, map, zip, islice, chain})
"""Iterators that take what they yield from another one."""


def iterates_over_a_set(generator: Generator[Any, Any, Any]) -> bool:
    """Return whether a suspended generator, or one that it delegates to, is in the middle of a loop over a set."""
    waiting: list[Any] = [generator]
    seen: set[int] = set()
    for each in waiting:  # which grows
        if id(each) in seen:
            continue
        seen.add(id(each))
        for held in gc.get_referents(each):
            kind = type(held)
            if kind is SET_ITERATOR:
                return True
            if kind in THROUGH:
                waiting.append(held)
    return False


def turned(value: Any) -> Any:
    """Return a value that is equal, but with each frozen set in it begun at its second member: none is where it was."""
    if type(value) is frozenset and len(value) > 1:
        first, *others = map(turned, value)
        return Reordered((*others, first))
    return rebuilt(value, turned)


def turned_request(request: Instant) -> Instant:
    """Return a request with what it asks for turned."""
    if isinstance(request, Operation):
        return _turned_operation(request)
    if isinstance(request, Accompanied):
        return accompanied(turned_request(request.request), *map(_turned_operation, request.by))
    if isinstance(request, Block):
        return request.turned(turned)
    return Atomic(tuple(map(_turned_operation, request.operations)))


def _turned_operation(operation: Operation) -> Operation:
    arguments = turned(operation.arguments)
    return operation if arguments is operation.arguments else replace(operation, arguments=arguments)


def reversed_(value: Any) -> Any:
    """Return a value that is equal, but with each frozen set in it the other way round: no two are in their order."""
    if type(value) is frozenset and len(value) > 1:
        return Reordered([*map(reversed_, value)][::-1])
    return rebuilt(value, reversed_)
