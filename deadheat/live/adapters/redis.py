"""Redis for real: each operation is one command, or one Lua script where the model's operation compares and writes.

All keys of a run carry its prefix. A key that has a holder gets a real time to live (PX).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import Adapter, poll, steered
from deadheat.live.redaction import learn, redact, shown
from deadheat.sim.errors import LiveError

if TYPE_CHECKING:
    import redis

__all__ = ["RedisAdapter", "connect", "explained"]

CONNECT_PATIENCE_S = 5.0

DELETE_IF_EQUAL = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end
"""

EXPIRY_MS = 1


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what redis-py raises into a LiveError of one sentence, without the credentials of the URL."""
    import redis

    where = shown(url)
    try:
        yield
    except redis.AuthenticationError:
        raise LiveError(f"Redis at {where} does not accept the user and password of the URL.") from None
    except (redis.ConnectionError, redis.TimeoutError, ConnectionError, TimeoutError):
        raise LiveError(
            f"Redis at {where} does not answer; check --redis, or leave it out for one of our own."
        ) from None
    except redis.ResponseError as error:
        raise LiveError(f"Redis at {where} refuses: {redact(str(error))}.") from None


def connect(url: str) -> redis.Redis:
    """Return a client that has been answered once; raises LiveError for a URL that is wrong or does not answer."""
    import redis

    learn(url)
    try:
        client = redis.Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="surrogateescape",  # others' keys may be any bytes, and must come back as the same ones
            socket_connect_timeout=CONNECT_PATIENCE_S,
        )
    except ValueError:  # whose text may quote a part of the password
        raise LiveError(f"{shown(url)!r} is not the URL of a Redis; write redis://HOST:PORT/DB.") from None
    with explained(url):
        client.ping()
    return client


class RedisAdapter(Adapter):
    """The keys of one run on a Redis server."""

    def __init__(self, client: redis.Redis, prefix: str, lease_ms: int) -> None:
        super().__init__("redis")
        self._client = client
        self._prefix = f"{prefix}key:"
        self._lease_ms = lease_ms
        self._replica: dict[str, dict[str, tuple[Any, int]]] = {}
        self._delete_if_equal: Callable[..., Any] = client.register_script(DELETE_IF_EQUAL)

    def get(self, key: str) -> str | None:
        """GET."""
        content: Any = self._client.get(self._prefix + key)
        return None if content is None else str(content)

    def set(self, key: str, content: str, holder: str | None = None) -> bool:
        """SET, with PX if there is a holder."""
        return bool(self._client.set(self._prefix + key, content, px=self._lease_ms if holder else None))

    def set_if_absent(self, key: str, content: str, holder: str | None = None) -> bool:
        """SET NX, with PX if there is a holder."""
        return bool(self._client.set(self._prefix + key, content, nx=True, px=self._lease_ms if holder else None))

    def acquire(self, key: str, owner: str) -> None:
        """SET NX PX, again and again until it succeeds."""
        for _ in poll(self.patience_s, f"the Redis key {key} did not become free"):
            if self.set_if_absent(key, owner, owner):
                return

    def delete(self, key: str) -> bool:
        """DEL."""
        return bool(self._client.delete(self._prefix + key))

    def delete_if_equal(self, key: str, content: str) -> bool:
        """Compare and delete, in one script."""
        return bool(self._delete_if_equal(keys=[self._prefix + key], args=[content]))

    @steered
    def expire(self, tag: str, wish: str) -> str:
        """Let the time to live of the wished-for key run out now: shorten it, and wait for Redis's own clock."""
        key = self._prefix + wish
        if not self._client.pexpire(key, EXPIRY_MS):
            return ""  # there is no such key, which is no outcome of the model
        for _ in poll(self.patience_s, f"the Redis key {wish} did not expire"):
            if not self._client.exists(key):
                break
        replica = self._replica.get(tag, {})
        _, time_to_live_ms = replica.get(key, (None, 0))
        if time_to_live_ms:
            del replica[key]  # the replica has the same clock
        return wish

    expire_lease_expiry = expire

    def forsake(self, tag: str, holder: str, for_good: bool = False) -> None:
        """Nothing to do: a crashed holder does not prolong its keys, and that is all there is to it."""

    def let_go(self, tag: str, holder: str) -> None:
        """Nothing to do: a process that has done its work does not prolong its keys either."""

    def lag_redis_failover(self, tag: str) -> None:
        """Remember what a replica has from here on, which no later write reaches."""
        self._replica[tag] = {key: (self._client.dump(key), self._time_to_live(key)) for key in self._keys(tag)}

    def fail_over(self, tag: str) -> None:
        """Set the keys back to what the replica has: a failover as its clients see it, on the one server there is."""
        for key in self._keys(tag):
            self._client.delete(key)
        for key, (content, time_to_live_ms) in self._replica.pop(tag, {}).items():
            self._client.restore(key, time_to_live_ms, content)

    def _time_to_live(self, key: str) -> int:
        """Return how many milliseconds a key has to live; 0, as RESTORE has it, for one that does not expire."""
        return max(0, int(self._client.pttl(key)))

    def _keys(self, tag: str) -> list[str]:
        """Return the real keys with a hash tag."""
        keys = self._client.scan_iter(match=f"{self._prefix}*", count=1000)
        return [str(key) for key in keys if f"{{{tag}}}" in str(key)]

    def contents(self) -> dict[str, str]:
        """Return all keys of the run with their contents."""
        keys = sorted(self._client.scan_iter(match=f"{self._prefix}*", count=1000))
        contents = ((key.removeprefix(self._prefix), self._client.get(key)) for key in keys)
        return {key: str(content) for key, content in contents if content is not None}
