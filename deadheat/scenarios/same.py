"""Objects as keys of what is remembered of them, whatever they say of being equal, and also where they have no hash."""

from __future__ import annotations

from typing import Any

__all__ = ["Same"]


class Same:
    """An object, which is the same only as itself."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value

    def __hash__(self) -> int:
        return id(self.value)
