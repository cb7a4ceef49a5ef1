"""How a role begins: what is called must be a generator function that takes what it is given."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from types import GeneratorType
from typing import Any

from deadheat.sim.counting import a
from deadheat.sim.errors import ModelError
from deadheat.sim.nearest import not_taken
from deadheat.sim.operations import Request
from deadheat.sim.places import place_of

__all__ = ["begun"]


def begun(role: Callable[..., Any], *arguments: Any) -> Generator[Request, Any, Any]:
    """Return a role that has begun; raises ModelError, naming its place, if it is no generator function of these."""
    try:
        generator = role(*arguments)
    except TypeError:
        if (parameters := not_taken(role, arguments)) is not None:
            given = ", ".join(type(each).__name__ for each in arguments)
            raise ModelError(
                f"The role {place_of(role)} takes {parameters}, and is given ({given}); let it take as many."
            ) from None
        raise
    if isinstance(generator, GeneratorType):
        return generator
    is_async = isinstance(generator, Coroutine | AsyncGenerator)
    if isinstance(generator, Coroutine):
        generator.close()
    what_to_do = (
        "write `def` and `yield`, no `async` and `await`"
        if is_async
        else "let it be a generator function, which yields operations"
    )
    raise ModelError(f"The role {place_of(role)} returned {a(generator)} when it began; {what_to_do}.")
