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

from deadheat.sim.counting import counted
from deadheat.sim.explore import python
from deadheat.sim.explore.compiled.layout import Layout
from deadheat.sim.explore.compiled.search import KernelSearch
from deadheat.sim.explore.compiled.tuning import Tuning
from deadheat.sim.explore.every_step import asking_every_step, named_in
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.reductions.partial_order import Dependence, wander
from deadheat.sim.explore.reductions.symmetry import AsymmetricError, not_used
from deadheat.sim.explore.results import Exploration, Report
from deadheat.sim.explore.saved.checkpoint import Checkpoint, Saved, opened
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model

__all__ = ["explore", "finish", "go_on", "resumed", "saved_of"]


@asking_every_step
def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model breadth first (see `Explorer`), by compiled code from the first state on.

    It goes up to an exchange of the model's interchangeable names, unless `symmetry` is switched off; where they are
    not interchangeable, everything is explored, and a remark says why. With `partial_order`, it goes up to the order of
    steps that do not matter to each other. With `fingerprint`, states are told apart by a hash of 64 bits (see
    `fingerprint_store`): less memory for each.

    A search that was saved as the `checkpoint` goes on from there. Raises CheckpointError for a file that cannot be
    gone on with.
    """
    merging, symmetry = options.merging is not False, options.symmetry is not False
    with opened(options.checkpoint, model, merging=merging) as file:
        learned = remembering(model, merging=merging, values_max=options.values_max) if file is None else None
        begun = python.Search(learned or Tables(model, merging=merging), options, report)
        return finish(begun, file, symmetry=symmetry, partial_order=bool(options.partial_order))


def finish(begun: python.Search, checkpoint: Checkpoint | None, *, symmetry: bool, partial_order: bool) -> Exploration:
    """Finish what was saved to the checkpoint, or what was begun in plain Python where nothing was (see `go_on`)."""
    model = begun.tables.model
    loaded = checkpoint.load(symmetry=symmetry) if checkpoint is not None and checkpoint.exists() else None
    if loaded is None or not {*named_in(model)} <= {*named_in(loaded[0].model)}:
        return go_on(begun, checkpoint, symmetry=symmetry, partial_order=partial_order)
    search = KernelSearch(*loaded, begun.options, begun.report)
    search.checkpoint = checkpoint
    try:
        return search.finish()
    except AsymmetricError as error:
        return _without_symmetry(begun, error, checkpoint)


def go_on(
    begun: python.Search,
    checkpoint: Path | Checkpoint | None = None,
    tuning: Tuning = Tuning(),
    *,
    symmetry: bool = False,
    partial_order: bool = False,
) -> Exploration:
    """Finish a search that was begun in plain Python and stopped at the end of a layer.

    With `symmetry` it is begun anew, over the same tables, and with what it has found. The tables stay where there
    turns out to be none: an image is learned only of what can happen, after its past was verified, so it can happen
    too. A search that is saved to a checkpoint does without partial order.
    """
    in_part = partial_order and checkpoint is None
    with opened(checkpoint, begun.tables.model, merging=begun.tables.merging) as file:
        if not symmetry or len(begun.tables.model.interchangeable) < 2:
            return _finish(begun, saved_of(begun), file, tuning, in_part)
        anew = saved_of(python.Search(begun.tables, begun.options, begun.report))
        try:
            return _finish(begun, replace(anew, folded=0, schedules=begun.schedules()), file, tuning, in_part)
        except AsymmetricError as error:
            return _without_symmetry(begun, error, file, tuning, in_part)


def resumed(
    begun: python.Search, saved: Saved, tuning: Tuning = Tuning(), dependence: Dependence | None = None
) -> KernelSearch:
    """Return a compiled search that goes on from what was saved, over the tables of one in plain Python."""
    return KernelSearch(begun.tables, saved, begun.options, begun.report, tuning, dependence)


def _without_symmetry(
    begun: python.Search,
    reason: AsymmetricError,
    checkpoint: Checkpoint | None,
    tuning: Tuning = Tuning(),
    in_part: bool = False,
) -> Exploration:
    found = _finish(begun, saved_of(begun), checkpoint, tuning, in_part)
    return replace(found, remarks=(*found.remarks, not_used(begun.tables.model.interchangeable, reason)))


def _finish(
    begun: python.Search, saved: Saved, checkpoint: Checkpoint | None, tuning: Tuning, in_part: bool
) -> Exploration:
    if in_part:
        return _finish_in_part(begun, saved, tuning)
    search = resumed(begun, saved, tuning)
    search.checkpoint = checkpoint
    return search.finish()


def _finish_in_part(begun: python.Search, saved: Saved, tuning: Tuning) -> Exploration:
    """Finish a search with partial order, again until nothing was learned that it should have known.

    A search that left nothing out needed to know nothing.
    """
    wander(begun.tables)
    dependence = Dependence(begun.tables)
    while True:
        search = resumed(begun, saved, tuning, dependence)
        found = search.finish()
        is_final = not search.at_end or search.stopped or not search.expanded_in_part
        if is_final or (learned := Dependence(begun.tables)).confirms(dependence):
            return _with_shortest(begun, saved, tuning, _with_remark(found, search.expanded_in_part))
        dependence = learned


def _with_remark(found: Exploration, in_part: int) -> Exploration:
    if not in_part:
        return found
    remark = (
        f"In {in_part:,} of the states only processes that no other can disturb took their steps, since the order of "
        "theirs and others' steps makes no difference"
    )
    return replace(found, remarks=(*found.remarks, remark))


def _with_shortest(begun: python.Search, saved: Saved, tuning: Tuning, found: Exploration) -> Exploration:
    """Look for shortest counterexamples where partial order may have found longer ones."""
    longer = found.counterexamples.keys() - saved.schedules
    if not longer or "partial-order" not in found.reductions:
        return found
    search = resumed(begun, saved, tuning)
    search.undecided &= longer
    whole = search.finish()
    shortest = {name: schedule for name, schedule in whole.counterexamples.items() if name in longer}
    remark = f"Shortest counterexamples were looked for without partial order, among {counted(whole.states, 'state')}"
    if len(shortest) < len(longer):
        missing = ", ".join(sorted(longer - shortest.keys()))
        remark += f"; {whole.stopped} before it met those of {missing}, which may be longer than need be"
    return replace(found, counterexamples={**found.counterexamples, **shortest}, remarks=(*found.remarks, remark))


def saved_of(begun: python.Search) -> Saved:
    """Return a search that was begun in plain Python in the form in which the kernel goes on with one."""
    layout = Layout.fitting(begun.tables.numbers_in_use())
    states = iter(begun.parents)
    parts = [layout.pack(list(islice(states, size))) for size in begun.layer_sizes]
    split = [*parts[:-1], parts[-1][:0], parts[-1]] if begun.layer else [*parts, parts[-1][:0]]
    return Saved(
        layout=layout,
        parts=[[part] for part in split],
        depth=begun.depth,
        transitions=begun.transitions,
        faults_fired=sorted(begun.tables.faults_in(begun.budgets_drawn_on)),
        marks=sorted(begun.marks - {python.NO_MARK}),
        found={},
        schedules=begun.schedules(),
    )
