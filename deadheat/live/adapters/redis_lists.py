"""Commands of Redis on lists for real, one each."""

from __future__ import annotations

from typing import Any

from deadheat.live.adapters.base import BlockedError
from deadheat.live.adapters.redis_keys import RedisKeys, Sent, command

__all__ = ["ListCommands"]

TIMEOUT_S_MIN = 0.01
"""Redis takes none at all for one that never ends."""


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
        """BLPOP, with the adapter's patience as its timeout."""

        def item(reply: Any) -> Any:
            if reply is None:
                raise BlockedError(f"nothing was put into the Redis list {key} within {self.patience_s:g} s")
            return reply[1]

        return self.send(Sent(("BLPOP", self.at(key), str(max(self.patience_s, TIMEOUT_S_MIN))), item))
