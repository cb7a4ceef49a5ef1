"""Statuses in Redis: a key an evaluation, or a field of a hash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from deadheat.live.lookups.base import STATUS_MAX, UnreadableError, fill, require_place, text_of, where_of
from deadheat.sim.errors import LiveError, UsageError

__all__ = ["RedisLookup"]


class RedisLookup:
    """Statuses under a key such as `status:{id}`; with a field, that field of the hash under the key."""

    def __init__(self, url: str, key: str, field: str | None, timeout_s: float) -> None:
        require_place("--status-key", key, field or "")
        self._where, self._key, self._field = where_of(url), key, field
        self._client = _client(url, timeout_s)

    def __call__(self, evaluation: str) -> str | None:
        """GET, or HGET."""
        key = fill(self._key, evaluation)
        with self._explained(key):
            field = None if self._field is None else fill(self._field, evaluation)
            self._require_short(key, field)
            content: Any = self._client.get(key) if field is None else self._client.hget(key, field)
        return text_of(content)

    def _require_short(self, key: str, field: str | None) -> None:
        """Raise UnreadableError for what is too long to be a status, before it is read."""
        import redis

        try:
            length: Any = self._client.strlen(key) if field is None else self._client.hstrlen(key, field)
        except redis.exceptions.NoPermissionError:  # the user may do nothing but read
            return
        if length > STATUS_MAX:
            raise UnreadableError(f"the Redis key {key} holds more than a megabyte")

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        import redis

        at = f"Redis at {self._where}"
        try:
            yield
        except (redis.AuthenticationError, redis.exceptions.AuthorizationError):
            raise LiveError(f"{at} does not accept the user and password of --status.") from None
        except redis.BusyLoadingError:
            raise LiveError(f"{at} is still loading its data.") from None
        except (redis.TimeoutError, TimeoutError):
            raise LiveError(f"{at} did not answer in time; check --status and --status-timeout.") from None
        except (redis.ConnectionError, OSError):
            raise LiveError(f"{at} does not answer; check --status.") from None
        except (redis.exceptions.MovedError, redis.exceptions.AskError):
            raise LiveError(
                f"{at} is a node of a Redis Cluster and does not hold the key {key}; give a proxy's address."
            ) from None
        except redis.ResponseError as error:
            raise _meaning(at, key, str(error)) from None
        except redis.RedisError as error:  # an answer that is not Redis's protocol, for one
            raise LiveError(f"{at} does not answer as a Redis does ({type(error).__name__}).") from None


def _meaning(at: str, key: str, answer: str) -> Exception:
    if answer.startswith("WRONGTYPE"):
        return UnreadableError(f"the Redis key {key} holds another type")
    if "NOAUTH" in answer or "WRONGPASS" in answer:
        return LiveError(f"{at} does not accept the user and password of --status.")
    return LiveError(f"{at} refuses to read the key {key}: {answer.splitlines()[0].rstrip('.')}.")


def _client(url: str, timeout_s: float) -> Any:
    """Return a client that is not connected yet; raises UsageError for a URL that makes no sense."""
    import redis

    try:
        parts = urlsplit(url)
        # The client takes database 0 for a path that is no number, and so may a sweep of the wrong statuses.
        if parts.scheme != "unix" and not (parts.path in ("", "/") or parts.path.removeprefix("/").isdecimal()):
            raise ValueError("path")
        client = redis.Redis.from_url(
            url, decode_responses=False, socket_connect_timeout=timeout_s, socket_timeout=timeout_s
        )
        client.connection_pool.make_connection()  # refuses options of the URL that there are not; connects to nothing
    except (ValueError, TypeError):
        # What the parser says may quote the password.
        raise UsageError(
            "--status is not the URL of a Redis, which is redis://HOST[:PORT][/NUMBER], with USER:PASSWORD and an @ "
            "before HOST if it wants them; in a password, write / as %2F, @ as %40 and # as %23."
        ) from None
    return client
