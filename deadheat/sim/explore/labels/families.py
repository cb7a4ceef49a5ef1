"""Which sets of faults one model serves: all of those whose own models are parts of it.

A model is made for a budget of faults, and what only a fault brings about is there only if that has a budget: a second
worker, a replica that lags. So each set of faults has a model of its own. Sets are of one *family* where, of all that
their models have in common, everything is alike; then the model of the family has the processes of all of them.

For a set of the family, the processes that its own model lacks must not make a step as long as no other faults than
those of the set have happened. That is not believed, but looked at whenever a step is made (`absent`); where one is
made, the process is *dividing*: sets with and without it are of different families, and the search is done again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from deadheat.sim.explore.labels.alike import Alike
from deadheat.sim.explore.labels.sets import Kinds, parts_of
from deadheat.sim.model import Model, Process

__all__ = ["DividingError", "Family", "families_of"]


class DividingError(Exception):
    """A process made a step that the model of some set lacks."""

    def __init__(self, process: str) -> None:
        super().__init__(process)
        self.process = process


@dataclass
class Family:
    """Sets of faults, and the model that serves them all; `present` tells which processes each set's own model has."""

    model: Model
    present: dict[Kinds, frozenset[str]] = field(default_factory=dict)

    def foreign(self) -> set[Kinds]:
        """Return the sets that are contained in one of the family, and are themselves of another.

        What violates something under one of these is no answer for it: its own model may not come there.
        """
        return {part for kinds in self.present for part in parts_of(kinds)} - self.present.keys()

    def absent(self) -> dict[Kinds, frozenset[str]]:
        """Return, for each set that is contained in one of the family, the processes that must not step under it."""
        absent: dict[Kinds, frozenset[str]] = {}
        everybody = frozenset(each.name for each in self.model.processes)
        for kinds, present in self.present.items():
            missing = everybody - present
            for part in parts_of(kinds):
                absent[part] = absent.get(part, frozenset()) | missing
        return absent


def families_of(models: Iterable[tuple[Kinds, Model]], dividing: Collection[str] = ()) -> list[Family]:
    """Return the families of these sets, each given with its model; sets of one family agree in who is dividing."""
    found: list[tuple[frozenset[str], Family, Alike]] = []
    for kinds, model in models:
        present = frozenset(each.name for each in model.processes)
        divided = present & frozenset(dividing)
        for agreed, family, alike in found:
            if agreed == divided and _fits(model, family.model, alike):
                family.model = _joined(family.model, model)
                family.present[kinds] = present
                break
        else:
            found.append((divided, Family(model, {kinds: present}), Alike()))
    return [family for _, family, _ in found]


def _fits(model: Model, joint: Model, alike: Alike) -> bool:
    """Return whether all that two models have in common is alike, and they differ in their processes alone."""
    known: Mapping[str, Process] = {each.name: each for each in joint.processes}
    pairs: list[tuple[Any, Any]] = [
        (model.components, joint.components),
        (model.properties, joint.properties),
        (model.quiet, joint.quiet),
        (model.interchangeable, joint.interchangeable),
        (model.declared, joint.declared),
        *((each, known[each.name]) for each in model.processes if each.name in known),
    ]
    return all(alike.alike(*each) for each in pairs)


def _joined(joint: Model, model: Model) -> Model:
    known = {each.name for each in joint.processes}
    more = tuple(each for each in model.processes if each.name not in known)
    return replace(joint, processes=(*joint.processes, *more)) if more else joint
