"""The tables of a model in which any number of faults may happen, each of which adds to a label.

A fault that is not in the base, the faults that are allowed anyhow, has no budget in a state: its field holds nothing
and takes no room, and so nothing that looks at states alone (what is settled, what goes on for ever) sees it happen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from typing import NamedTuple

from deadheat.sim.learn.tables import FIELD_BITS, Successor, Tables
from deadheat.sim.model import UNLIMITED, Model

__all__ = ["LabelTables", "Labelled"]


class Labelled(NamedTuple):
    """A transition, the state that it leads to, and the kind of fault that it adds to the label, if any."""

    successor: Successor
    after: int
    kind: str | None


class LabelTables(Tables):
    """The tables of a model, where the faults of these kinds add to labels, those of `base` once that is used up."""

    def __init__(self, model: Model, kinds: Sequence[str], base: Mapping[str, int], *, merging: bool = True) -> None:
        budgets = {kind: base.get(kind, 0) or UNLIMITED for kind in kinds}
        budgets |= {kind: budget for kind, budget in base.items() if kind not in budgets}
        model = copy(model)  # which keeps what a part of a model knows of the whole
        object.__setattr__(model, "budgets", budgets)
        super().__init__(model, merging=merging)
        self.kinds = tuple(kinds)
        self.free = frozenset(kind for kind in kinds if not base.get(kind))

    def initial(self) -> int:
        """Return the packed initial state."""
        return super().initial() & ~self.budget_fields(self.free)

    def numbers_in_use(self) -> list[int]:
        """Return, for each field, how many numbers it can hold."""
        counts = super().numbers_in_use()
        for kind in self.free:
            counts[self._budget_fields[kind]] = 1
        return counts

    def labelled(self, state: int) -> Iterator[Labelled]:
        """Yield all transitions of a packed state."""
        fields = {self._budget_fields[kind]: kind for kind in self.kinds}
        for process in range(len(self.rows)):
            for mask, successors in self.rows[process][self.field(state, process)]:
                for each in successors[state & mask]:
                    if not each.budget or state & each.budget:
                        yield Labelled(each, state + each.delta, None)
                        continue
                    field = (each.budget.bit_length() - 1) // FIELD_BITS
                    if field in fields:
                        kept = 0 if fields[field] in self.free else 1 << (field * FIELD_BITS)
                        yield Labelled(each, state + each.delta + kept, fields[field])

    def adds_to_labels_only(self, process: int, local: int, row: int) -> bool:
        """Return whether a row of a local state is a crash whose faults all add to labels."""
        states = self.locals[process]
        operations = len(states.states[local].operations)
        if row < operations:
            return False
        crashes = [each for each in states.process.crashes if self.model.budgets.get(each.kind)]
        return crashes[row - operations].kind in self.free
