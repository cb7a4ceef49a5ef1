"""Transactions of Redis: WATCH, and MULTI with EXEC.

Sources: Redis, "Transactions": the commands between MULTI and EXEC are done at one instant, one that fails does not
stop the others, and "if at least one watched key is modified before the EXEC command, the whole transaction aborts",
also by the client itself, and by expiry (since Redis 6.0.9). "When the client connection is closed, everything gets
unwatched."

    while True:
        yield redis.watch(lock, name)
        if (yield redis.get(lock)) is not None:
            yield redis.unwatch(evaluation, name)
            return
        if (yield redis.execute(name, redis.set(lock, name), redis.delete(flag))) is not None:
            return

A client is told by a name of its own, such as that of its process, since a watch belongs to a connection. In a design,
the watches of a process of that name go with it. Elsewhere, let `disconnect` be among the consequences of its crash
(`forsake`, which says so for its leases, does that too): a watch that outlived it would abort the transaction of the
one that comes after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from deadheat.models.components.redis_keys import Keyspace, RedisState, Watch, disconnected
from deadheat.models.values import lookup, with_item
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import note_made
from deadheat.sim.operations import Operation
from deadheat.sim.render import render

__all__ = ["Command", "Transactions"]

NOTHING = Watch()


class Command(NamedTuple):
    """A command of a transaction: an operation of the same component, by name."""

    name: str
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(render(each) for each in self.arguments if each is not None)})"


class Transactions(Keyspace):
    """WATCH, UNWATCH, and MULTI with EXEC."""

    @operation
    def watch(self, value: RedisState, key: str, client: str) -> Steps:
        """WATCH: let the client's next EXEC do nothing if this key, or another that it watches, is written before."""
        if not self.leases:
            raise ModelError(
                f"The key {key!r} is watched by {client}, but nobody says when that is gone; say so with leases=True "
                "in the protocol, or the addition."
            )
        watch = lookup(value.watches, client) or NOTHING
        if watch.is_dirty:
            return (Step(None, value),)
        keys = tuple(sorted({*watch.keys, key}))
        return (Step(None, value._replace(watches=with_item(value.watches, client, Watch(keys)))),)

    @operation
    def unwatch(self, value: RedisState, tag: str, client: str) -> Steps:
        """UNWATCH: the client watches nothing any more."""
        return (Step(None, disconnected(value, client)),)

    @operation
    def disconnect(self, value: RedisState, tag: str, client: str) -> Steps:
        """The client's connection is gone: it watches nothing any more. To be a consequence of its crash."""
        return (Step(None, disconnected(value, client)),)

    def execute(self, client: str, *commands: Operation) -> Operation:
        """Return a request for MULTI, the commands, and EXEC.

        It is answered with a tuple of their answers; or with None, and nothing is done, if a key that the client
        watches was written. In both cases the client watches nothing afterwards. Raises ModelError for what cannot be
        a command of a transaction, and for keys with different hash tags.
        """
        instance = self._instance_of(commands)
        made = tuple(Command(each.name, each.arguments) for each in commands)
        request = Operation(instance, "exec", (instance.partition("/")[2], client, made))
        note_made(request, *commands)
        return request

    @operation
    def exec(self, value: RedisState, tag: str, client: str, commands: tuple[Any, ...]) -> Steps:
        """MULTI, commands, EXEC: their answers; or None, and nothing is done, if a key that is watched was written."""
        watch = lookup(value.watches, client) or NOTHING
        after = disconnected(value, client)
        if watch.is_dirty:
            return (Step(None, after),)
        answers = []
        for each in commands:
            [(answer, after, _)] = self.apply(after, Operation(f"{self.name}/{tag}", each.name, each.arguments))
            answers.append(answer)
        return (Step(tuple(answers), after),)

    def _instance_of(self, commands: tuple[Operation, ...]) -> str:
        if not commands:
            raise ModelError(
                "A Redis transaction was given no commands; give it some, such as redis.set(key, content)."
            )
        for each in commands:
            if not isinstance(each, Operation):
                raise ModelError(
                    f"A {type(each).__name__} was given to a Redis transaction; give it commands, such as "
                    "redis.set(key, content)."
                )
            if each.component.partition("/")[0] != self.name or not self.is_command(each.name):
                raise ModelError(
                    f"{each} is no command for a Redis transaction; give it those of {self.name} that take an instant, "
                    "such as redis.set(key, content)."
                )
            if each.label is not None:
                raise ModelError(f"The label {each.label} is on a command of a Redis transaction; put it on the whole.")
            if each.component != commands[0].component:
                raise ModelError(
                    f"{commands[0]} and {each} have different hash tags, which Redis Cluster refuses in one "
                    "transaction (CROSSSLOT); let it have one."
                )
        return commands[0].component
