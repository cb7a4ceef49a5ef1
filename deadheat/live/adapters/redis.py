"""Redis for real: each operation is one command, or one Lua script where the model's operation compares and writes.

All keys of a run carry its prefix. A key that has a holder gets a real time to live (PX). The files are those of the
component: `redis_strings` and so on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from deadheat.live.adapters.base import poll, steered
from deadheat.live.adapters.redis_hashes import HashCommands
from deadheat.live.adapters.redis_keys import Sent, command
from deadheat.live.adapters.redis_lists import ListCommands
from deadheat.live.adapters.redis_strings import StringCommands
from deadheat.live.adapters.redis_transactions import TransactionCommands
from deadheat.live.patience import within
from deadheat.live.redaction import learn, redact, shown
from deadheat.models.components.redis import Redis
from deadheat.models.components.redis_keys import Content, Entry, RedisHash, RedisList, RedisState
from deadheat.sim.components import Component
from deadheat.sim.errors import LiveError
from deadheat.sim.operations import Operation

if TYPE_CHECKING:
    import redis

__all__ = ["RedisAdapter", "connect", "explained"]

CONNECT_PATIENCE_S = 5.0

DELETE_IF_EQUAL = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) else return 0 end
"""

EXPIRY_MS = 1

PLAIN = Redis("redis")


@contextmanager
def explained(url: str) -> Iterator[None]:
    """Turn what redis-py raises into a LiveError of one sentence, without the credentials of the URL."""
    import redis

    where = shown(url)
    try:
        yield
    except redis.InvalidResponse:
        raise _no_redis(where) from None
    except redis.AuthenticationError:
        raise LiveError(f"Redis at {where} does not accept the user and password of the URL.") from None
    except (redis.ConnectionError, redis.TimeoutError, ConnectionError, TimeoutError):
        raise LiveError(
            f"Redis at {where} does not answer; check --redis, or leave it out for one of our own."
        ) from None
    except redis.ResponseError as error:
        raise LiveError(f"Redis at {where} refuses: {redact(str(error))}.") from None


def _no_redis(where: str) -> LiveError:
    return LiveError(f"What is at {where} answers as no Redis does; check --redis.")


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
        if not _answers(client):
            raise _no_redis(shown(url))
    return client


def _answers(client: redis.Redis) -> bool:
    """Return whether it answers as a Redis does; raises RedisError or OSError, also for one that takes its time."""
    import redis

    try:
        return within(2 * CONNECT_PATIENCE_S, client.ping) is True
    except (redis.RedisError, OSError):
        raise
    except Exception:  # whatever its parser makes of what is no answer
        return False


class RedisAdapter(StringCommands, HashCommands, ListCommands, TransactionCommands):
    """The keys of one run on a Redis server. `component` is whose scripts are done, if it has any of its own.

    `tags` are the hash tags of which it can be asked what their keys hold.
    """

    def __init__(
        self,
        client: redis.Redis,
        prefix: str,
        lease_ms: int,
        component: Component = PLAIN,
        tags: tuple[str, ...] = (),
    ) -> None:
        super().__init__(client, prefix, lease_ms, component.name)
        self._tags = tags
        self.component = component
        self._replica: dict[str, dict[str, tuple[Any, int]]] = {}
        self._watching = {}
        self._broken = set()

    @command
    def get(self, key: str) -> Sent:
        """GET."""
        return Sent(("GET", self.at(key)))

    @command
    def set(self, key: str, content: str, holder: str | None = None) -> Sent:
        """SET, with PX if there is a holder."""
        return Sent(("SET", self.at(key), content, *self.time_to_live(holder)), bool)

    @command
    def set_if_absent(self, key: str, content: str, holder: str | None = None) -> Sent:
        """SET NX, with PX if there is a holder."""
        return Sent(("SET", self.at(key), content, "NX", *self.time_to_live(holder)), bool)

    def acquire(self, key: str, owner: str) -> None:
        """SET NX PX, again and again until it succeeds."""
        for _ in poll(self.patience_s, f"the Redis key {key} did not become free"):
            if self.set_if_absent(key, owner, owner):
                return

    @command
    def delete(self, key: str) -> Sent:
        """DEL."""
        return Sent(("DEL", self.at(key)), bool)

    @command
    def delete_if_equal(self, key: str, content: str) -> Sent:
        """Compare and delete, in one script."""
        return Sent(("EVAL", DELETE_IF_EQUAL, 1, self.at(key), content), bool)

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
        """Close its connection, if it watches; a crashed holder does not prolong its keys, and that is all there is."""
        del for_good
        self.disconnect(tag, holder)

    def let_go(self, tag: str, holder: str) -> None:
        """Close its connection, if it watches; a process that has done its work does not prolong its keys either."""
        self.disconnect(tag, holder)

    def lag_redis_failover(self, tag: str) -> None:
        """Remember what a replica has from here on, which no later write reaches."""
        self._replica[tag] = {key: (self._client.dump(key), self._time_to_live(key)) for key in self._keys(tag)}

    def fail_over(self, tag: str) -> None:
        """Set the keys back to what the replica has: a failover as its clients see it, on the one server there is."""
        self.hang_up_on_all(tag)
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

    def observe(self) -> dict[str, Any]:
        """Return the keys of each tag with their contents, as if none had a time to live."""
        contents = self.contents()
        return {
            f"{self.name}/{tag}": RedisState(
                tuple((key, Entry(content)) for key, content in contents.items() if f"{{{tag}}}" in key)
            )
            for tag in self._tags
        }

    def comparable(self, value: RedisState) -> Any:
        """Return the contents: who counts on a key, who watches and what the replica has shows in later answers."""
        return tuple((key, entry.content) for key, entry in value.keys)

    def contents(self) -> dict[str, Content]:
        """Return all keys of the run with their contents, as the model has them."""
        keys = sorted(str(key) for key in self._client.scan_iter(match=f"{self._prefix}*", count=1000))
        contents = {key.removeprefix(self._prefix): self._content(key) for key in keys}
        return {key: content for key, content in contents.items() if content is not None}

    def _content(self, key: str) -> Content | None:
        client: Any = self._client
        match client.type(key):
            case "hash":
                return RedisHash(tuple(sorted(client.hgetall(key).items())))
            case "list":
                return RedisList(tuple(client.lrange(key, 0, -1)))
        content = client.get(key)
        return None if content is None else str(content)

    def notice(self, operation: Operation) -> None:
        """Take note of a failover by another program: it breaks the connections of this one, too."""
        if operation.name == "fail_over":
            self.hang_up_on_all(operation.arguments[0])

    def close(self) -> None:
        """Let go of the connections that watch."""
        for tag, client in list(self._watching):
            self.unwatch(tag, client)
