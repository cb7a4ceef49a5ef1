"""A Redis written from its documentation, with what Python has: slow, obvious, and nothing like the model.

Values of a type each are in one dictionary, which keys have a time to live in a set; a key has a version that grows
with every write, and a client that watches remembers the versions it saw; a replica is a copy of everything. Errors are
exceptions, as redis-py raises them.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from deadheat.models.components.redis import RedisError, RedisHash, RedisList
from deadheat.sim.operations import Operation


class RefusedError(Exception):
    """Redis answers an error."""

    def __init__(self, error: RedisError) -> None:
        super().__init__(error.value)
        self.error = error


class WouldBlockError(Exception):
    """A command that waits would have to."""


class NaiveRedis:
    """The keys of one hash tag. Each operation is a method of its name; `do` calls it."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.volatile: set[str] = set()
        self.versions: dict[str, int] = {}
        self.watched: dict[str, dict[str, int]] = {}
        self.replica: tuple[dict[str, Any], set[str]] | None = None

    def do(self, operation: Operation) -> Any:
        """Return the outcome of an operation; raises WouldBlockError where it waits."""
        method: Callable[..., Any] = getattr(self, operation.name)
        try:
            return method(*operation.arguments)
        except RefusedError as refused:
            return refused.error

    def contents(self) -> dict[str, Any]:
        """Return everything in the model's words."""
        return {key: self._in_words(value) for key, value in self.data.items()}

    @staticmethod
    def _in_words(value: Any) -> Any:
        if isinstance(value, dict):
            return RedisHash(tuple(sorted(value.items())))
        return RedisList(tuple(value)) if isinstance(value, list) else value

    def _written(self, key: str) -> None:
        self.versions[key] = self.versions.get(key, 0) + 1
        if self.data.get(key) in ([], {}):
            del self.data[key]
        if key not in self.data:
            self.volatile.discard(key)

    def _typed(self, key: str, kind: type) -> Any:
        """Return the value, or an empty one that is not there; raises RefusedError for one of another type."""
        if key in self.data and not isinstance(self.data[key], kind):
            raise RefusedError(RedisError.WRONG_TYPE)
        return self.data.get(key, kind())

    # Strings

    def get(self, key: str) -> str | None:
        self._typed(key, str)
        return self.data.get(key)

    def set(self, key: str, content: str, holder: str | None = None) -> bool:
        self.data[key] = content
        self.volatile.discard(key)
        if holder is not None:
            self.volatile.add(key)
        self._written(key)
        return True

    def set_if_absent(self, key: str, content: str, holder: str | None = None) -> bool:
        return key not in self.data and self.set(key, content, holder)

    def acquire(self, key: str, owner: str) -> None:
        if not self.set_if_absent(key, owner, owner):
            raise WouldBlockError

    def set_get(self, key: str, content: str, holder: str | None = None) -> str | None:
        before = self.get(key)
        self.set(key, content, holder)
        return before

    def set_keepttl(self, key: str, content: str) -> bool:
        self.data[key] = content
        self._written(key)
        return True

    def delete(self, key: str) -> bool:
        if key not in self.data:
            return False
        del self.data[key]
        self._written(key)
        return True

    def delete_if_equal(self, key: str, content: str) -> bool:
        return self.get(key) == content and self.delete(key)

    def getdel(self, key: str) -> str | None:
        content = self.get(key)
        self.delete(key)
        return content

    def incr(self, key: str) -> int:
        content = self._typed(key, str) or "0"
        if content not in [str(each) for each in range(-9, 100)] + [str(2**63 - 1)]:  # all that the tests use
            raise RefusedError(RedisError.NOT_AN_INTEGER)
        if int(content) == 2**63 - 1:
            raise RefusedError(RedisError.OVERFLOW)
        self.data[key] = str(int(content) + 1)
        self._written(key)
        return int(content) + 1

    def pexpire(self, key: str, holder: str = "") -> bool:
        if key in self.data:
            self.volatile.add(key)
            self._written(key)
        return key in self.data

    def persist(self, key: str) -> bool:
        if key not in self.volatile:
            return False
        self.volatile.remove(key)
        self._written(key)
        return True

    # Hashes and lists

    def hset(self, key: str, field: str, content: str) -> bool:
        found = self._typed(key, dict)
        is_new = field not in found
        found[field] = content
        self.data[key] = found
        self._written(key)
        return is_new

    def hget(self, key: str, field: str) -> str | None:
        content: str | None = self._typed(key, dict).get(field)
        return content

    def hdel(self, key: str, field: str) -> bool:
        found = self._typed(key, dict)
        if field not in found:
            return False
        del found[field]
        self._written(key)
        return True

    def lpush(self, key: str, content: str) -> int:
        self.data[key] = [content, *self._typed(key, list)]
        self._written(key)
        return len(self.data[key])

    def rpush(self, key: str, content: str) -> int:
        self.data[key] = [*self._typed(key, list), content]
        self._written(key)
        return len(self.data[key])

    def rpop(self, key: str) -> str | None:
        found = self._typed(key, list)
        if not found:
            return None
        item: str = found.pop()
        self._written(key)
        return item

    def blpop(self, key: str) -> str:
        found = self._typed(key, list)
        if not found:
            raise WouldBlockError
        item: str = found.pop(0)
        self._written(key)
        return item

    def take_over(self, key: str, past: str, owner: str) -> int:
        """The script of the tests."""
        before = self.get(key)
        if before == owner:
            return 0
        self.set(key, owner, owner)
        return self.lpush(past, before) if before is not None else int(self.hset(past, "first", owner))

    # Transactions

    def watch(self, key: str, client: str) -> None:
        self.watched.setdefault(client, {}).setdefault(key, self.versions.get(key, 0))

    def unwatch(self, tag: str, client: str) -> None:
        self.watched.pop(client, None)

    disconnect = unwatch

    def exec(self, tag: str, client: str, commands: tuple[Any, ...]) -> tuple[Any, ...] | None:
        watched = self.watched.pop(client, {})
        if any(self.versions.get(key, 0) != version for key, version in watched.items()):
            return None
        return tuple(self.do(Operation(f"redis/{tag}", each.name, each.arguments)) for each in commands)

    # What happens to a server

    def expired(self, key: str) -> bool:
        """Let a key run out of time, if it has any, and the replica's copy, if that has."""
        if key not in self.volatile:
            return False
        self.delete(key)
        if self.replica is not None and key in self.replica[1]:
            self.replica[1].remove(key)
            del self.replica[0][key]
        return True

    def lag(self, tag: str) -> None:
        self.replica = deepcopy((self.data, self.volatile))

    def fail_over(self, tag: str) -> None:
        self.data, self.volatile = self.replica or ({}, set())
        self.replica = None
        for versions in self.watched.values():
            for key in versions:
                versions[key] = -1
