"""A process's connection to Redis: once the process is gone, it counts on no key, and watches none.

A time to live runs out whenever nobody prolongs it, so a key whose holder has ended, or was killed, is gone in the end.
The holder is the process that asks, or the node that it is on, which may hold a key for all that runs there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from deadheat.models.components.redis_keys import Keyspace
from deadheat.sim.components import operations_in
from deadheat.sim.errors import ModelError
from deadheat.sim.operations import Block, Operation, Request
from deadheat.sim.run.connected import Client, asked_in, happened

__all__ = ["RedisConnection"]

HOLDERS = ("holder", "owner")
"""How the parameter is called by which a key is given a time to live."""


@dataclass(frozen=True, slots=True)
class RedisConnection:
    """What one process asks of one Redis.

    `positions` are those of the holder among the arguments of each operation that gives a time to live, and `scripts`
    the operations that may give one in their midst.
    """

    redis: str
    client: Client
    positions: tuple[tuple[str, int], ...]
    scripts: frozenset[str]

    @classmethod
    def of(cls, redis: Keyspace, client: Client, scripts: Mapping[str, Callable[..., Any]]) -> RedisConnection:
        """Return the connection of a process to a Redis, by what its operations are given; `scripts` by their code."""
        positions = tuple(
            (name, marked.names.index(each))
            for name, marked in operations_in(type(redis)).items()
            for each in HOLDERS
            if each in marked.names and name not in ("forsake", "let_go")
        )
        giving = {name for name, _ in positions} | scripts.keys()
        own = frozenset(name for name, function in scripts.items() if _names_one_of(giving, function))
        return cls(redis.name, client, positions, own)

    def asked(self, request: Request) -> Request:
        """Return the request; raises ModelError for a key that is held by somebody else than who asks."""
        for command in self._commands(request):
            holder, tag = self._holder(command), self._tag(command)
            own = holder in (self.client.name, self.client.node) and tag in self.client.keys
            if holder and not own and (tag, holder) not in self._said:
                who = " or ".join(repr(each) for each in (self.client.name, self.client.node) if each)
                raise ModelError(
                    f"{self.client.name!r} lets {holder!r} hold {command.arguments[0]!r}, and nobody would notice when "
                    f"that is gone; give it {who} as its holder, and the hash tag of its own key, or let forsake(...) "
                    "be noticed of its crash."
                )
        return request

    @staticmethod
    def goes_on(request: Request, outcome: Any) -> None:
        """Nothing waits in the midst of a command."""

    def after(self, opened: Hashable, request: Request, outcome: Any) -> Hashable:
        """Return the keys that the process holds, as far as is known; those of a hash tag as the tag itself."""
        if self.client.repeats:  # it goes on, and may count on them yet
            return None
        assert isinstance(opened, tuple | None)
        keys = set(opened or ())
        for each, answer in happened(request, outcome):
            if isinstance(each, Block):
                names = {name for name, _ in self.positions} | self.scripts
                if any(reach.component == self.redis for reach in each.reaches) and _names_one_of(names, each.function):
                    keys.update(self.client.keys)
                continue
            for command in self._commands(each):
                if command.name in self.scripts:
                    keys.add(self._tag(command))
                elif self._holder(command) == self.client.name and answer is not False:
                    keys.add(command.arguments[0])
                elif command.name in ("delete", "delete_if_equal"):
                    keys.discard(command.arguments[0])
        return tuple(sorted(keys)) or None

    def closed(self, opened: Hashable) -> tuple[Operation, ...]:
        """Let the process count on nothing any more."""
        assert isinstance(opened, tuple | None)
        tags = sorted({_tag_of(each) for each in opened or ()})
        return tuple(self._forsaken(tag, self.client.name, for_good=True) for tag in tags)

    def broken(self, *, for_good: bool) -> tuple[Operation, ...]:
        """Let the process, and the node with which it goes down, count on nothing, and watch nothing."""
        holders = [each for each in (self.client.name, self.client.node) if each]
        return tuple(self._forsaken(tag, holder, for_good=for_good) for tag in self.client.keys for holder in holders)

    @property
    def _said(self) -> set[tuple[str, str]]:
        """What follows from a crash of the process anyhow: under which hash tag who is forsaken."""
        return {
            (each.arguments[0], each.arguments[1])
            for each in self.client.noticed
            if each.name == "forsake" and each.component.partition("/")[0] == self.redis
        }

    def _forsaken(self, tag: str, holder: str, *, for_good: bool) -> Operation:
        return Operation(f"{self.redis}/{tag}", "forsake", (tag, holder, for_good))

    def _commands(self, request: Request) -> Iterator[Operation]:
        """Yield the commands of this Redis in a request, those of a transaction each by itself."""
        for each in asked_in(request):
            if each.component.partition("/")[0] != self.redis:
                continue
            if each.name == "exec":
                _, _, commands = each.arguments
                yield from (Operation(each.component, made.name, made.arguments) for made in commands)
            else:
                yield each

    def _holder(self, command: Operation) -> str | None:
        for name, position in self.positions:
            if name == command.name:
                return command.arguments[position] or None
        return None

    @staticmethod
    def _tag(command: Operation) -> str:
        return command.component.partition("/")[2]


def _names_one_of(names: Collection[str], function: Callable[..., Any]) -> bool:
    """Return whether a function, or one that it names, names one of these operations, of whatever component."""
    waiting, seen = [function], set()
    while waiting:
        each: Any = inspect.unwrap(waiting.pop())
        each = getattr(each, "__func__", each)
        if isinstance(each, FunctionType) and each not in seen:
            seen.add(each)
            if any(name in names for name in each.__code__.co_names):
                return True
            closed_over = [cell.cell_contents for cell in each.__closure__ or ()]
            waiting += filter(callable, (*closed_over, *map(each.__globals__.get, each.__code__.co_names)))
    return False


def _tag_of(key: str) -> str:
    return key.partition("{")[2].partition("}")[0] if "{" in key else key
