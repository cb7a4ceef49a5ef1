"""Atomic blocks: a small generator function of plain operations, all of which happen at one instant.

A transaction that reads and then decides, or a script that a server runs at once:

    def claim(shop: Shop, order: str) -> Claiming:
        if (yield shop.orders.get(order)) != "new":
            return False
        yield shop.orders.set(order, "claimed")
        yield shop.outbox.put(order)
        return True

    def place(shop: Shop, order: str) -> Steps:
        claimed = yield atomic_block(claim, shop, order)

Which components a block may touch must be known before it runs: what it reads is what the tables look it up by. That is
told by `touching`, or read off the code: every component that the function can reach by the names in it, from its
arguments, its closure and its globals; of one with many instances those whose key is among the arguments, or all. Too
much is no harm but for the time that it takes, and too little is no harm either: a block that touches anything else is
refused where it does (see `run/in_block`).
"""

from __future__ import annotations

import inspect
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from dis import get_instructions
from enum import Enum
from functools import cached_property, lru_cache
from types import CellType, CodeType, FunctionType, GeneratorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from deadheat.sim.components import Component
from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import note_made
from deadheat.sim.freeze import Unfreezable, freeze, freeze_call
from deadheat.sim.holdings import names_in
from deadheat.sim.operations import Block, Reach, RoleFunction
from deadheat.sim.places import place_of
from deadheat.sim.references import codes_in, is_the_users

__all__ = ["atomic_block"]


def atomic_block(
    function: RoleFunction,
    *arguments: Any,
    touching: Iterable[Component | str] = (),
) -> Block:
    """Return a request for all that `function` does, called with these arguments, at one instant.

    Its outcome is what the function returns. It is enabled where all its operations are; where one of them has several
    steps, the block has as many, and what fails in the same way in it is one fault. `touching` are the components that
    it may touch, or instances of them by name; by default they are read off the code (see the module's text).

    Raises ModelError for what is no generator function, and for one that could remember anything.
    """
    if not inspect.isgeneratorfunction(function) or not isinstance(function, FunctionType | MethodType):
        kind = getattr(function, "__name__", type(function).__name__)
        if isinstance(function, GeneratorType):
            raise ModelError(
                f"atomic_block(...) was given a call of {kind}; write atomic_block({kind}, ...), with the arguments "
                "behind the function."
            )
        raise ModelError(
            f"atomic_block(...) was given {kind}, which is no generator function; give it one that yields operations, "
            "and its arguments behind it."
        )
    for variable in _set_outside(function.__code__):
        raise ModelError(
            f"The block {place_of(function)} sets {variable!r}, a variable of the function around it; let it return "
            "what it found instead."
        )
    try:
        content = freeze_call(function, arguments, lambda value: isinstance(value, Component))
    except Unfreezable as error:
        raise ModelError(
            f"What the block {place_of(function)} is called with must be immutable: {error}; give it a tuple, a "
            "frozenset, a frozen dataclass or a component."
        ) from None
    reaches = tuple(map(_declared, touching)) or _derived(content, function, arguments)
    block = Block(function, arguments, tuple(filter(_is_plain, arguments)), reaches, (content, reaches))
    note_made(block)
    return block


def _is_plain(value: Any) -> bool:
    try:
        freeze(value)
    except Unfreezable:
        return False
    return not isinstance(value, FunctionType)


def _declared(touched: Component | str) -> Reach:
    if isinstance(touched, Component):
        return Reach(touched.name, declared=True)
    if isinstance(touched, str):
        return Reach(touched, declared=True)
    raise ModelError(
        f"atomic_block(...) is said to touch a {type(touched).__name__}; name a component there, or an instance of one "
        "as text."
    )


@lru_cache(maxsize=1_024)
def _set_outside(code: CodeType) -> tuple[str, ...]:
    """Return the variables of the function around it that a function sets."""
    found = (
        each.argval
        for inner in codes_in(code)
        for each in get_instructions(inner)
        if each.opname in ("STORE_DEREF", "DELETE_DEREF") and each.argval in code.co_freevars
    )
    return tuple(found)


# What a block can reach


_reached_before: dict[Hashable, tuple[Reach, ...]] = {}
"""What calls could reach, by their content."""

REMEMBERED_MAX = 1_000


def _derived(content: Hashable, function: FunctionType | MethodType, arguments: tuple[Any, ...]) -> tuple[Reach, ...]:
    """Return what a function can reach, called with these arguments."""
    known = _reached_before.get(content)
    if known is None:
        keys = tuple(_texts(arguments))
        named: dict[str, Reach] = {}
        for component in _components_reached((function, *arguments)):
            instances = tuple(component.instance_for((key,)) for key in keys) if component.keyed else ()
            named.setdefault(component.name, Reach(component.name, instances))
        if len(_reached_before) >= REMEMBERED_MAX:
            _reached_before.clear()
        known = _reached_before[content] = tuple(named.values())
    return known


def _components_reached(values: tuple[Any, ...]) -> list[Component]:
    """Return the components that are among values, or that can be reached from there by the names in functions."""
    seen: dict[int, Any] = {}
    names: set[str] = set()
    waiting = list(values)
    while waiting:
        for each in waiting:
            seen[id(each)] = each
            if _is_looked_into(each):
                names.update(names_in(each.__code__))
        held = [part for each in seen.values() for part in _parts(each, names)]
        waiting = [each for each in held if id(each) not in seen]
    return [each for each in seen.values() if isinstance(each, Component)]


def _is_looked_into(value: Any) -> bool:
    return isinstance(value, FunctionType) and (is_the_users(value.__module__) or "<locals>" in value.__qualname__)


def _parts(value: Any, names: set[str]) -> Iterator[Any]:
    if isinstance(value, Component):
        return
    if isinstance(value, tuple | frozenset):
        yield from value
    if isinstance(value, CellType):
        yield from _content(value)
    elif isinstance(value, MethodType):
        yield from (value.__func__, value.__self__)
    elif isinstance(value, FunctionType):
        if _is_looked_into(value):
            yield from value.__closure__ or ()
            yield from value.__defaults__ or ()
            yield from (value.__globals__[each] for each in sorted(names & value.__globals__.keys()))
    elif not isinstance(value, type) and (not isinstance(value, ModuleType) or is_the_users(value.__name__)):
        yield from (held for name in sorted(names) if _leads_on(held := _attribute(value, name)))


def _attribute(holder: Any, name: str) -> Any:
    """Return what an object holds under a name; not what a property makes anew each time."""
    held = inspect.getattr_static(holder, name, None)
    return getattr(holder, name, None) if isinstance(held, MemberDescriptorType | cached_property) else held


def _leads_on(held: Any) -> bool:
    is_record = is_dataclass(held) and not isinstance(held, type)
    return is_record or isinstance(held, Component | FunctionType | tuple | ModuleType)


def _content(cell: CellType) -> Iterator[Any]:
    try:
        yield cell.cell_contents
    except ValueError:  # it is empty
        return


def _texts(values: tuple[Any, ...]) -> Iterator[str]:
    """Yield the texts among values, and in the tuples and records among these, as far as they hold nothing else."""
    for value in values:
        if isinstance(value, str) and not isinstance(value, Enum):
            yield value
        elif isinstance(value, tuple) or (is_dataclass(value) and not isinstance(value, type)):
            try:
                freeze(value)
            except Unfreezable:  # it holds components
                continue
            parts = value if isinstance(value, tuple) else [getattr(value, each.name) for each in fields(value)]
            yield from _texts(tuple(parts))
