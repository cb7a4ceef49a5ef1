"""Commands of Redis on strings and on times to live for real, one each."""

from __future__ import annotations

from deadheat.live.adapters.redis_keys import RedisKeys, Sent, command
from deadheat.models.components.redis_keys import NOBODY

__all__ = ["StringCommands"]


class StringCommands(RedisKeys):
    """SET with GET and with KEEPTTL, GETDEL, INCR, PEXPIRE and PERSIST."""

    @command
    def set_get(self, key: str, content: str, holder: str | None = None) -> Sent:
        """SET GET, with PX if there is a holder."""
        return Sent(("SET", self.at(key), content, "GET", *self.time_to_live(holder)), options={"get": True})

    @command
    def set_keepttl(self, key: str, content: str) -> Sent:
        """SET KEEPTTL."""
        return Sent(("SET", self.at(key), content, "KEEPTTL"), bool)

    @command
    def getdel(self, key: str) -> Sent:
        """GETDEL."""
        return Sent(("GETDEL", self.at(key)))

    @command
    def incr(self, key: str) -> Sent:
        """INCR."""
        return Sent(("INCR", self.at(key)), int)

    @command
    def pexpire(self, key: str, holder: str = NOBODY) -> Sent:
        """PEXPIRE, by as much as every key of a holder has."""
        del holder
        return Sent(("PEXPIRE", self.at(key), self._lease_ms), bool)

    @command
    def persist(self, key: str) -> Sent:
        """PERSIST."""
        return Sent(("PERSIST", self.at(key)), bool)
