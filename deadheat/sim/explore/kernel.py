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

from itertools import islice
from pathlib import Path

from deadheat.sim.explore import python
from deadheat.sim.explore.checkpoint import Saved, load
from deadheat.sim.explore.compiled.layout import WORD_BITS, Layout
from deadheat.sim.explore.compiled.search import KernelSearch, Settings
from deadheat.sim.explore.results import Exploration, Limits, Report
from deadheat.sim.model import Model
from deadheat.sim.tables import Tables

__all__ = ["BY_FINGERPRINT", "EXACTLY", "explore", "go_on"]

EXACTLY, BY_FINGERPRINT = Settings(), Settings(fingerprint_bits=WORD_BITS)
"""The two ways in which states are told apart."""


def explore(
    model: Model,
    limits: Limits = Limits(),
    *,
    merging: bool = True,
    report: Report | None = None,
    checkpoint: Path | None = None,
    fingerprint: bool = False,
) -> Exploration:
    """Explore a model breadth first (see `Explorer`), by compiled code from the first state on.

    With `fingerprint`, states are told apart by a hash of 64 bits (see `fingerprint_store`): less memory for each.
    A search that was saved as the `checkpoint` goes on from there. Raises ModelError or PurityError where the model
    breaks a rule of the engine, and CheckpointError for a file that cannot be gone on with.
    """
    settings = BY_FINGERPRINT if fingerprint else EXACTLY
    if checkpoint is not None and checkpoint.exists():
        search = KernelSearch(*load(checkpoint, model, merging=merging), limits, report, settings)
        search.checkpoint = checkpoint
        return search.finish()
    return go_on(python.Search(Tables(model, merging=merging), limits, report), checkpoint, settings)


def go_on(begun: python.Search, checkpoint: Path | None = None, settings: Settings = EXACTLY) -> Exploration:
    """Finish a search that was begun in plain Python and stopped at the end of a layer."""
    layout = Layout.fitting(begun.tables.numbers_in_use())
    states = iter(begun.parents)
    parts = [layout.pack(list(islice(states, size))) for size in begun.layer_sizes]
    split = [*parts[:-1], parts[-1][:0], parts[-1]] if begun.layer else [*parts, parts[-1][:0]]
    saved = Saved(
        layout=layout,
        parts=[[part] for part in split],
        depth=begun.depth,
        transitions=begun.transitions,
        faults_fired=sorted(begun.tables.faults_in(begun.budgets_drawn_on)),
        found={},
        schedules=begun.schedules(),
    )
    search = KernelSearch(begun.tables, saved, begun.limits, begun.report, settings)
    search.checkpoint = checkpoint
    return search.finish()
