"""Threads in which compiled functions run at the same time, one a core: they do without Python's lock."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import pairwise
from types import TracebackType
from typing import Any, TypeVar

__all__ = ["Threads", "nothing"]

Result = TypeVar("Result")


def nothing() -> None:
    """Do nothing."""


class Threads:
    """So many threads; where one is enough, there is none but that which calls."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._pool = ThreadPoolExecutor(size) if size > 1 else None

    def each(self, work: Callable[[int], Result], meanwhile: Callable[[], None] = nothing) -> list[Result]:
        """Do some work for each number, at the same time; return what each returned.

        What is to be done `meanwhile` is done by the thread that calls this.
        """
        if self._pool is None:
            meanwhile()
            return [work(0)]
        futures: list[Any] = [self._pool.submit(work, number) for number in range(self.size)]
        try:
            meanwhile()
        finally:
            wait(futures)
        return [future.result() for future in futures]

    def parts(self, count: int) -> list[slice]:
        """Return which of so many things each thread is to do."""
        ends = [count * number // self.size for number in range(self.size + 1)]
        return [slice(*each) for each in pairwise(ends)]

    def close(self) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
