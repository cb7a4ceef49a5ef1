"""What every adapter has in common: one method an operation, of the operation's name and arguments.

A model's component says what an operation means; its adapter does it on the real server and returns the same outcome.
A blocking operation waits for at most the adapter's patience. An operation that goes wrong in a modelled way has a
method of its own, named after the operation and the fault: `response_http_retry` is what `response` does when the
schedule says that the fault `http-retry` happens to it. So every operation can have faults injected, and one that has
no live form yet says so by name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from deadheat.sim.errors import LiveError, NoLiveFormError
from deadheat.sim.operations import Accompanied, Block, Operation

__all__ = ["Adapter", "BlockedError", "NotHereError", "not_at_one_instant", "poll", "steered"]

Method = TypeVar("Method", bound=Callable[..., Any])

POLL_S = 0.002
POLL_S_MAX = 0.05


class BlockedError(LiveError):
    """A blocking operation did not become possible within the adapter's patience."""


class NotHereError(BlockedError, NoLiveFormError):
    """What each process does has a live form, and this order of it cannot be on a server of this kind."""


def steered(method: Method) -> Method:
    """Mark an operation whose outcome the environment chooses: it also receives the outcome that is wished for."""
    method.is_steered = True  # type: ignore[attr-defined]
    return method


class Adapter:
    """A real server in place of the component of the same name. `patience_s` bounds each blocking operation.

    What an operation of one that `makes_names` answers is made up by the server, such as a random token: it counts as
    equal to what the model answers if the two are the same by the order in which they were made. `foreseen` is what the
    model's component, by the name of its instance, holds after the step that is being made: for a fault whose outcome
    leaves open whether anything was done.
    """

    patience_s: float = 10.0
    makes_names: bool = False
    foreseen: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, name: str) -> None:
        self.name = name

    def perform(self, operation: Operation, fault: str | None = None, wish: Any = None) -> Any:
        """Do an operation on the real server, with a fault if one is asked for, and return its outcome.

        Raises NoLiveFormError if it, or the fault, has none; BlockedError if it did not become possible in time.
        """
        name = operation.name if fault is None else _method_name(operation, fault)
        method = getattr(self, name, None)
        if method is None or name.startswith("_"):
            happening = f"the fault {fault!r} at " if fault else ""
            raise NoLiveFormError(f"There is no live form of {happening}{self.name}.{operation.name} yet.")
        if getattr(method, "is_steered", False):
            return method(*operation.arguments, wish=wish)
        return method(*operation.arguments)

    def has_form(self, operation: Operation, fault: str) -> bool:
        """Return whether an operation with this fault has a live form."""
        return hasattr(self, _method_name(operation, fault))

    def notice(self, operation: Operation) -> None:
        """Take note of an operation that another program has just done on the same server."""

    def observe(self) -> dict[str, Any]:
        """Return what the server says now, as values of the model's components; nothing if it cannot be asked.

        That of a component is under its name, and those of a keyed one each under `name/key`.
        """
        return {}

    def comparable(self, value: Any) -> Any:
        """Return the part of a component's value that `observe` can know: all of it, unless an adapter says less."""
        return value

    def close(self) -> None:
        """Let go of connections and threads."""


def not_at_one_instant(block: Block | Accompanied) -> NoLiveFormError:
    """Return what to raise for a block: real servers cannot be held at one instant while a role decides."""
    if isinstance(block, Accompanied):
        return NoLiveFormError(
            f"There is no live form of {block} on a node: real processes that live and die together are not run yet."
        )
    return NoLiveFormError(
        f"There is no live form of {block}: several operations, one of which decides on the next, are not one instant "
        "on real servers. Make it one operation of a component, with a live adapter that does it in a transaction or a "
        "script."
    )


def _method_name(operation: Operation, fault: str) -> str:
    return f"{operation.name}_{fault.replace('-', '_')}"


def poll(patience_s: float, what: str) -> Iterator[None]:
    """Yield again and again, ever more slowly, until patience ends; then raise BlockedError, naming `what`."""
    deadline = time.monotonic() + patience_s
    pause_s = POLL_S
    while True:
        yield
        if time.monotonic() > deadline:
            raise BlockedError(f"{what} within {patience_s:g} s")
        time.sleep(pause_s)
        pause_s = min(pause_s * 1.5, POLL_S_MAX)
