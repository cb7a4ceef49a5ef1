"""Two names that change places, wherever they stand within names and values."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any

from deadheat.sim.rebuild import rebuilt

__all__ = ["Exchange"]


class Exchange:
    """Puts each of two names where the other stands, as a whole word: `e1` in `worker/e1` and `job-e1`, not in `e10`.

    It goes through all values that components may hold and roles may be told, and members of enumerations. Whatever
    else a value holds stays as it is; nothing rests on that, since what an exchange does is verified, not assumed.
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
        if type(value) is str:
            return self.text(value)
        return self._member(value) if isinstance(value, Enum) else rebuilt(value, self.value)

    def _member(self, member: Enum) -> Enum:
        """Return the member whose value has the names exchanged, if there is one."""
        if not isinstance(member.value, str):
            return member
        exchanged = self.text(member.value)
        return next((each for each in type(member) if each.value == exchanged), member)
