"""A block that says in the end what it has done: what that was is known only when it has happened."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from types import CodeType, FunctionType
from typing import Any

from deadheat.sim.operations import Block, Operation, Reach

__all__ = ["NOTES", "noting_block"]

Noting = Callable[[tuple[Operation, ...]], Operation | None]
"""Returns the operation by which it is noted that these were made, if it is to be."""


def noting_block(block: Block, note: Noting, reaches: str) -> Block:
    """Return a block that does the same, and notes what it has done, by an operation of the component it `reaches`.

    What is noted is to be told by `note`, which is compared by value, and changes nothing that the block looks at.
    """

    @wraps(block.function)
    def noted(*arguments: Any) -> Generator[Operation, Any, Any]:
        return _drive(block.function(*arguments), note)

    assert isinstance(noted, FunctionType)
    touched = (*block.reaches, Reach(reaches))
    return Block(noted, block.called_with, block.arguments, touched, (block.content, note, touched), block.label)


def _drive(wrapped: Generator[Operation, Any, Any], note: Noting) -> Generator[Operation, Any, Any]:
    made: tuple[Operation, ...] = ()
    answer: Any = None
    while True:
        try:
            request = wrapped.send(answer)
        except StopIteration as end:
            noted = note(made)
            if noted is not None:
                yield noted
            return end.value
        made = (*made, request)
        answer = yield request


NOTES: CodeType = _drive.__code__
"""The code of the generator in between: the block that it drives is its local `wrapped`."""
