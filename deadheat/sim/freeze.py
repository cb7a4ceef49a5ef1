"""Where a generator stands, as a value that can be compared (DESIGN, semantics 2).

Two histories of a process may be merged only if everything that can influence its future is equal: the instruction,
the locals, the closure cells, the chain of `yield from`, and what lies on the evaluation stack. CPython shows all of
these to its garbage collector, in a fixed order, so `gc.get_referents` sees what `f_locals` hides, such as the
iterator of `for x in ("a", "a")`.

What cannot be compared by value is never equal to anything: `freeze` raises `Unfreezable`, and the caller does not
merge.
"""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Generator, Hashable, Iterable, Iterator, Sequence
from enum import Enum
from types import (
    BuiltinFunctionType,
    CellType,
    CodeType,
    FrameType,
    FunctionType,
    GeneratorType,
    MethodType,
    ModuleType,
)
from typing import Any

__all__ = ["Unfreezable", "freeze", "freeze_generator", "merging_is_safe"]


class Unfreezable(Exception):  # noqa: N818 - a signal between two functions, not an error of anyone
    """A value that cannot be compared by its content."""


ATOMS = (type(None), bool, int, str, bytes, complex, type(Ellipsis))

# Objects whose content never changes, or whose identity is what the future depends on.
BY_IDENTITY = (FunctionType, BuiltinFunctionType, CodeType, ModuleType, type)

# Iterators whose `__reduce__` tells the whole of their state without a copy of what they iterate over.
SAMPLES: tuple[Iterable[Any], ...] = ((), [], range(0), "", "é", b"")
ITERATORS = (*(type(iter(sample)) for sample in SAMPLES), enumerate, reversed)


def freeze(value: Any, arguments: Sequence[Any] = ()) -> Hashable:
    """Return a hashable that equals another's exactly when the two values can have no different future.

    Unlike `==`, it tells `1` from `True` and `1.0`, keeps the order of a frozen set (its iteration order can matter),
    and records which mutable objects are one and the same. `arguments` are objects known to be shared and immutable,
    with what they hold: they are compared by identity. Raises `Unfreezable` for what cannot be compared by value.
    """
    return _Freezer(arguments).freeze(value)


def freeze_generator(generator: Generator[Any, Any, Any], arguments: Sequence[Any] = ()) -> Hashable:
    """Return where a suspended generator stands (see the module's text); raises `Unfreezable` where it cannot."""
    return _Freezer(arguments).freeze(generator)


class _Freezer:
    """One traversal; it remembers mutable objects, so that aliases are told from equal copies."""

    def __init__(self, arguments: Sequence[Any]) -> None:
        shared = list(_with_parts(arguments))
        self._seen: dict[int, tuple[str, int]] = {id(each): ("argument", n) for n, each in enumerate(shared)}
        self._kept: list[Any] = shared  # so that no id is used twice

    def freeze(self, value: Any) -> Hashable:
        kind = type(value)
        if kind in ATOMS:
            return (kind, value)
        if kind is float:
            return (kind, value.hex())
        if id(value) in self._seen:
            return self._seen[id(value)]
        if isinstance(value, Enum):
            return (kind, value.name)
        if kind in (tuple, frozenset):
            return (kind, self._freeze_all(value))
        if isinstance(value, BY_IDENTITY):
            return value
        return self._freeze_object(kind, value)

    def _freeze_all(self, values: Any) -> tuple[Hashable, ...]:
        return tuple(self.freeze(each) for each in values)

    def _freeze_object(self, kind: type, value: Any) -> Hashable:
        if isinstance(value, tuple) and hasattr(kind, "_fields") and not hasattr(value, "__dict__"):
            return (kind, self._freeze_all(value))
        if dataclasses.is_dataclass(value):
            return self._freeze_dataclass(kind, value)
        self._remember(value)
        if kind is range:
            return (kind, value.start, value.stop, value.step)
        if kind is list:
            return (kind, self._freeze_all(value))
        if kind is dict:
            return (kind, self._freeze_all(value.items()))
        if kind in ITERATORS:
            return (kind, self._freeze_all(value.__reduce__()))
        if kind is CellType:
            return (kind, self._freeze_all(gc.get_referents(value)))
        if kind is MethodType:
            return (kind, value.__func__, self.freeze(value.__self__))
        if kind is GeneratorType:
            return self._freeze_frame(value)
        raise Unfreezable(f"a {kind.__name__} cannot be compared by value")

    def _freeze_dataclass(self, kind: Any, value: Any) -> Hashable:
        if not kind.__dataclass_params__.frozen:
            raise Unfreezable(f"the dataclass {kind.__name__} is not frozen")
        fields = dataclasses.fields(value)
        if len(getattr(value, "__dict__", fields)) != len(fields):
            raise Unfreezable(f"this {kind.__name__} holds more than its fields")
        return (kind, self._freeze_all(getattr(value, field.name) for field in fields))

    def _freeze_frame(self, generator: GeneratorType[Any, Any, Any]) -> Hashable:
        frame = generator.gi_frame
        if frame is None:
            return (GeneratorType, "finished")
        local_values = frame.f_locals
        content = [
            each
            for each in gc.get_referents(generator)
            if not isinstance(each, FrameType) and each is not local_values  # the views that this look itself made
        ]
        # The names tell bound locals from unbound ones, which the garbage collector leaves out.
        return (
            GeneratorType,
            generator.gi_code,
            frame.f_lasti,
            tuple(local_values),
            self._freeze_all(content),
        )

    def _remember(self, value: Any) -> None:
        self._seen[id(value)] = ("same as", len(self._kept))
        self._kept.append(value)


def _with_parts(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values, and what the tuples and frozen dataclasses among them hold."""
    for value in values:
        if type(value) in ATOMS or isinstance(value, BY_IDENTITY):
            continue
        yield value
        if isinstance(value, tuple):
            yield from _with_parts(value)
        elif dataclasses.is_dataclass(value):
            yield from _with_parts(getattr(value, field.name) for field in dataclasses.fields(value))


def merging_is_safe() -> bool:
    """Return whether this interpreter shows what merging depends on: the stack, unbound names, aliases.

    The order in which an interpreter shows a frame is no promise of the language; so it is tried, not assumed.
    """

    def hidden_iterator() -> Generator[int, None, None]:
        for _ in ("a", "a"):
            yield 0

    def hidden_alias(*, shared: bool) -> Generator[int, None, None]:
        first: list[int] = []
        second = first if shared else []
        del shared
        yield len(first) + len(second)

    iterating = hidden_iterator()
    stands = []
    for _ in range(2):
        next(iterating)
        stands.append(freeze_generator(iterating))
    again = hidden_iterator()
    next(again)
    aliased, copied = hidden_alias(shared=True), hidden_alias(shared=False)
    next(aliased), next(copied)
    return (
        stands[0] != stands[1]
        and _same_code_position(stands[0], freeze_generator(again))
        and freeze_generator(aliased) != freeze_generator(copied)
    )


def _same_code_position(one: Any, other: Any) -> bool:
    # Two calls of a local function share its code, position and content, although the function objects differ.
    return bool(one[1:4] == other[1:4])
