"""What a command that runs the user's code takes care of: what that prints, and that it comes back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import Any, TypeVar

from deadheat.commands.ending import print_apart, say

__all__ = ["STILL_AT_WORK", "at_work", "prints_apart", "runs_users_code"]

Command = TypeVar("Command", bound=Callable[..., Any])

STILL_AT_WORK = (
    "deadheat: interrupted; ending with what was found so far. That may take a while; Ctrl-C again ends at once, with "
    "nothing."
)


def runs_users_code(command: Command) -> Command:
    """Return a command for what roles, operations and properties do in it: they print to stderr, and have an end."""

    @wraps(command)
    def run(*arguments: Any, **named: Any) -> Any:
        with at_work():
            return command(*arguments, **named)

    return run  # type: ignore[return-value]


def prints_apart(command: Command) -> Command:
    """Return a command in which roles print to stderr; without a watch, since on real servers steps take their time."""

    @wraps(command)
    def run(*arguments: Any, **named: Any) -> Any:
        with print_apart():
            return command(*arguments, **named)

    return run  # type: ignore[return-value]


@contextmanager
def at_work() -> Iterator[None]:
    """Let the user's code print to stderr meanwhile, and have an end."""
    with print_apart(), _watched():
        yield


@contextmanager
def _watched() -> Iterator[None]:
    from deadheat.scenarios.interruption import watch

    seconds = count()

    def still_at_work() -> None:
        if next(seconds) == 1:  # not at once: most searches have ended by then
            say(STILL_AT_WORK)

    watching = watch(still_at_work)
    try:
        yield
    finally:
        watching.stop()
