"""Scripts of Redis for real: EVAL of the Lua that the component says each of them is."""

from __future__ import annotations

from typing import Any

from deadheat.live.adapters.redis_keys import RedisKeys, Sent
from deadheat.models.components.redis_scripts import Script
from deadheat.sim.components import Component
from deadheat.sim.errors import NoLiveFormError
from deadheat.sim.operations import Operation

__all__ = ["ScriptCommands"]


class ScriptCommands(RedisKeys):
    """The scripts of a component."""

    component: Component

    def perform(self, operation: Operation, fault: str | None = None, wish: Any = None) -> Any:
        """Do an operation; a script by EVAL, as its component has it."""
        if fault is None and self._script(operation.name) is not None:
            return self.send(self.written(operation.name, operation.arguments))
        return super().perform(operation, fault, wish)

    def written(self, name: str, arguments: tuple[Any, ...]) -> Sent:
        """Return a command or script as it is sent; raises NoLiveFormError for anything else."""
        script = self._script(name)
        if script is not None:
            keys = [self.at(str(key)) for key in arguments[: script.keys]]
            others = [self._word(each) for each in (*arguments[script.keys :], self._lease_ms)]
            return Sent(("EVAL", script.lua, script.keys, *keys, *others), script.answer)
        write = getattr(getattr(type(self), name, None), "write", None)
        if write is None:
            raise NoLiveFormError(f"There is no live form of {self.name}.{name} as a command of a transaction yet.")
        sent: Sent = write(self, *arguments)
        return sent

    def _script(self, name: str) -> Script[Any] | None:
        marked = getattr(type(self.component), name, None)
        return marked if isinstance(marked, Script) else None

    def _word(self, argument: Any) -> str | int:
        if argument is None:
            return ""
        return int(argument) if isinstance(argument, bool) else argument if isinstance(argument, int) else str(argument)
