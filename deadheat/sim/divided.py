"""Components whose values have parts, of which most operations touch few (see `learn/component_fields`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from deadheat.sim.components import Component
from deadheat.sim.operations import Operation

__all__ = ["DividedComponent"]


class DividedComponent(Component, ABC):
    """A component whose values have so many `parts`.

    What is said of the operations of one class need not be true of those of another that is derived from it: only where
    the class of a component itself says how many parts there are, its values are divided.
    """

    parts: int

    @property
    def is_divided(self) -> bool:
        """Whether values are divided."""
        return "parts" in vars(type(self))

    @abstractmethod
    def divided(self, value: Any) -> tuple[Any, ...]:
        """Return the parts of a value."""

    @abstractmethod
    def joined(self, parts: tuple[Any, ...]) -> Any:
        """Return the value that has these parts; where not all are given, the others are those of the initial value."""

    @abstractmethod
    def parts_touched(self, request: Operation) -> Iterable[int]:
        """Return the numbers of the parts that an operation may look at or change."""
