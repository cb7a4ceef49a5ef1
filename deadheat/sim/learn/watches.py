"""Properties over packed states: what each part of one says is looked up, once it was evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadheat.sim.errors import PurityError
from deadheat.sim.model import Kind, Part, Property
from deadheat.sim.places import place_of

if TYPE_CHECKING:  # the tables make the watches
    from deadheat.sim.learn.tables import Tables

__all__ = ["EveryStepError", "Watch", "WatchedPart"]


class EveryStepError(Exception):
    """A step property can be violated by a step that changes nothing of what it reads, and is not asked of these."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class WatchedPart:
    """A part of a property over packed states; evaluated once for each content of the components that it reads.

    `known` holds what it was evaluated for: the fields that it reads of one state, or, for STEP, of two.
    """

    def __init__(self, tables: Tables, prop: Property, part: Part) -> None:
        self.property = prop
        self.fields = tuple(dict.fromkeys(field for name in part.reads for field in tables.fields.of(name)))
        self._part = part
        self._mask = sum(tables.field_mask(field) for field in self.fields)
        self._tables = tables
        self._is_always = prop.kind is Kind.ALWAYS
        self.known: dict[tuple[int, ...], bool] = {}

    def reads(self, fields: int) -> bool:
        """Return whether the part depends on any of the fields in this mask."""
        return bool(self._mask & fields)

    def violated(self, state: int) -> bool:
        """Return whether the part, of a property of any kind but STEP, is violated in this state."""
        return self.evaluate(state)

    def violated_by(self, before: int, after: int) -> bool:
        """Return whether a transition violates the part; one SETTLED or EVENTUALLY never is, by a transition."""
        if self._is_always:
            known = self.known.get((after & self._mask,))  # which it nearly always is
            return self.evaluate(after) if known is None else known
        return self.property.kind is Kind.STEP and self.evaluate(before, after)

    def evaluate(self, *states: int) -> bool:
        """Return whether the part is violated in a state, or, for STEP, between two.

        Raises EveryStepError where a step that changes nothing of what it reads can violate it too.
        """
        mask = self._mask
        fields = (states[0] & mask,) if len(states) == 1 else (states[0] & mask, states[1] & mask)  # asked very often
        known = self.known.get(fields)
        if known is None:
            for state in states if self.property.kind is Kind.STEP else ():
                self.require_change(state)
            known = self.known[fields] = self._violated(*states)
        return known

    def require_change(self, state: int) -> None:
        """Raise EveryStepError if a step that changes nothing of what the part reads would violate it here."""
        if not self.property.every_step and self._violated(state, state):
            raise EveryStepError(self.property.name)

    def sees(self, fields: int) -> bool:
        """Return whether a step that changes these fields has to be looked at."""
        return self.property.every_step or self.reads(fields)

    def _violated(self, *states: int) -> bool:
        views = [self._tables.view(state, self._part.reads) for state in states]
        violated = self.property.violated_in(self._part, *views) is not None
        turned_views = [self._tables.turned_view(state, self._part.reads) for state in states]
        pairs = zip(turned_views, views, strict=True)
        has_sets = any(other[name] is not view[name] for other, view in pairs for name in view)
        if has_sets and violated != (self.property.violated_in(self._part, *turned_views) is not None):
            raise PurityError(
                f"The property {self.property.name!r} in {place_of(self._part.violation)} depends on the order of a "
                "set, which is not the same in every run; let it look at sorted(...) of it."
            )
        return violated


class Watch:
    """A property over packed states: it is violated where one of its parts is."""

    def __init__(self, prop: Property, parts: tuple[WatchedPart, ...]) -> None:
        self.property = prop
        self.parts = parts

    @classmethod
    def of(cls, tables: Tables, prop: Property) -> Watch:
        """Return the watch on a property over the states of these tables."""
        return cls(prop, tuple(WatchedPart(tables, prop, part) for part in prop.judged))

    @property
    def singles(self) -> tuple[Watch, ...]:
        """The watches on each of the parts alone: what lasts must be a violation of one and the same."""
        return tuple(Watch(self.property, (part,)) for part in self.parts)

    def violated(self, state: int) -> bool:
        """Return whether the property, of any kind but STEP, is violated in this state."""
        return any(part.violated(state) for part in self.parts)

    def violated_by(self, before: int, after: int) -> bool:
        """Return whether a transition violates the property; one SETTLED or EVENTUALLY never is, by a transition."""
        return any(part.violated_by(before, after) for part in self.parts)
