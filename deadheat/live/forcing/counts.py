"""Small numbers that all programs of a forced schedule must agree on, such as how many events were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import redis

__all__ = ["Counts", "OwnCounts", "SharedCounts"]


class Counts(Protocol):
    """Numbers by name; each is 0 until it is put."""

    def of(self, name: str) -> int:
        """Return a number."""
        ...

    def put(self, name: str, number: int) -> None:
        """Change a number."""
        ...


class OwnCounts:
    """Numbers that only this program uses."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, name: str) -> int:
        """Return a number."""
        return self._numbers.get(name, 0)

    def put(self, name: str, number: int) -> None:
        """Change a number."""
        self._numbers[name] = number


class SharedCounts:
    """Numbers in Redis, which outlive a program that is killed."""

    def __init__(self, client: redis.Redis, prefix: str) -> None:
        self._client = client
        self._prefix = f"{prefix}count:"

    def of(self, name: str) -> int:
        """Return a number."""
        return int(str(self._client.get(self._prefix + name) or 0))

    def put(self, name: str, number: int) -> None:
        """Change a number."""
        self._client.set(self._prefix + name, number)
