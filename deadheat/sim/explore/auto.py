"""The search that fits: plain Python at once; composition, once a space is not small; the kernel, once it is large.

The kernel takes half a second to be ready, in which the plain loop has seen most spaces whole. It goes on from where
the plain loop stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deadheat.sim.explore import python
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Report
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model

if TYPE_CHECKING:  # not at run time: a small space must not wait for it
    from deadheat.sim.explore.saved.checkpoint import Checkpoint

__all__ = ["STATES_BEFORE_KERNEL", "explore"]

STATES_BEFORE_COMPOSITION = 2_000
STATES_BEFORE_KERNEL = 10_000


@asking_every_step
def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model breadth first (see `Explorer`); `explorer` says which of the two searches ended it.

    Composition, partial order and symmetry (see there) are used unless the options say otherwise: the first once a
    space is not small, the other two with the kernel; or, where they ask for symmetry, both from the first state on.

    With a `checkpoint`, a search that was saved there goes on; one that is killed or stopped can go on later. Raises
    CheckpointError for a file that cannot be gone on with.
    """
    if options.checkpoint is None:
        return _explore(model, options, report, None)
    from deadheat.sim.explore.saved.checkpoint import opened

    with opened(options.checkpoint, model, merging=options.merging is not False) as file:
        return _explore(model, options, report, file)


def _explore(model: Model, options: SearchOptions, report: Report | None, checkpoint: Checkpoint | None) -> Exploration:
    merging = options.merging is not False
    learned = remembering(model, merging=merging, values_max=options.values_max) if checkpoint is None else None
    search = python.Search(learned or Tables(model, merging=merging), options, report)
    if options.symmetry or (checkpoint is not None and checkpoint.exists()):
        return _by_kernel(search, checkpoint)
    if options.composition is not False:
        search.run(STATES_BEFORE_COMPOSITION)
        if search.at_work:
            from deadheat.sim.explore.reductions.composition import explore_parts

            composed = explore_parts(search)
            if composed is not None:
                search.tables.verify_purity()
                return composed
    search.run(STATES_BEFORE_KERNEL)
    if search.at_work:
        return _by_kernel(search, checkpoint)
    search.tables.verify_purity()
    return search.result()


def _by_kernel(search: python.Search, checkpoint: Checkpoint | None) -> Exploration:
    from deadheat.sim.explore import kernel

    symmetry, partial_order = search.options.symmetry is not False, search.options.partial_order is not False
    return kernel.finish(search, checkpoint, symmetry=symmetry, partial_order=partial_order)
