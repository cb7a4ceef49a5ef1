"""The values of a component by number: each of them once, compared by content."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from deadheat.sim.errors import ModelError, UnboundedError
from deadheat.sim.freeze import freeze
from deadheat.sim.learn.growth import SUSPICIOUS, Growth, widest
from deadheat.sim.rules.purity import turned

__all__ = ["FIELD_BITS", "FIELD_MASK", "InternedValues"]

FIELD_BITS = 16
FIELD_MASK = (1 << FIELD_BITS) - 1
"""What fits into a field of a packed state."""


@dataclass(slots=True)
class InternedValues:
    """The interned values of one component."""

    name: str
    values: list[Any]
    numbers: dict[Hashable, int]
    turned_values: dict[int, Any] = field(default_factory=dict)
    growth: Growth = field(default_factory=Growth)

    def number(self, value: Any) -> int:
        """Return the number of a value, a new one if it has none; raises UnboundedError where there is none left."""
        key = freeze(value)
        number = self.numbers.get(key)
        if number is None:
            number = len(self.values)
            self._require_room(number)
            self.numbers[key] = number
            self.values.append(value)
            if number >= SUSPICIOUS:
                self.growth.note_value(self.name, value)
        return number

    def _require_room(self, number: int) -> None:
        if number > FIELD_MASK:
            grown = widest(iter([self.growth]), at_least=2) or "the usual cause is a counter or a log without a bound"
            raise UnboundedError(
                f"The component {self.name!r} takes more than {FIELD_MASK + 1:,} values; {grown}. Bound it, or check "
                "fewer evaluations."
            )

    def turned(self, number: int) -> Any:
        """Return the value of that number with its sets turned (see `purity`)."""
        if number not in self.turned_values:
            self.turned_values[number] = turned(self.values[number])
        return self.turned_values[number]

    def require_unchanged(self) -> None:
        """Raise ModelError if a value was changed in place."""
        for key, number in self.numbers.items():
            if freeze(self.values[number]) != key:
                raise ModelError(
                    f"A value of the component {self.name!r} was changed in place; make a new one instead."
                )
