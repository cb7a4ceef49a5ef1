"""Two names that change places, wherever they stand within names and values."""

from __future__ import annotations

import dataclasses
import re
from enum import Enum
from typing import Any

__all__ = ["Exchange"]


class Exchange:
    """Puts each of two names where the other stands, as a whole word: `e1` in `worker/e1` and `job-e1`, not in `e10`.

    It goes through all values that components may hold and roles may be told (see `freeze`): tuples, named tuples,
    frozen sets, frozen dataclasses, members of enumerations, lists and dicts. Whatever else a value holds stays as it
    is; nothing rests on that, since what an exchange does is verified, not assumed.
    """

    def __init__(self, first: str, second: str) -> None:
        self.first, self.second = first, second
        longest_first = sorted((first, second), key=len, reverse=True)
        self._names = re.compile(rf"(?<![^\W_])(?:{'|'.join(map(re.escape, longest_first))})(?![^\W_])")

    def __str__(self) -> str:
        return f"{self.first} and {self.second} exchanged"

    def text(self, text: str) -> str:
        """Return a text with the two names exchanged; the very text, if they do not stand in it."""
        if not self._names.search(text):
            return text
        return self._names.sub(lambda found: self.second if found[0] == self.first else self.first, text)

    def value(self, value: Any) -> Any:
        """Return a value with the two names exchanged in it; the very value, if they do not stand in it."""
        kind = type(value)
        if kind is str:
            return self.text(value)
        if isinstance(value, Enum):
            return self._member(value)
        if isinstance(value, tuple) or kind in (frozenset, list):
            return self._collection(value)
        if kind is dict:
            return {self.value(key): self.value(each) for key, each in value.items()}
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self._dataclass(value)
        return value

    def _member(self, member: Enum) -> Enum:
        """Return the member whose value has the names exchanged, if there is one."""
        if not isinstance(member.value, str):
            return member
        exchanged = self.text(member.value)
        return next((each for each in type(member) if each.value == exchanged), member)

    def _collection(self, value: Any) -> Any:
        before = list(value)
        after = [self.value(each) for each in before]
        if all(one is other for one, other in zip(before, after, strict=True)):
            return value
        kind = type(value)
        return kind._make(after) if hasattr(kind, "_make") else kind(after)

    def _dataclass(self, value: Any) -> Any:
        """Return a copy with the names exchanged; by field, since what made this one may not be what makes another."""
        before = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        after = {name: self.value(each) for name, each in before.items()}
        if all(after[name] is each for name, each in before.items()):
            return value
        made = object.__new__(type(value))
        for name, each in after.items():
            object.__setattr__(made, name, each)
        return made
