"""Scripts of Redis: several commands at one instant, where the answer of one decides what the next one is.

Sources: Redis, "Scripting with Lua" (a script runs to its end before anything else does, all keys that it touches are
given to it as KEYS, and what `redis.call` cannot do ends it, with all done that was done before) and EVAL.

A script is an operation of one's own, said twice: as the Lua that a real Redis is given, and as the commands that this
means, by which it is explored. That both are the same is for a test to show, on random keys and a real Redis:

    TAKE = "if redis.call('GET', KEYS[1]) then return redis.call('DEL', KEYS[1]) end return 0"

    class OurRedis(Redis):
        @script(TAKE, answer=bool)
        def take(self, key: str) -> Commands:
            if (yield self.get(key)) is None:
                return False
            return (yield self.delete(key))

Then a role says `yield redis.take(flag)`, and a transaction takes it as one of its commands.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from functools import update_wrapper
from types import GeneratorType
from typing import Any, Concatenate, ParamSpec, TypeAlias

from deadheat.models.components.redis_keys import Keyspace, RedisError, RedisState
from deadheat.sim.components import Step, Steps, operation
from deadheat.sim.errors import ModelError
from deadheat.sim.forgotten import Forgotten, Unyielded, note_used
from deadheat.sim.operations import Operation

__all__ = ["Commands", "Script", "script"]

Arguments = ParamSpec("Arguments")

Commands: TypeAlias = Generator[Operation, Any, Any]
"""What the method of a script returns: its commands, one at a time; what it returns in the end is the answer."""

VALUE = inspect.Parameter("value", inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Script(operation[Arguments]):
    """An operation that is a script: `lua`, of whose arguments the first `keys` are KEYS and the others ARGV.

    `answer` makes the operation's outcome of what redis-py returns for EVAL.
    """

    def __init__(
        self, step: Callable[Concatenate[Any, Any, Arguments], Steps], lua: str, keys: int, answer: Callable[[Any], Any]
    ) -> None:
        super().__init__(step)
        self.lua = lua
        self.keys = keys
        self.answer = answer


def as_it_is(answer: Any) -> Any:
    """Return what redis-py answers, as it is: a text, a whole number, or None for nil and false."""
    return answer


def script(
    lua: str, *, keys: int = 1, answer: Callable[[Any], Any] = as_it_is
) -> Callable[[Callable[Concatenate[Any, Arguments], Commands]], Script[Arguments]]:
    """Mark a method as a script; see the module's text.

    Asking for it, or exploring it, raises ModelError for what no script can do: to wait, or to touch a key that is not
    among its first `keys` arguments.
    """

    def marked(body: Callable[Concatenate[Any, Arguments], Commands]) -> Script[Arguments]:
        def step(redis: Any, value: RedisState, *arguments: Any) -> Steps:
            commands: Callable[..., Commands] = body
            return (_run(redis, value, body.__name__, commands(redis, *arguments), arguments[:keys]),)

        own = inspect.signature(body)
        redis, *parameters = own.parameters.values()
        like_body: Any = update_wrapper(step, body)
        like_body.__signature__ = own.replace(parameters=[redis, VALUE, *parameters])
        return Script(like_body, lua, keys, answer)

    return marked


def _run(redis: Keyspace, value: RedisState, name: str, running: Any, keys: tuple[str, ...]) -> Step:
    """Do the commands of a script; an error that one of them answers ends it."""
    if not isinstance(running, GeneratorType):
        raise ModelError(f"The script {name} yields nothing; let it `yield` its commands, such as self.get(key).")
    answer: Any = None
    unyielded = Unyielded()
    while True:
        try:
            with unyielded.noting():
                command = running.send(answer)
                note_used(command)
        except StopIteration as end:
            _require_none_forgotten(name, unyielded.left())
            return Step(end.value, value)
        _require_none_forgotten(name, unyielded.dropped())
        _require_command(redis, name, command, keys)
        [(answer, value, _)] = redis.apply(value, command)
        if isinstance(answer, RedisError):
            running.close()
            return Step(answer, value)


def _require_none_forgotten(name: str, forgotten: Forgotten | None) -> None:
    if forgotten is not None:
        raise ModelError(
            f"The script {name} made the command {forgotten.request} (line {forgotten.line}) and never yielded it; "
            "write `yield` before it."
        )


def _require_command(redis: Keyspace, name: str, command: Any, keys: tuple[str, ...]) -> None:
    is_ours = isinstance(command, Operation) and command.component.partition("/")[0] == redis.name
    if not is_ours or not redis.is_command(command.name):
        raise ModelError(
            f"The script {name} yields {command}, which is no command of {redis.name} that takes an instant; let it "
            "yield such as self.get(key)."
        )
    if command.arguments[0] not in keys:
        raise ModelError(
            f"The script {name} touches the key {command.arguments[0]!r}, which is not among its keys, as Redis "
            "Cluster asks; let it take the key as one of its first arguments, and say how many by `keys`."
        )
    for key in keys:
        if redis.instance_for((key,)) != command.component:
            raise ModelError(
                f"The keys {keys[0]!r} and {key!r} of the script {name} have different hash tags, which Redis Cluster "
                "refuses (CROSSSLOT); let them have one."
            )
