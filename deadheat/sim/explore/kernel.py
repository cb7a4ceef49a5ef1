"""Breadth-first search by compiled code, for large spaces: millions of states a second.

The same search as `python`, over the same tables, kept as dense arrays and walked by numba functions. What the arrays
do not hold yet is noted, learned by running the processes in one batch, and made up for; so every transition is
taken exactly once, in the same layer. Within a layer, states are found in another order than by `python`: what is
found, counted and decided is the same, and so is every length; of several shortest counterexamples it may show
another.

The two papers behind it: Uri Stern and David L. Dill, "Parallelizing the Murphi verifier" (1997), for states spread
over workers by their hash; Ulrich Stern, "Algorithmic techniques in verification by explicit state enumeration"
(1997), for paths found again layer by layer, without a parent for every state.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

from deadheat.sim.explore import python
from deadheat.sim.explore.checkpoint import Saved, load
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.search import KernelSearch, Settings
from deadheat.sim.explore.results import Exploration, Limits, Report
from deadheat.sim.explore.symmetry import AsymmetricError, not_used
from deadheat.sim.model import Model
from deadheat.sim.tables import Tables

__all__ = ["explore", "go_on"]


def explore(
    model: Model,
    limits: Limits = Limits(),
    *,
    merging: bool = True,
    symmetry: bool = False,
    report: Report | None = None,
    checkpoint: Path | None = None,
) -> Exploration:
    """Explore a model breadth first (see `Explorer`), by compiled code from the first state on.

    With `symmetry`, up to an exchange of the model's interchangeable names; where they are not interchangeable,
    everything is explored, and a remark says why.

    A search that was saved as the `checkpoint` goes on from there. Raises ModelError or PurityError where the model
    breaks a rule of the engine, and CheckpointError for a file that cannot be gone on with.
    """
    begun = python.Search(Tables(model, merging=merging), limits, report)
    if checkpoint is None or not checkpoint.exists():
        return go_on(begun, checkpoint, symmetry=symmetry)
    tables, saved = load(checkpoint, model, merging=merging, symmetry=symmetry)
    try:
        return _finished(tables, saved, begun, checkpoint)
    except AsymmetricError as error:
        return _without_symmetry(begun, checkpoint, Settings(), error)


def go_on(
    begun: python.Search, checkpoint: Path | None = None, settings: Settings = Settings(), *, symmetry: bool = False
) -> Exploration:
    """Finish a search that was begun in plain Python and stopped at the end of a layer.

    With `symmetry` it is begun anew, over the same tables. They stay where there turns out to be none: an image is
    learned only of what can happen, after its past was verified, so it can happen too.
    """
    tables = begun.tables
    if not symmetry or len(tables.model.interchangeable) < 2:
        return _finished(tables, _saved(begun), begun, checkpoint, settings)
    anew = python.Search(tables, begun.limits, begun.report)
    try:
        return _finished(tables, replace(_saved(anew), folded=0), begun, checkpoint, settings)
    except AsymmetricError as error:
        return _without_symmetry(begun, checkpoint, settings, error)


def _without_symmetry(
    begun: python.Search, checkpoint: Path | None, settings: Settings, reason: AsymmetricError
) -> Exploration:
    found = go_on(begun, checkpoint, settings)
    return replace(found, remarks=(*found.remarks, not_used(begun.tables.model.interchangeable, reason)))


def _finished(
    tables: Tables, saved: Saved, begun: python.Search, checkpoint: Path | None, settings: Settings = Settings()
) -> Exploration:
    search = KernelSearch(tables, saved, begun.limits, begun.report, settings)
    search.checkpoint = checkpoint
    return search.finish()


def _saved(begun: python.Search) -> Saved:
    """Return a search that was begun in plain Python in the form in which the kernel goes on with one."""
    layout = Layout.fitting(begun.tables.numbers_in_use())
    states = iter(begun.parents)
    parts = [layout.pack(list(islice(states, size))) for size in begun.layer_sizes]
    return Saved(
        layout=layout,
        parts=[*parts[:-1], parts[-1][:0], parts[-1]] if begun.layer else [*parts, parts[-1][:0]],
        depth=begun.depth,
        transitions=begun.transitions,
        faults_fired=sorted(begun.tables.faults_in(begun.budgets_drawn_on)),
        found={},
        schedules=begun.schedules(),
    )
