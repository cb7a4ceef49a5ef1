"""Whether two things of two models are alike: made by the same code of like values, whichever objects they are.

A model is made anew for each set of faults, so nothing in two of them is the same object. What cannot be compared
counts as different; that costs time where it is wrong, and never an answer.
"""

from __future__ import annotations

from collections.abc import Set
from functools import partial
from types import CellType, FunctionType, MappingProxyType, MethodType
from typing import Any

from deadheat.sim.content import CONTENT, is_of_python, slots_of

__all__ = ["Alike"]

PLAIN = frozenset({bool, int, str, bytes, type(None)})
"""What is alike where it is equal; a float is not: 0.0 is no -0.0."""


class Alike:
    """Compares, and remembers what it has compared; it keeps what it has seen, so that no two objects share an id."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], bool] = {}
        self._kept: list[Any] = []

    def alike(self, one: Any, other: Any) -> bool:
        """Return whether two things are alike."""
        if one is other:
            return True
        if type(one) is not type(other):
            return False
        if type(one) in PLAIN:
            return bool(one == other)
        key = id(one), id(other)
        if key not in self._known:
            self._kept += (one, other)
            self._known[key] = True  # as long as nothing speaks against it, where one of their parts leads back here
            before = len(self._known)
            if not self._compare(one, other):
                while len(self._known) > before:  # perhaps alike only as far as these two were
                    self._known.popitem()
                self._known[key] = False
        return self._known[key]

    def _compare(self, one: Any, other: Any) -> bool:
        kind: Any = type(one)
        if kind is float:
            return bool(one.hex() == other.hex())
        if kind in (tuple, list):
            return len(one) == len(other) and all(map(self.alike, one, other))
        if kind in (dict, MappingProxyType):
            return self.alike(list(one.items()), list(other.items()))
        if kind in (set, frozenset):
            return self._same_members(one, other)
        if kind is CellType:
            return self._same_content(one, other)
        if kind is FunctionType:
            return self._same_function(one, other)
        if kind is MethodType:
            return self.alike(one.__func__, other.__func__) and self.alike(one.__self__, other.__self__)
        if kind is partial:
            return all(self.alike(getattr(one, name), getattr(other, name)) for name in ("func", "args", "keywords"))
        return is_of_python(kind) and self._same_held(one, other) and self._same_attributes(one, other)

    def _same_members(self, one: Set[Any], other: Set[Any]) -> bool:
        members = {each: each for each in other}
        return len(one) == len(other) and all(each in members and self.alike(each, members[each]) for each in one)

    def _same_held(self, one: Any, other: Any) -> bool:
        """Return whether two objects have the same content besides their attributes."""
        if isinstance(one, Set):
            return self._same_members(one, other)
        held = next((each for base, each in CONTENT.items() if isinstance(one, base)), None)
        return held is None or self.alike(list(held(one)), list(held(other)))

    def _same_content(self, one: CellType, other: CellType) -> bool:
        try:
            return self.alike(one.cell_contents, other.cell_contents)
        except ValueError:  # one is empty
            return False

    def _same_function(self, one: FunctionType, other: FunctionType) -> bool:
        return (
            one.__code__ is other.__code__
            and one.__globals__ is other.__globals__
            and self.alike(one.__closure__, other.__closure__)
            and self.alike(one.__defaults__, other.__defaults__)
            and self.alike(one.__kwdefaults__, other.__kwdefaults__)
            and self.alike(vars(one), vars(other))
        )

    def _same_attributes(self, one: Any, other: Any) -> bool:
        kind: Any = type(one)
        fields = slots_of(kind)
        if not all(hasattr(one, name) is hasattr(other, name) for name in fields):
            return False
        pairs = ((getattr(one, name), getattr(other, name)) for name in fields if hasattr(one, name))
        return all(self.alike(*each) for each in pairs) and self.alike(
            getattr(one, "__dict__", None), getattr(other, "__dict__", None)
        )
