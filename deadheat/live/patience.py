"""What is waited for so long at most, whatever it waits for itself: a time limit of a socket is one for each piece."""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread
from typing import TypeVar

__all__ = ["within"]

Result = TypeVar("Result")


def within(seconds: float, action: Callable[[], Result], given_up: Callable[[Thread], None] = lambda _: None) -> Result:
    """Return what an action returns, or raise what it raises; TimeoutError if that takes longer.

    The thread in which it runs is then left to itself, after it was `given_up`.
    """
    returned: list[Result] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(action())
        except BaseException as error:  # which is raised where it is waited for
            raised.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        given_up(thread)
        raise TimeoutError
    if raised:
        raise raised[0]
    return returned[0]
