"""Commands of Redis on hashes for real, one each."""

from __future__ import annotations

from deadheat.live.adapters.redis_keys import RedisKeys, Sent, command

__all__ = ["HashCommands"]


class HashCommands(RedisKeys):
    """HSET, HGET and HDEL."""

    @command
    def hset(self, key: str, field: str, content: str) -> Sent:
        """HSET."""
        return Sent(("HSET", self.at(key), field, content), bool)

    @command
    def hget(self, key: str, field: str) -> Sent:
        """HGET."""
        return Sent(("HGET", self.at(key), field))

    @command
    def hdel(self, key: str, field: str) -> Sent:
        """HDEL."""
        return Sent(("HDEL", self.at(key), field), bool)
