"""What tables hold: lessons, and successors, which are looked up by what the fields hold that a step reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar

from deadheat.sim.learn.watches import WatchedPart
from deadheat.sim.run.coverage import Site
from deadheat.sim.trace import Choice

__all__ = ["Learned", "Lesson", "Mark", "Row", "Successor"]

Entry = TypeVar("Entry")


class Successor(NamedTuple):
    """A transition, wherever the fields that it reads hold what they held when it was learned.

    It is enabled where `budget` is 0 or the state has a bit of it set. `watches` are the parts of properties that it
    may violate: those that read a component which it changes, and those asked of every step. A `mark` that is not
    negative is the number of a mark: its operation goes on by faults alone, and is reached when one of them happens.
    """

    delta: int
    budget: int
    owed: bool
    watches: tuple[WatchedPart, ...]
    choice: Choice
    mark: int = -1


class Mark(NamedTuple):
    """What a step reaches: the site at which it is asked for, its label, and the sites inside a block.

    By which fault, if only by one.
    """

    site: Site
    label: str | None
    fault: str | None
    inside: tuple[Site, ...] = ()


class Learned(dict[int, Entry]):
    """A table that asks for what it does not hold yet, once."""

    def __init__(self, learn: Callable[[int], Entry]) -> None:
        super().__init__()
        self._learn = learn

    def __missing__(self, key: int) -> Entry:
        value = self[key] = self._learn(key)
        return value


class Lesson(NamedTuple):
    """What was learned: the row of that number of a process's local state, where its fields hold this.

    Tables that are given the same lessons in the same order number everything alike.
    """

    process: int
    local: int
    row: int
    fields: int


class Row(NamedTuple):
    """One way for one process in one local state to go on.

    `mask` covers the fields that it reads; `successors` are looked up by what those fields hold. Those that the
    budgets do not allow are among them.
    """

    mask: int
    successors: Learned[tuple[Successor, ...]]
