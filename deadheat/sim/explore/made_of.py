"""What the states of a search are made of: by how much each fault, process and component multiplies them.

A fault: the states seen, for each one in which it has not happened. A budget only falls, so those are the states that
there are without the fault, within the same distance. A process or component: the states, for each one that is left
when it is not told apart where that stands, or what that holds; the others are then what they are anyhow.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from deadheat.sim.explore.estimate import Estimate, estimated
from deadheat.sim.model import UNLIMITED

if TYPE_CHECKING:  # not at run time: a small space must not wait for it
    import numpy
    from numpy.typing import NDArray

    from deadheat.sim.learn.tables import Tables

    Fields = NDArray[numpy.uint16]
    """Packed states, one a row: what each field holds."""

__all__ = ["LOOKED_AT", "MadeOf", "Part", "made_of", "nearest_layers"]

LOOKED_AT = 100_000
"""So many states are looked at."""


@dataclass(frozen=True, slots=True)
class Part:
    """A fault, process or component: how many values it takes, and how many times as many states there are for it.

    `once_less` is the same for a fault that may happen several times: the states for each one in which it has happened
    at most one time less than it may.
    """

    kind: str
    name: str
    values: int
    factor: float
    once_less: float | None = None


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What the states within some distance are made of, by their layers; the parts by their factors.

    The `estimate` is of all states, where the layers say something of it. Of many states not all are looked at: for
    faults an even part of them, and for processes and components the nearest ones.
    """

    layers: tuple[int, ...]
    parts: tuple[Part, ...]
    estimate: Estimate | None

    @property
    def states(self) -> int:
        """How many states that are."""
        return sum(self.layers)

    def of_kind(self, kind: str) -> list[Part]:
        """Return the parts of one kind."""
        return [each for each in self.parts if each.kind == kind]


def made_of(tables: Tables, even: Fields, nearest: Fields, layers: Sequence[int], *, complete: bool) -> MadeOf:
    """Return what states are made of, given an even part of them, the nearest ones, and the sizes of all layers."""
    parts = sorted((*_faults(tables, even), *_others(tables, nearest)), key=lambda each: -each.factor)
    estimate = Estimate(sum(layers), sum(layers), sum(layers)) if complete else estimated(layers)
    return MadeOf(tuple(layers), tuple(parts), estimate)


def _faults(tables: Tables, fields: Fields) -> Iterator[Part]:
    def factor(of: Any) -> float:
        return len(fields) / max(1, int(of.sum()))

    budgets = tables.model.budgets
    for field, (kind, budget) in enumerate(budgets.items(), start=fields.shape[1] - len(budgets)):
        if budget > 0 and budget != UNLIMITED:
            left = fields[:, field]
            yield Part("fault", kind, budget + 1, factor(left == budget), factor(left > 0) if budget > 1 else None)


def _others(tables: Tables, fields: Fields) -> Iterator[Part]:
    import numpy

    model, values = tables.model, tables.numbers_in_use()
    weights: Any = numpy.random.default_rng(1).integers(1, 1 << 63, fields.shape[1], dtype=numpy.uint64)  # of a hash

    def column(field: int) -> Any:
        return fields[:, field].astype(numpy.uint64) * weights[field]

    whole = sum(map(column, range(fields.shape[1])), numpy.zeros(len(fields), dtype=numpy.uint64))
    names = [("process", each.name) for each in model.processes] + [("component", name) for name in model.components]
    for field, (kind, name) in enumerate(names):
        yield Part(kind, name, values[field], len(fields) / len(numpy.unique(whole - column(field))))


def nearest_layers(layers: Sequence[int]) -> int:
    """Return how many of the nearest layers are looked at whole."""
    return max(1, bisect_right(list(accumulate(layers)), LOOKED_AT))
