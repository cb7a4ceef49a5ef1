"""The searches by their names, all with one face; and what each of them can be told."""

from __future__ import annotations

import importlib
from typing import NamedTuple

from deadheat.sim.errors import UsageError, unknown_name
from deadheat.sim.explore.options import SearchOptions
from deadheat.sim.explore.results import Exploration, Explorer, Report
from deadheat.sim.model import Kind, Model

__all__ = ["EXPLORERS", "explore"]

EXPLORERS = ("auto", "python", "kernel", "reference")
"""The explorers, the default one first: plain Python, and the compiled kernel where a space turns out large."""


class Ability(NamedTuple):
    """What an explorer may be asked for: who can do it, and what is said of one that cannot."""

    of: tuple[str, ...]
    otherwise: str


ABILITIES = {
    "symmetry": Ability(("auto", "kernel", "python"), "knows no symmetry"),
    "partial_order": Ability(("auto", "kernel", "python"), "knows no partial order"),
    "composition": Ability(("auto",), "explores no parts alone"),
    "checkpoint": Ability(("auto", "kernel"), "saves no checkpoints"),
    "fingerprint": Ability(("auto", "kernel"), "stores states exactly, never by fingerprint"),
}
"""By the name of the option that asks for it."""


def explore(model: Model, options: SearchOptions = SearchOptions(), report: Report | None = None) -> Exploration:
    """Explore a model by the explorer that the options name.

    Raises UsageError for one that is unknown, or cannot do what it is asked for, CheckpointError for a checkpoint that
    cannot be gone on with, and ModelError or PurityError where the model breaks a rule of the engine.
    """
    if options.explorer not in EXPLORERS:
        raise unknown_name("explorer", options.explorer, EXPLORERS)
    if options.symmetry:
        _require_no_liveness(model)
    for option, ability in ABILITIES.items():
        if getattr(options, option) and options.explorer not in ability.of:
            able = " or ".join(filter(None, (", ".join(ability.of[:-1]), ability.of[-1])))
            raise UsageError(f"The explorer {options.explorer!r} {ability.otherwise}; use {able}.")
    return _explorer(options)(model, options, report)


def _require_no_liveness(model: Model) -> None:
    liveness = [each.name for each in model.properties if each.kind is Kind.EVENTUALLY]
    if liveness:
        raise UsageError(
            f"Symmetry is not sound for liveness, and {liveness[0]!r} is liveness; name other properties, or leave "
            "symmetry out.",
            about="symmetry",
        )


def _explorer(options: SearchOptions) -> Explorer:
    """Return the search, imported only now: a small space must not wait for the compiled kernel."""
    is_quotient = options.explorer == "python" and options.symmetry
    module = "reductions.quotient" if is_quotient else options.explorer
    explorer: Explorer = importlib.import_module(f"deadheat.sim.explore.{module}").explore
    return explorer
