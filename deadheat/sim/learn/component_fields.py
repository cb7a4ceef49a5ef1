"""Which fields of a packed state hold the values of components: one field each, or one for each part of a value.

What a step does is learned once for all states that are alike in the fields that it touches. So where a value has parts
of which an operation touches few, as of many deliveries one, to have a field for each part makes for few lessons: all
that the others may hold need not be gone through. The parts that a step does not touch are at their initial values when
it is learned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from deadheat.sim.divided import DividedComponent
from deadheat.sim.model import Model
from deadheat.sim.operations import Accompanied, Block, Instant, Operation
from deadheat.sim.run.stepping import touched

__all__ = ["ComponentFields"]


class ComponentFields:
    """The fields of the components of a model, from a first one on; `names` has the component of each.

    Values are `divided` into parts, or are whole.
    """

    def __init__(self, model: Model, first: int, *, divided: bool) -> None:
        self._model = model
        self._of: dict[str, range] = {}
        self._divided: dict[str, DividedComponent] = {}
        self.names: list[str] = []
        for name, component in model.components.items():
            if divided and isinstance(component, DividedComponent) and component.is_divided:
                self._divided[name] = component
            start = first + len(self.names)
            self.names += [name] * (self._divided[name].parts if name in self._divided else 1)
            self._of[name] = range(start, first + len(self.names))
        self.every = range(first, first + len(self.names))

    def of(self, name: str) -> range:
        """Return the fields of a component."""
        return self._of[name]

    def is_whole(self, name: str) -> bool:
        """Return whether the values of a component have one field."""
        return name not in self._divided

    def divided(self, name: str, value: Any) -> Iterable[tuple[int, Any]]:
        """Return what each field of a component holds where it has this value."""
        parts = self._divided[name].divided(value) if name in self._divided else (value,)
        return zip(self._of[name], parts, strict=True)

    def joined(self, name: str, parts: Sequence[Any]) -> Any:
        """Return the value of a component of which the fields hold these parts."""
        return self._divided[name].joined(tuple(parts)) if name in self._divided else parts[0]

    def touched(self, request: Instant) -> set[int]:
        """Return the fields that a request may read or change; raises ModelError where a component does not exist."""
        fields: set[int] = set()
        for name in touched(self._model, request):
            divided = name in self._divided
            fields.update(self._of[name][part] for part in (self._parts_touched(request, name) if divided else (0,)))
        return fields

    def _parts_touched(self, request: Instant, name: str) -> Iterator[int]:
        component = self._divided[name]
        if isinstance(request, Block):  # what it asks for is not known beforehand
            yield from range(component.parts)
        elif isinstance(request, Operation):
            if request.component == name:
                yield from component.parts_touched(request)
        elif isinstance(request, Accompanied):
            for each in (request.request, *request.by):
                yield from self._parts_touched(each, name)
        else:
            for each in request.operations:
                yield from self._parts_touched(each, name)
