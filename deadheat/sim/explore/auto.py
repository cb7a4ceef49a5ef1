"""The search that fits: plain Python at once; composition, once a space is not small; the kernel, once it is large.

The kernel takes half a second to be ready, in which the plain loop has seen most spaces whole. It goes on from where
the plain loop stands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deadheat.sim.explore import python
from deadheat.sim.explore.every_step import asking_every_step
from deadheat.sim.explore.results import Exploration, Limits, Report
from deadheat.sim.learn.remembering import remembering
from deadheat.sim.learn.tables import Tables
from deadheat.sim.model import Model

if TYPE_CHECKING:  # not at run time: a small space must not wait for it
    from deadheat.sim.explore.saved.checkpoint import Checkpoint

__all__ = ["STATES_BEFORE_KERNEL", "explore"]

STATES_BEFORE_COMPOSITION = 2_000
STATES_BEFORE_KERNEL = 10_000


@asking_every_step
def explore(
    model: Model,
    limits: Limits = Limits(),
    *,
    merging: bool = True,
    composition: bool = True,
    partial_order: bool = True,
    symmetry: bool | None = None,
    report: Report | None = None,
    checkpoint: Path | None = None,
    fingerprint: bool = False,
) -> Exploration:
    """Explore a model breadth first (see `Explorer`); `explorer` says which of the two searches ended it.

    With `composition`, parts of the model that share nothing are explored each alone (see `composition`). With
    `partial_order`, the kernel leaves out steps whose order does not matter (see `partial_order`). `symmetry` (see
    there) comes in with the kernel, unless it is False; if it is True, both do from the first state on. With
    `fingerprint`, the kernel tells states apart by fingerprint (see `kernel`).

    With a `checkpoint`, a search that was saved there goes on; one that is killed or stopped can go on later. Raises
    ModelError or PurityError where the model breaks a rule of the engine, and CheckpointError for a file that cannot
    be gone on with.
    """
    if checkpoint is not None:
        from deadheat.sim.explore.saved.checkpoint import opened

        with opened(checkpoint, model, merging=merging) as file:
            return _explore(model, limits, merging, composition, partial_order, symmetry, report, file, fingerprint)
    return _explore(model, limits, merging, composition, partial_order, symmetry, report, None, fingerprint)


def _explore(
    model: Model,
    limits: Limits,
    merging: bool,
    composition: bool,
    partial_order: bool,
    symmetry: bool | None,
    report: Report | None,
    checkpoint: Checkpoint | None,
    fingerprint: bool,
) -> Exploration:
    if symmetry or (checkpoint is not None and checkpoint.exists()):
        from deadheat.sim.explore import kernel

        return kernel.explore(
            model,
            limits,
            merging=merging,
            symmetry=symmetry is not False,
            partial_order=partial_order,
            report=report,
            checkpoint=checkpoint,
            fingerprint=fingerprint,
        )
    tables = remembering(model, merging=merging, values_max=limits.values_max) if checkpoint is None else None
    search = python.Search(tables or Tables(model, merging=merging), limits, report)
    if composition:
        search.run(STATES_BEFORE_COMPOSITION)
        if search.at_work:
            from deadheat.sim.explore.reductions.composition import explore_parts

            composed = explore_parts(search, limits, report)
            if composed is not None:
                search.tables.verify_purity()
                return composed
    search.run(STATES_BEFORE_KERNEL)
    if search.at_work:
        from deadheat.sim.explore import kernel

        settings = kernel.BY_FINGERPRINT if fingerprint else kernel.EXACTLY
        return kernel.go_on(search, checkpoint, settings, symmetry=symmetry is not False, partial_order=partial_order)
    search.tables.verify_purity()
    return search.result()
