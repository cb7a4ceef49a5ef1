"""What all commands of the Redis adapter have in common: how they are written, sent and answered.

A command is what is written to the server and how its answer is read, so that the same can be sent alone, or queued
between MULTI and EXEC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Concatenate, NamedTuple, ParamSpec, TypeVar, cast

from deadheat.live.adapters.base import Adapter
from deadheat.models.components.redis_keys import RedisError

if TYPE_CHECKING:
    import redis

__all__ = ["RedisKeys", "Sent", "as_it_is", "command", "error_of"]

Arguments = ParamSpec("Arguments")
AnyAdapter = TypeVar("AnyAdapter", bound="RedisKeys")

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


def as_it_is(reply: Any) -> Any:
    """Return what redis-py says, as it is."""
    return reply


class Sent(NamedTuple):
    """A command's words, how the reply becomes the outcome, and what redis-py must know to read the reply."""

    words: tuple[str | int, ...]
    outcome: Callable[[Any], Any] = as_it_is
    options: Mapping[str, Any] = NO_OPTIONS


def command(
    write: Callable[Concatenate[AnyAdapter, Arguments], Sent],
) -> Callable[Concatenate[AnyAdapter, Arguments], Any]:
    """Mark a method that writes a command: called, it is sent, and its outcome returned."""

    @wraps(write)
    def perform(adapter: AnyAdapter, *arguments: Arguments.args, **named: Arguments.kwargs) -> Any:
        return adapter.send(write(adapter, *arguments, **named))

    marked: Any = perform
    marked.write = write
    return cast(Callable[Concatenate[AnyAdapter, Arguments], Any], marked)


def error_of(error: Exception) -> RedisError:
    """Return the outcome that an error of Redis is; raises it, if it is none that the model knows."""
    for each in RedisError:
        if each.value in str(error):  # what a script ends with has more around it
            return each
    raise error


class RedisKeys(Adapter):
    """The keys of one run on a Redis server."""

    def __init__(self, client: redis.Redis, prefix: str, lease_ms: int, name: str) -> None:
        super().__init__(name)
        self._client = client
        self._prefix = f"{prefix}key:"
        self._lease_ms = lease_ms

    def send(self, sent: Sent) -> Any:
        """Send a command, and return its outcome, or the error that it is answered with."""
        import redis

        try:
            reply: Any = self._client.execute_command(*sent.words, **sent.options)  # type: ignore[no-untyped-call]
        except redis.ResponseError as error:
            return error_of(error)
        return sent.outcome(reply)

    def at(self, key: str) -> str:
        """Return the real key."""
        return self._prefix + key

    def time_to_live(self, holder: str | None) -> tuple[str | int, ...]:
        """Return the words that give a key a time to live, if it has a holder."""
        return ("PX", self._lease_ms) if holder is not None else ()
