"""Commands of Redis on lists for real, one each."""

from __future__ import annotations

import time
from typing import Any

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.redis_keys import RedisKeys, Sent, command
from deadheat.models.components.redis_keys import RedisError

__all__ = ["ListCommands"]

TIMEOUT_S = 1.0
"""So long one BLPOP waits, which is less than what redis-py waits for any answer (`socket_timeout`)."""

TIMEOUT_S_MIN = 0.01
"""Redis takes 0 for one that never ends."""


class ListCommands(RedisKeys):
    """LPUSH, RPUSH, RPOP and BLPOP."""

    @command
    def lpush(self, key: str, content: str) -> Sent:
        """LPUSH."""
        return Sent(("LPUSH", self.at(key), content), int)

    @command
    def rpush(self, key: str, content: str) -> Sent:
        """RPUSH."""
        return Sent(("RPUSH", self.at(key), content), int)

    @command
    def rpop(self, key: str) -> Sent:
        """RPOP."""
        return Sent(("RPOP", self.at(key)))

    def blpop(self, key: str) -> Any:
        """BLPOP; again if nothing came, as long as the adapter's patience lasts."""
        deadline = time.monotonic() + self.patience_s
        while True:
            timeout_s = min(TIMEOUT_S, max(TIMEOUT_S_MIN, deadline - time.monotonic()))
            reply = self.send(Sent(("BLPOP", self.at(key), f"{timeout_s:.3f}")))
            if isinstance(reply, RedisError):
                return reply
            if reply is not None:
                return reply[1]
            if time.monotonic() >= deadline:
                raise BlockedError(f"nothing was put into the Redis list {key} within {self.patience_s:g} s")
