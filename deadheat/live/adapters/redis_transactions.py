"""WATCH, and MULTI with EXEC, for real: each client that watches has a connection of its own until its EXEC.

The keys of another hash tag are watched on another connection, as they would be in a cluster.
"""

from __future__ import annotations

from typing import Any

from deadheat.live.adapters.redis_keys import error_of
from deadheat.live.adapters.redis_scripts import ScriptCommands

__all__ = ["TransactionCommands"]


class TransactionCommands(ScriptCommands):
    """WATCH, UNWATCH, and MULTI with EXEC.

    By hash tag and client, `_watching` are pipelines of redis-py, and `_broken` those whose connection broke meanwhile.
    """

    _watching: dict[tuple[str, str], Any]
    _broken: set[tuple[str, str]]

    def watch(self, key: str, client: str) -> None:
        """WATCH, on the client's own connection."""
        whose = (key.partition("{")[2].partition("}")[0], client)
        if whose not in self._broken:
            if whose not in self._watching:
                self._watching[whose] = self._client.pipeline()
            self._watching[whose].watch(self.at(key))

    def unwatch(self, tag: str, client: str) -> None:
        """UNWATCH."""
        self._broken.discard((tag, client))
        pipeline = self._watching.pop((tag, client), None)
        if pipeline is not None:
            pipeline.unwatch()
            pipeline.reset()

    def disconnect(self, tag: str, client: str) -> None:
        """Close the client's connection."""
        self._broken.discard((tag, client))
        self._hang_up((tag, client))

    def exec(self, tag: str, client: str, commands: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """MULTI, the commands and EXEC, in one transaction of redis-py."""
        import redis

        whose = (tag, client)
        if whose in self._broken:
            self._broken.discard(whose)
            return None
        sent = [self.written(each.name, each.arguments) for each in commands]
        with self._watching.pop(whose, self._client.pipeline()) as pipeline:
            pipeline.multi()
            for each in sent:
                pipeline.execute_command(*each.words, **each.options)
            try:
                replies = pipeline.execute(raise_on_error=False)
            except redis.WatchError:
                return None
        each_with_reply = zip(sent, replies, strict=True)
        return tuple(
            error_of(reply) if isinstance(reply, Exception) else each.outcome(reply) for each, reply in each_with_reply
        )

    def hang_up_on_all(self, tag: str) -> None:
        """Break every connection that watches, as a failover does; redis-py tells of it at EXEC, by a WatchError."""
        for whose in [each for each in self._watching if each[0] == tag]:
            self._broken.add(whose)
            self._hang_up(whose)

    def _hang_up(self, whose: tuple[str, str]) -> None:
        pipeline = self._watching.pop(whose, None)
        if pipeline is not None:
            if pipeline.connection is not None:
                pipeline.connection.disconnect()
            pipeline.reset()
