"""What was reached under which labels: the labelled steps of roles, and the values of components."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy

from deadheat.sim.explore.compiled.arrays import Int64
from deadheat.sim.explore.labels.search import LabelSearch
from deadheat.sim.explore.labels.sets import Kinds, parts_of
from deadheat.sim.learn.lessons import Row
from deadheat.sim.learn.tables import FIELD_BITS

__all__ = ["Coverage"]


class Coverage:
    """What each set of up to so many faults has reached, as the searches of all parts of a system show it."""

    def __init__(self, searches: Sequence[LabelSearch], steps: Collection[str], size: int) -> None:
        self._parts = [_PartCoverage(each, steps, size) for each in searches]

    def steps_under(self, kinds: Kinds) -> frozenset[str]:
        """Return the labelled steps that some run makes under a set of faults."""
        return frozenset().union(*(each.steps_under(kinds) for each in self._parts))

    def values_under(self, kinds: Kinds) -> dict[str, list[Any]]:
        """Return the values that each component takes under a set of faults."""
        return {name: values for each in self._parts for name, values in each.values_under(kinds).items()}


class _PartCoverage:
    def __init__(self, search: LabelSearch, steps: Collection[str], size: int) -> None:
        self._search = search
        count = search.levels[min(size, len(search.levels) - 1)][-1][1]
        self._states = search.store.pairs.state[:count]
        self._labels = search.store.pairs.label[:count]
        states = int(self._states.max()) + 1  # they were found in the order of their first pairs
        words = search.store.words[: states * search.dense.layout.words]
        self._fields = search.dense.layout.unpack_fields(words)
        self._steps_of: dict[int, set[str]] = defaultdict(set)
        self._values_of: dict[str, dict[int, set[int]]] = {}
        self._find_steps(steps)
        self._find_values()

    def steps_under(self, kinds: Kinds) -> frozenset[str]:
        return frozenset().union(*(self._steps_of[label] for label in self._parts_of(kinds)))

    def values_under(self, kinds: Kinds) -> dict[str, list[Any]]:
        labels = self._parts_of(kinds)
        numbers = {name: set().union(*(of[label] for label in labels)) for name, of in self._values_of.items()}
        return {name: self._search.tables.values_of(name, of) for name, of in numbers.items()}

    def _parts_of(self, kinds: Kinds) -> list[int]:
        return [self._search.labels.numbers[part] for part in parts_of(kinds)]

    def _find_values(self) -> None:
        tables = self._search.tables
        for name in tables.model.components:
            if not tables.fields.is_whole(name):
                continue  # nobody looks at values that have parts
            contents = self._fields[:, tables.component_field(name)]
            of: dict[int, set[int]] = defaultdict(set)
            self._values_of[name] = of
            for label, number in self._different(numpy.arange(len(self._states)), contents[self._states]):
                of[label].add(number)

    def _different(self, pairs: Int64, contents: Any) -> Iterator[tuple[int, int]]:
        together = self._labels[pairs].astype(numpy.int64) << FIELD_BITS | contents
        for each in numpy.unique(together).tolist():
            yield each >> FIELD_BITS, each & ((1 << FIELD_BITS) - 1)

    def _find_steps(self, steps: Collection[str]) -> None:
        tables = self._search.tables
        for process in range(len(tables.locals)):
            locals_here = self._fields[:, process][self._states]
            for local in numpy.unique(locals_here).tolist():
                for alternative in range(tables.operations_in(process, local)):
                    label = tables.label_of(process, local, alternative)
                    if label is not None and label in steps:
                        pairs = numpy.flatnonzero(locals_here == local)
                        rows = tables.rows[process][local]
                        for row in (alternative, tables.faults_row(process, local, alternative)):
                            self._find_in(label, rows[row], pairs)

    def _find_in(self, name: str, row: Row, pairs: Int64) -> None:
        """Note under which labels a row has a step, in the states of these pairs."""
        mask = row.mask | self._budgets_of(row)
        fields = [field for field in range(self._fields.shape[1]) if mask >> (field * FIELD_BITS) & 1]
        contents = self._fields[self._states[pairs]][:, fields]
        rows, which = numpy.unique(contents, axis=0, return_inverse=True)
        for number, content in enumerate(rows.tolist()):
            held = sum(each << (field * FIELD_BITS) for each, field in zip(content, fields, strict=True))
            labels = numpy.unique(self._labels[pairs[which.ravel() == number]]).tolist()
            for each in row.successors.get(held & row.mask, ()):
                is_drawn = not each.budget or held & each.budget
                for label in labels if is_drawn else self._with(labels, each.budget):
                    self._steps_of[label].add(name)

    def _budgets_of(self, row: Row) -> int:
        """Return the fields of the budgets that steps of a row draw on."""
        budgets = 0
        for successors in row.successors.values():
            for each in successors:
                budgets |= each.budget
        return budgets

    def _with(self, labels: list[int], budget: int) -> list[int]:
        """Return the labels that a fault leads to for which nothing is left of its budget."""
        known, tables = self._search.labels, self._search.tables
        for number, kind in enumerate(tables.kinds):
            if budget & tables.budget_fields([kind]):
                after = [int(known.following[label * known.kinds + number]) for label in labels]
                return [label for label in after if label >= 0]
        return []
