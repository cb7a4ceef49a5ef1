"""Breadth-first search of the quotient by symmetry, in plain Python: the obvious twin of what the kernel does."""

from __future__ import annotations

from dataclasses import replace

from deadheat.sim.explore import python
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions.symmetry import AsymmetricError, Symmetry, images, not_used
from deadheat.sim.explore.results import Exploration, Report
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model
from deadheat.sim.trace import Choice

__all__ = ["QuotientSearch", "explore"]


@asking_every_step
def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model breadth first (see `Explorer`), up to an exchange of its interchangeable names.

    Where they are not interchangeable, everything is explored, and a remark says why.
    """
    if len(model.interchangeable) < 2:
        return python.explore(model, options, report)
    try:
        search = QuotientSearch(Tables(model, merging=options.merging is not False), options, report)
        search.run()
        search.symmetry.learn()
    except AsymmetricError as error:
        found = python.explore(model, options, report)
        return replace(found, remarks=(*found.remarks, not_used(model.interchangeable, error)))
    search.tables.verify_purity()
    return search.result()


class QuotientSearch(python.Search):
    """One search at work; it sees only states that stand for themselves. `folded` counts the transitions to others."""

    def __init__(self, tables: Tables, options: SearchOptions = SearchOptions(), report: Report | None = None) -> None:
        super().__init__(tables, options, report)
        self.symmetry: Symmetry = Symmetry(tables)
        self.folded = 0

    def _expand(self, states: list[int], following: list[int]) -> None:
        for state in states:
            choices = self.tables.choices(state)
            self.symmetry.learn()
            self.transitions += len(choices)
            for successor, after in choices:
                if successor.budget:
                    self.budgets_drawn_on |= successor.budget
                    self.marks.add(successor.mark)
                self._check_transition(successor.watches, state, after)
                representative = self.symmetry.representative(after)
                self.folded += representative != after
                if representative not in self.parents:
                    self.parents[representative] = state
                    following.append(representative)
            if not any(successor.owed and successor.delta for successor, _ in choices):
                self._quiescent.append(state)

    def _choices(self, path: list[int]) -> tuple[Choice, ...]:
        return self.symmetry.unfolded(path)

    def result(self) -> Exploration:
        """Return what was found."""
        found = super().result()
        if not self.folded:
            return found
        labels = frozenset(images(self.symmetry, found.labels_reached))
        return replace(
            found, labels_reached=labels, reductions=(*found.reductions, "symmetry"), remarks=(self.symmetry.remark,)
        )
